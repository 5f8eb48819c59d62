#include "ktb/error.hpp"

namespace ktb {

// Out of line, so that the type information of what crosses library borders exists once.
Error::Error(const std::string& text) : std::runtime_error(text) {}
Error::~Error() = default;

OptionError::OptionError(const std::string& name, const std::string& text)
    : Error(text), option(name) {}
OptionError::~OptionError() = default;

MissingData::MissingData(const std::string& text) : Error(text) {}
MissingData::~MissingData() = default;

Diverged::Diverged(const std::string& text) : Error(text) {}
Diverged::~Diverged() = default;

}  // namespace ktb
