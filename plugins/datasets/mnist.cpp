#include "ktb/files/idx.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "MNIST: put the four idx files (train-images-idx3-ubyte, train-labels-idx1-ubyte and t10k's), "
    "packed\n"
    "(.gz) or not, into mnist/ below a data directory (--data-dir, $KTBENCH_DATA); torchvision's "
    "MNIST/raw/\n"
    "is read as it lies";

class Mnist final : public IdxPictures {
 public:
  explicit Mnist(Options& options)
      : IdxPictures(options, {.name = "mnist",
                              .folders = {"mnist/", "MNIST/raw/", "MNIST/"},
                              .classes = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
                              .mean = 0.1307,
                              .deviation = 0.3081,
                              .train = {60000, "md5:6bbc9ace898e44ae57da46a324031adb",
                                        "md5:a25bea736e30d166cdddb491f175f624"},
                              .test = {10000, "md5:2646ac647ad5339dbf082846283269ea",
                                       "md5:27ae3e4e09519cfbb04c329615203637"},
                              .get = kGet}) {}
};

}  // namespace

KTB_DATASET(Mnist, "70,000 handwritten digits, 28x28, 10 classes (user-supplied)",
            "LeCun et al., Proceedings of the IEEE 86(11), 1998")
