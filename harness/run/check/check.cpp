#include "run/check/check.hpp"

#include <ATen/Context.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <ostream>
#include <string_view>
#include <utility>

#include "core/base/unicode.hpp"
#include "run/kit/conformance.hpp"
#include "run/plugins/told.hpp"

namespace ktb::run {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> case_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const auto& path : paths) {
    if (!fs::exists(path)) throw Error(path + ": there is no such file or folder");
    if (!fs::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (entry.path().extension() == ".safetensors") found.push_back(entry.path().string());
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  if (files.empty()) throw Error("no .safetensors file in the given folders");
  return files;
}

Answers answer(Registry& registry, const StoredCase& stored) {
  if (stored.method == "schedule") return answer_schedule(stored);
  if (stored.method == "optimiser") return answer_optimiser(stored);
  if (stored.method == "metric_classification") return answer_metric(stored);
  if (stored.method == "metric_squad") return answer_squad(stored);
  if (stored.method == "metric_vqa") return answer_vqa(stored);
  if (stored.method == "metric_retrieval") return answer_retrieval(stored);
  if (stored.method == "stats") return answer_statistics(stored);
  if (stored.method == "tokeniser_wordpiece") return answer_tokeniser(stored);
  if (stored.method.starts_with("model_")) return answer_model(registry, stored);
  if (stored.method.starts_with("env_")) return answer_environment(registry, stored);
  const bool step = std::any_of(stored.tensors.begin(), stored.tensors.end(), [](const auto& item) {
    return item.first.starts_with("in.target.");
  });
  if (step && registry.knows("method", stored.method)) return answer_method(registry, stored);
  return answer_custom(registry, stored);
}

template <class... Args>
void line(std::ostream& out, fmt::format_string<Args...> text, Args&&... args) {
  out << core::printable(fmt::format(text, std::forward<Args>(args)...)) << '\n';
}

enum class Ending { kPassed, kFailed, kSkipped };

/// What no plugin computes, or one that acts in no tensors, stays where it is.
bool goes_to_device(const std::string& method) {
  static constexpr std::array<std::string_view, 5> kStay = {
      "schedule", "metric_squad", "metric_vqa", "stats", "tokeniser_wordpiece"};
  return std::ranges::find(kStay, method) == kStay.end() && !method.starts_with("env_");
}

Ending check_one(Registry& registry, const std::string& path, std::ostream& out,
                 at::Device device) try {
  auto stored = read_case(path);
  if (goes_to_device(stored.method)) move(stored, device);
  const auto answers = answer(registry, stored);
  if (!answers) {
    line(out, "skipped {}: no plugin answers \"{}\"", path, stored.method);
    return Ending::kSkipped;
  }
  const auto verdict = judge(stored, *answers);
  if (!verdict.fault.empty()) throw Error(verdict.fault);
  line(out, "ok      {} ({} tensors)", path, verdict.compared);
  return Ending::kPassed;
} catch (const Skipped& error) {
  line(out, "skipped {}: {}", path, error.what());
  return Ending::kSkipped;
} catch (const c10::Error& error) {
  line(out, "FAILED  {}: {}", path, told(error));
  return Ending::kFailed;
} catch (const std::exception& error) {
  line(out, "FAILED  {}: {}", path, error.what());
  return Ending::kFailed;
}

}  // namespace

int check(Registry& registry, const std::vector<std::string>& paths, std::ostream& out,
          at::Device device) {
  // Formulas are compared here, and TensorFloat-32 has three digits.
  at::globalContext().setAllowTF32CuBLAS(false);
  at::globalContext().setAllowTF32CuDNN(false);
  int counts[3] = {};
  for (const auto& path : case_files(paths)) {
    ++counts[static_cast<int>(check_one(registry, path, out, device))];
    out.flush();
  }
  out << fmt::format("{} passed, {} failed, {} skipped\n", counts[0], counts[1], counts[2]);
  return counts[1] > 0;
}

}  // namespace ktb::run
