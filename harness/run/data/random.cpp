#include "run/data/random.hpp"

#include <ATen/Context.h>

#include "core/base/seed.hpp"
#include "ktb/error.hpp"

namespace ktb::run {
namespace {

Streams* active = nullptr;  // a worker trains one network at a time

}  // namespace

Streams::Step::Step(Streams& streams) {
  streams.entries_.clear();
  active = &streams;
}

Streams::Step::~Step() { active = nullptr; }

void Streams::open(at::Device device) {
  open_ = true;
  for (auto& stream : streams_)
    stream.generator = at::globalContext().defaultGenerator(device).clone();
}

void Streams::seed(std::int64_t at) {
  for (auto& stream : streams_) {
    const std::vector<std::string_view> names(stream.names.begin(), stream.names.end());
    stream.generator.set_current_seed(core::axis_seed(names, at));
  }
}

std::vector<at::Generator> Streams::generators() const {
  std::vector<at::Generator> all;
  for (const auto& stream : streams_) all.push_back(stream.generator);
  return all;
}

at::Generator Streams::enter(std::initializer_list<std::string_view> names) {
  const std::vector<std::string> own(names.begin(), names.end());
  const int number = entries_[own]++;
  for (const auto& stream : streams_)
    if (stream.number == number && stream.names == own) return stream.generator;
  if (open_) throw Error("it draws random numbers that the steps before did not: " + own.back());
  streams_.push_back({own, number, {}});
  return {};
}

RandomScope::RandomScope(at::Device device, std::uint64_t seed)
    : generator_(at::globalContext().defaultGenerator(device)) {
  enter(seed);
}

RandomScope::RandomScope(at::Device device, std::initializer_list<std::string_view> names,
                         std::int64_t at)
    : generator_(at::globalContext().defaultGenerator(device)) {
  const auto own = active != nullptr ? active->enter(names) : at::Generator();
  if (!own.defined()) {
    enter(core::axis_seed(names, at));
    return;
  }
  outer_ = generator_.graphsafe_get_state();
  generator_.graphsafe_set_state(own);
}

void RandomScope::enter(std::uint64_t seed) {
  before_ = generator_.get_state();
  generator_.set_current_seed(seed);
}

RandomScope::~RandomScope() {
  outer_.defined() ? generator_.graphsafe_set_state(outer_) : generator_.set_state(before_);
}

}  // namespace ktb::run
