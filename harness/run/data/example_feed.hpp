#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/plan/trial_spec.hpp"
#include "ktb/dataset.hpp"
#include "run/data/augment.hpp"
#include "run/data/feed.hpp"
#include "run/data/pretext_task.hpp"

namespace ktb::run {

/// Which part of a data set a trial sees, and how.
struct DataRequest {
  std::string name;                  ///< of the data set in the suite
  std::string axis;                  ///< names the data set in seeds: plugin and hash of the files
  std::uint64_t seed = 0;            ///< of the trial
  std::int64_t train = 0, test = 0;  ///< class-balanced subsets that no seed changes; 0: all
  double labels = 1;                 ///< share (at most 1) or count of the training labels
  double validation = 0;             ///< share (below 1) or count, out of what `labels` leaves
  std::vector<std::string> augment;
  bool shuffled = false;  ///< labels of the training split are interchanged
  std::string pretext;    ///< a task that its pictures set by themselves, see pretext_task.hpp
  std::int64_t batch = 64;
  bool channels_last = true;
};

DataRequest data_request(const core::TaskRef& task, const core::Recipe& recipe, std::uint64_t seed);

/// A task with its data on the device. Nothing here depends on the method: all methods of a seed
/// see the same subsets and the same batches.
/// Images are kept as uint8 and handed out as floats in [0, 1].
class ExampleFeed final : public Feed {
 public:
  /// Reads both splits. Throws Error where a file, a subset or an augmentation cannot be had.
  ExampleFeed(const Dataset& dataset, const DataFolder& folder, DataRequest request,
              at::Device device = at::kCPU);

  const tasks::TaskKind& kind() const override { return *kind_; }

  /// A pure function of the step, so nothing of it is ever checkpointed. A last batch of one
  /// example is left out: batch normalisation cannot learn from it.
  Batch train_batch(std::int64_t step) override;
  std::int64_t steps_per_epoch() const override;
  /// Not where a last batch of one is left out.
  bool repeats() const override {
    return augment_.empty() && (train_size_ == 1 || train_size_ % request_.batch != 1);
  }
  Tensor train_labels() const override;

  void survey(const Visit& visit) const override { visit_all(Part::kTrain, visit); }
  void validation(const Visit& visit) const { visit_all(Part::kValidation, visit); }
  void test(const Visit& visit) const { visit_all(Part::kTest, visit); }
  std::unique_ptr<tasks::Meter> judge(Part part, const Predict& predict) const override;
  tasks::Metrics floor() const override { return kind_->floor(test_.y, test_.texts); }

  std::int64_t train_size() const override { return train_size_; }
  std::int64_t validation_size() const override { return validation_size_; }
  std::int64_t test_size() const override { return test_size_; }
  Tensors test_targets() const override { return test_.y; }
  Tensor domains() const override { return domains_; }

 private:
  void split_train(Split all);
  void shuffle_labels();
  void take_test(Split all);
  void remake();
  Split to_device(const Split& split, const Tensor& rows) const;
  const Split& split(Part part) const;
  void visit_all(Part part, const Visit& visit) const;
  /// Floats [B, c, h, w] of stored images.
  Tensor ready(const Tensor& images) const;
  /// What a model sees of gathered rows: with a step, augmented.
  void finish(Batch& batch, std::optional<std::int64_t> step) const;
  const Tensor& order(std::int64_t epoch);
  /// Where the rows of a step begin and end in its epoch's order.
  std::pair<std::int64_t, std::int64_t> rows_of(std::int64_t step) const;
  void augment_ahead();

  DataRequest request_;
  at::Device device_;
  std::unique_ptr<tasks::TaskKind> kind_;
  Augment augment_;
  std::unique_ptr<PretextTask> pretext_;  ///< none: the data set's own
  Split train_, validation_, test_;       ///< images as [N, h, w, c]
  std::int64_t train_size_ = 0, validation_size_ = 0, test_size_ = 0;
  std::int64_t epoch_ = -1;  ///< of the order that is kept
  Tensor order_;
  Tensor domains_;  ///< of the test split, which no batch has
};

}  // namespace ktb::run
