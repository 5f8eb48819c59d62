#include "core/store/weights.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "core/base/digest.hpp"
#include "core/base/json_file.hpp"
#include "core/base/text_file.hpp"
#include "core/store/record.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

constexpr auto kCure = "`ktbench run` with the suite trains this source again";

}  // namespace

std::string recorded_weights(const TrialFolder& folder) {
  const fs::path path = folder.record();
  if (!fs::exists(path)) return "";
  return record_from_json(parse_json(read_text(path), path.string())).weights;
}

std::optional<std::string> weights_fault(const TrialFolder& folder, const std::string& recorded) {
  const std::string file = folder.weights().lexically_normal().string();
  if (!fs::exists(file)) return fmt::format("{} is missing; {}", file, kCure);
  if (recorded.empty()) return std::nullopt;
  const std::string found = sha256_file(file);
  if (found == recorded) return std::nullopt;
  return fmt::format(
      "{} is not the file that was written: {} bytes with SHA-256 {:.12}, and the record has "
      "{:.12}; it was cut short, overwritten or damaged. {}",
      file, fs::file_size(file), found, recorded, kCure);
}

}  // namespace ktb::core
