#include <memory>

#include "core/base/error.hpp"
#include "core/base/json_file.hpp"
#include "core/base/pickle.hpp"
#include "core/base/plugin_file.hpp"
#include "core/base/text_file.hpp"
#include "core/base/weights/safetensors.hpp"
#include "core/plan/describe.hpp"
#include "core/score/squad_file.hpp"
#include "core/score/vqa_file.hpp"
#include "core/store/store.hpp"
#include "core/suite/read_suite.hpp"
#include "core/table/published.hpp"
#include "fuzz/targets.hpp"
#include "launch/costs.hpp"

namespace ktb::fuzz {
namespace {

namespace fs = std::filesystem;

core::Json json_of(const fs::path& file) {
  return core::parse_json(core::read_text(file), file.filename().string());
}

void read_predictions(const fs::path& file) {
  core::SquadData data;
  data.questions.resize(1);
  data.questions[0].id = "0";
  core::read_squad_predictions(file.string(), data);
}

/// What a worker says of plugins, as the cache keeps it.
void read_description(const fs::path& file) {
  const auto json = json_of(file);
  core::read_json<core::DescribeAnswers>({json, file.filename().string()});
}

void read_answers(const fs::path& file) {
  core::read_vqa_predictions(file.string(), core::read_vqa(file.string()));
}

}  // namespace

const std::map<std::string, Target>& targets() {
  static const auto& all = *new std::map<std::string, Target>{
      {"suite", [](const fs::path& file) { core::read_suite(file.string()); }},
      {"published", [](const fs::path& file) { core::read_published(file); }},
      {"plan", [](const fs::path& file) { core::plan_from_json(json_of(file)); }},
      {"trial", [](const fs::path& file) { core::trial_spec_from_json(json_of(file)); }},
      {"record", [](const fs::path& file) { core::record_from_json(json_of(file)); }},
      {"confusion", [](const fs::path& file) { core::confusion_from_json(json_of(file)); }},
      {"describe", read_description},
      {"costs", [](const fs::path& file) { launch::CostBook(file.string()); }},
      {"safetensors", [](const fs::path& file) { core::read_safetensors(file); }},
      {"squad", [](const fs::path& file) { core::read_squad(file.string()); }},
      {"squad_predictions", read_predictions},
      {"vqa", read_answers},
      {"pickle", [](const fs::path& file) { core::Pickle(core::read_text(file)); }},
      {"plugin_note", [](const fs::path& file) { core::read_plugin_note(file.string()); }},
      {"json", [](const fs::path& file) { core::read_json_file(file.string()); }},
  };
  return all;
}

void run(const Target& target, const fs::path& file) {
  try {
    target(file);
  } catch (const core::Error&) {  // said with file, place and cause
  }
}

}  // namespace ktb::fuzz
