#include "launch/intake.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "core/base/error.hpp"
#include "core/base/text_file.hpp"
#include "core/store/inspection.hpp"
#include "launch/lock.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using Verdict = Intake::Verdict;

/// Of another trial's file: a link is not followed to what lies elsewhere.
void bring(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::remove(to, failure);
  if (!fs::is_regular_file(fs::symlink_status(from))) return;
  fs::copy_file(from, to, failure);
  if (failure)
    throw core::Error(
        fmt::format("cannot copy {} to {}: {}", from.string(), to.string(), failure.message()));
}

void bring(const core::TrialFolder& from, const core::TrialFolder& to) {
  std::error_code none;
  for (const auto& stale : {to.record(), to.progress()}) fs::remove(stale, none);
  bring(from.spec(), to.spec());
  bring(from.curve(), to.curve());
  bring(from.samples(), to.samples());
  bring(from.confusion(), to.confusion());
  bring(from.weights(), to.weights());
  bring(from.pictures(), to.pictures());
  bring(from.predictions(), to.predictions());
  bring(from.features(), to.features());
  bring(from.log(), to.log());
  core::write_atomically(to.record(), core::read_text(from.record()));
}

bool has_result(const core::Store& store, const std::string& id, const std::string& key) {
  const auto record = store.load(id);
  return record && record->ok() && record->key == key;
}

}  // namespace

Intake take_in(const core::Store& from, const std::string& id, const core::Store& store, bool dry) {
  const auto record = from.load(id);
  if (record && !record->ok()) return {Verdict::kNoResult, core::word(record->status), ""};
  if (!record && !fs::exists(from.folder(id).record()))
    return {Verdict::kNoResult, "no record", ""};
  if (auto fault = core::fault_of(from, id); !fault.empty())
    return {Verdict::kRefused, std::move(fault), ""};
  const std::string build = from.trial(id).value().spec.build;
  if (has_result(store, id, record->key)) return {Verdict::kKept, "", build};
  if (dry) return {Verdict::kTaken, "", build};
  const core::TrialFolder to = store.folder(id);
  const auto lock = TrialLock::take(to);
  if (!lock) return {Verdict::kRefused, "it is at work here", build};
  bring(from.folder(id), to);
  return {Verdict::kTaken, "", build};
}

}  // namespace ktb::launch
