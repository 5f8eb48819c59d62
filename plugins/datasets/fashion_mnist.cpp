#include "ktb/files/idx.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "Fashion-MNIST on Debian and Ubuntu: apt-get install dataset-fashion-mnist\n"
    "Elsewhere: put the four idx files, packed (.gz) or not, into fashion-mnist/ below a data "
    "directory;\n"
    "they are at github.com/zalandoresearch/fashion-mnist. torchvision's FashionMNIST/raw/ is "
    "read, "
    "too";

class FashionMnist final : public IdxPictures {
 public:
  explicit FashionMnist(Options& options)
      : IdxPictures(
            options,
            {.name = "fashion_mnist",
             .folders = {"fashion-mnist/", "FashionMNIST/raw/", "FashionMNIST/", "fashion_mnist/"},
             .classes = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                         "Sneaker", "Bag", "Ankle boot"},
             .mean = 0.2860,
             .deviation = 0.3530,
             .train = {60000,
                       "sha256:"
                       "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                       "sha256:"
                       "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
             .test = {10000,
                      "sha256:"
                      "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                      "sha256:"
                      "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
             .get = kGet}) {}

  std::vector<std::string> usual_places() const override { return {"/usr/share/datasets"}; }
};

}  // namespace

KTB_DATASET(FashionMnist, "70,000 grey pictures of clothes, 28x28, 10 classes",
            "Xiao et al., arXiv 1708.07747")
