#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/suite/suite.hpp"

namespace ktb::core {

struct Wish;

/// Where knowledge comes from: a model trained on a data set,
/// a file of weights, or a finished cell.
struct SourceWish {
  std::string name;                  ///< as the suite calls it
  std::string model, dataset, task;  ///< empty for a finished cell
  const SourceDef* def = nullptr;    ///< null where the pair names a model
  std::shared_ptr<const Wish> cell;  ///< the finished cell
};

/// One cell as a grid asks for it, in names: no plugin has been looked at.
struct Wish {
  std::string grid;                                   ///< empty: a source's own training
  std::string dataset, pair, source, target, method;  ///< the axes
  double labels = 1;
  std::string target_model;  ///< empty: `self` of several sources
  std::vector<SourceWish> sources;
  std::vector<std::pair<std::string, Json>> options;  ///< set by `cross` and `vary`
  std::vector<std::string> option_axes;               ///< all options that the grid's axes name
  std::vector<std::uint64_t> seeds;
  Control control = Control::kNone;     ///< what its sources are
  Control taught_as = Control::kNone;   ///< of a source's own training: which control it makes
  std::string place;                    ///< the suite's path to blame
  const SourceDef* training = nullptr;  ///< the [source] whose own training this is
};

/// Every cell of every grid in the suite's order, `except` taken out; `idle` takes the paths of
/// exceptions that no cell matches. Throws SuiteError.
std::vector<Wish> expand(const Suite& suite, std::vector<std::string>* idle = nullptr);

/// The training behind a source: that model's `scratch`, or what makes a control of it.
Wish source_training(const SourceWish& source, Control control);

/// The source where a file is what it is, as long as no control takes its place; else null.
const SourceDef* file_of(const SourceWish& source, Control control);
/// Of the source whose own training this is: there is nothing to train, it is judged.
const SourceDef* file_of_training(const Wish& wish);

/// Whether a cell matches: `*` stands for any axis or `method pair`; other axes must all match.
bool matches(const std::map<std::string, std::string>& axes,
             const std::map<std::string, std::vector<std::string>>& globs);

/// The axes of a wish as texts.
std::map<std::string, std::string> axes_of(const Wish& wish);

}  // namespace ktb::core
