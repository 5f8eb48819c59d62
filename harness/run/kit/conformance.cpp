#include "run/kit/conformance.hpp"

#include <fmt/format.h>

#include <ostream>

#include "core/base/error.hpp"
#include "core/base/unicode.hpp"
#include "run/plugins/told.hpp"

namespace ktb::run {

void demand(bool holds, const std::string& text) {
  if (!holds) throw Error(text);
}

void demand_help(const Options& options) {
  for (const auto& option : options.declared())
    demand(!option.help.empty(), "option `" + option.name + "` has no help");
}

void Report::line(const char* word, const std::string& text) {
  out_ << core::printable(fmt::format("{:<8}{}\n", word, text));
  out_.flush();
}

bool Report::check(const std::string& what, const std::function<void()>& body) {
  const auto fail = [&](const std::string& why) {
    ++failed_;
    line("FAILED", what + ": " + why);
    return false;
  };
  try {
    body();
  } catch (const Skipped& reason) {
    ++skipped_;
    line("skipped", what + ": " + reason.what());
    return false;
  } catch (const core::PluginError&) {
    throw;  // without the library there is nothing to test
  } catch (const c10::Error& error) {
    return fail(told(error));
  } catch (const std::exception& error) {
    return fail(error.what());
  } catch (...) {
    return fail("it threw something that is no std::exception");
  }
  ++passed_;
  line("ok", what);
  return true;
}

int Report::finish() const {
  out_ << fmt::format("{} passed, {} failed, {} skipped\n", passed_, failed_, skipped_);
  return failed_ > 0;
}

int test_plugin(Registry& registry, const std::string& library,
                const std::vector<std::string>& data_dirs, std::ostream& out,
                const core::Json& options, at::Device device) {
  const auto note = registry.add(library);
  registry.set_defaults(note, options);
  Report report(out);
  report.check("its note says what it does and where it comes from", [&] {
    demand(!note.summary.empty(), "the summary is empty");
    demand(!note.citation.empty() || note.kind == "dataset", "the citation is empty");
  });
  if (note.kind == "method")
    test_method(registry, note.name, device, report);
  else if (note.kind == "model")
    test_model(registry, note.name, device, report);
  else
    test_dataset(registry, note.name, data_dirs, report);
  return report.finish();
}

}  // namespace ktb::run
