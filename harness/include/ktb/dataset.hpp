#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ktb/files.hpp"
#include "ktb/task.hpp"

namespace ktb {

/// Texts that judge answers and never become tensors: of each entry some strings. `answers`: the
/// right ones, `passage` and `id`: one string each, `question_type`, `answer_type` (vqa): likewise.
using Texts = std::map<std::string, std::vector<std::vector<std::string>>>;

/// A split, whole in memory. Images are uint8 [N, c, h, w]; the harness turns them to floats in [0,
/// 1]. Every tensor of x and y has one row an example, but for a table of x that several examples
/// look into: then rows[name] [N] int64 says which row of x[name] belongs to an example.
///
/// y["entry"] [N] int64, where it exists, groups examples that are judged together (windows of one
/// passage, captions of one picture) and counts into `texts`. A subset takes whole entries.
struct KTB_API Split {
  Tensors x, y;
  Tensors rows = {};
  Texts texts = {};

  std::int64_t size() const;  ///< N
};

class ControlDataset;

/// A task with its data. Constructed as `T(Options&)`, without touching files.
class KTB_API Dataset {
 public:
  virtual ~Dataset();
  /// Known without files where the format fixes it; otherwise read from `folder`.
  virtual TaskSpec task(const DataFolder& folder) const = 0;
  /// What must be there. A data set of free layout (a folder of pictures) lists what it finds.
  virtual std::vector<DataFile> files(const DataFolder& folder) const = 0;
  /// What a person should know of the data as they lie there, a sentence each: files that were
  /// passed over, a split that nothing reads. The plan shows them.
  virtual std::vector<std::string> notes(const DataFolder&) const { return {}; }
  /// How to get it, in two or three lines for a person.
  virtual std::string get() const = 0;
  /// Folders that packages use, looked at after the user's data directories.
  virtual std::vector<std::string> usual_places() const { return {}; }
  /// `split` is `train` or `test`. Throws Error with file, expectation and remedy.
  virtual Split load(const DataFolder& folder, const std::string& split) const = 0;
  /// Itself, where the data come from acting (ktb/control/control.hpp); load() is not called then.
  virtual const ControlDataset* control() const { return nullptr; }
};

}  // namespace ktb
