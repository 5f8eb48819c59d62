#pragma once
#include <cstdint>
#include <vector>

#include "ktb/task.hpp"

namespace ktb::tasks {

/// Rows that come batch by batch. They stay on their device,
/// which nobody waits for, until all are asked for.
class Gathered {
 public:
  void add(const Tensor& rows) { parts_.push_back(rows.detach()); }
  bool empty() const { return parts_.empty(); }
  /// On the CPU. Throws Error where nothing was added.
  Tensor all() const { return joined().cpu(); }
  /// On their device; throws likewise.
  Tensor joined() const;
  double mean() const;  ///< in float64

 private:
  std::vector<Tensor> parts_;
};

// Of tensors of any device and shape, in row-major order.
std::vector<bool> bits(const Tensor& flags);
std::vector<std::int64_t> whole_numbers(const Tensor& x);
std::vector<double> numbers(const Tensor& x);

/// Logits without NaN, which counts as the least of all.
Tensor comparable(const Tensor& logits);

}  // namespace ktb::tasks
