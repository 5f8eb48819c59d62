#pragma once
#include <stdexcept>
#include <string>

namespace ktb::core {

/// What ends a command: the text is all that the user sees.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A fault in a suite file; the text holds file, line, column and the quoted line. Exit code 2.
struct SuiteError : Error {
  using Error::Error;
};

/// A plugin that is there and cannot be loaded: the text names the file, every difference and what
/// mends it. Exit code 3.
struct PluginError : Error {
  using Error::Error;
};

}  // namespace ktb::core
