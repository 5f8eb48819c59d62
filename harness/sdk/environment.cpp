#include "ktb/environment.hpp"

#include <algorithm>
#include <locale>
#include <sstream>

#include "ktb/error.hpp"

namespace ktb {

Draws::~Draws() = default;
SeededDraws::~SeededDraws() = default;
Environment::~Environment() = default;
VectorEnvironment::~VectorEnvironment() = default;

/// The upper 53 bits; the distributions of the standard library differ between libraries.
double SeededDraws::uniform() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }

std::int64_t SeededDraws::whole(std::int64_t least, std::int64_t most) {
  const auto count = static_cast<double>(most - least + 1);
  return least + static_cast<std::int64_t>(uniform() * count);
}

std::string SeededDraws::place() const {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << engine_;
  return text.str();
}

void SeededDraws::go_to(const std::string& place) {
  std::istringstream text(place);
  text.imbue(std::locale::classic());
  if (!(text >> engine_)) throw Error("this is no place in a sequence of random numbers");
}

void Environment::set_state(const std::vector<double>&) {
  throw Error("this environment cannot be put into a state: it is checked from its start on");
}

void VectorEnvironment::observe(double* into) const {
  std::copy(state_.begin(), state_.end(), into);
}

}  // namespace ktb
