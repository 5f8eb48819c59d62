#include "run/train/checkpoint.hpp"

#include <fmt/core.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <string_view>
#include <utility>

#include "core/base/clock.hpp"
#include "core/base/digest.hpp"
#include "core/base/seed.hpp"
#include "ktb/error.hpp"
#include "run/weights/safetensors.hpp"

namespace ktb::run {
namespace {

constexpr const char *kKey = "ktbench", *kStep = "step", *kDigest = "digest";  // metadata

/// Of names and bytes, so that a flipped bit does not go on as a weight.
std::string digest_of(const TensorFile& file) {
  std::string all;
  for (const auto& [name, tensor] : file.tensors) {
    const auto bytes = tensor.contiguous();
    all += name + " " +
           core::sha256_text(
               std::string_view(static_cast<const char*>(bytes.const_data_ptr()), bytes.nbytes())) +
           "\n";
  }
  return core::sha256_text(all);
}

}  // namespace

Checkpoint::Checkpoint(const core::TrialFolder& folder, std::string key, CheckpointPlan plan)
    : path_(folder.checkpoint().string()),
      key_(std::move(key)),
      plan_(plan),
      last_(core::seconds_now()) {}

std::optional<Snapshot> Checkpoint::load() {
  if (!std::filesystem::exists(path_)) return std::nullopt;
  try {
    auto file = read_safetensors(path_);
    if (file.metadata[kKey] != key_) return std::nullopt;  // of the folder's former trial
    if (file.metadata[kDigest] != digest_of(file)) throw Error(path_ + ": its bytes have changed");
    resumed_ = true;
    std::cerr << "goes on after step " << file.metadata[kStep] << "\n";
    return Snapshot({file.tensors.begin(), file.tensors.end()});
  } catch (const std::exception& problem) {
    std::cerr << "the checkpoint cannot be used, so the trial starts from its first step: "
              << problem.what() << "\n";
    return std::nullopt;
  }
}

bool Checkpoint::due(std::int64_t done, std::int64_t steps) {
  if (plan_.rehearse && !resumed_) rehearse(done, steps);
  if (std::exchange(wanted_, false)) return true;
  return plan_.minutes > 0 && core::seconds_now() - last_ >= 60 * plan_.minutes;
}

/// Keeps itself at one step and dies at the same or a later one.
void Checkpoint::rehearse(std::int64_t done, std::int64_t steps) {
  const auto draw = [&](const char* what, std::int64_t least, std::int64_t most) {
    const auto number = core::axis_seed({"rehearsal", key_, what});
    return least + static_cast<std::int64_t>(number % static_cast<std::uint64_t>(most - least + 1));
  };
  if (steps < 3) return;
  const auto kept = draw("kept", 1, steps - 2), end = draw("end", kept + 1, steps - 1);
  wanted_ = done == kept;
  if (done == end) std::raise(SIGKILL);
}

void Checkpoint::keep(const Snapshot& snapshot, std::int64_t done) {
  try {
    TensorFile file{{snapshot.tensors().begin(), snapshot.tensors().end()}, {}};
    file.metadata = {{kKey, key_}, {kStep, std::to_string(done)}, {kDigest, digest_of(file)}};
    write_safetensors(path_, file);
  } catch (const std::exception& problem) {
    std::cerr << "no checkpoint was kept after step " << done << ": " << problem.what() << "\n";
  }
  last_ = core::seconds_now();
}

void Checkpoint::forget() const {
  std::error_code gone_already;
  std::filesystem::remove(path_, gone_already);
}

}  // namespace ktb::run
