#pragma once
#include <string>
#include <vector>

#include "ktb/files.hpp"
#include "ktb/task.hpp"

namespace ktb {

/// A split, whole in memory. Images are uint8 [N, c, h, w]; the harness turns them to floats in [0,
/// 1].
struct Split {
  Tensors x, y;
};

/// A task with its data. Constructed as `T(Options&)`, without touching files.
class KTB_API Dataset {
 public:
  virtual ~Dataset();
  /// Known without files where the format fixes it; otherwise read from `folder`.
  virtual TaskSpec task(const DataFolder& folder) const = 0;
  /// What must be there. A data set of free layout (a folder of pictures) lists what it finds.
  virtual std::vector<DataFile> files(const DataFolder& folder) const = 0;
  /// How to get it, in two or three lines for a person.
  virtual std::string get() const = 0;
  /// Folders that packages use, looked at after the user's data directories.
  virtual std::vector<std::string> usual_places() const { return {}; }
  /// `split` is `train` or `test`. Throws Error with file, expectation and remedy.
  virtual Split load(const DataFolder& folder, const std::string& split) const = 0;
};

}  // namespace ktb
