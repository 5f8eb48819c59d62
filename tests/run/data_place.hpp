#pragma once
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>

#include "ktb/dataset.hpp"
#include "run/plugins/loader.hpp"
#include "run/plugins/plain.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {

inline std::shared_ptr<Dataset> make_dataset(const std::string& name,
                                             std::map<std::string, Value> given = {}) {
  static Registry all({KTB_PLUGIN_DIR});
  Options options(std::move(given));
  auto dataset = all.dataset(name, options);
  options.reject_unknown();
  return dataset;
}

/// What an Error thrown by `work` says.
template <class Work>
std::string complaint(Work work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "it was taken";
}

/// Where set-up puts data, and packages do.
inline DataFolder installed_data(const Dataset& dataset) {
  return data_folder(dataset, {std::string(KTB_SOURCE_DIR) + "/.deps/data"});
}

/// A data directory of the test's own.
class DataPlace : public ::testing::Test {
 protected:
  DataFolder folder() const { return DataFolder({place_.string()}); }

  void write(const std::string& name, const Bytes& bytes) const {
    std::filesystem::create_directories((place_ / name).parent_path());
    std::ofstream(place_ / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  void write_text(const std::string& name, const std::string& text) const {
    write(name, Bytes(text.begin(), text.end()));
  }

  /// What load() says.
  std::string refusal(const Dataset& dataset, const std::string& split = "train") const {
    return complaint([&] { dataset.load(folder(), split); });
  }

  const TemporaryFolder own_;
  const std::filesystem::path place_ = own_.path();
};

}  // namespace ktb::run
