#include "run/data/random.hpp"

#include <ATen/Context.h>

namespace ktb::run {

RandomScope::RandomScope(at::Device device, std::uint64_t seed)
    : generator_(at::globalContext().defaultGenerator(device)), before_(generator_.get_state()) {
  generator_.set_current_seed(seed);
}

RandomScope::~RandomScope() { generator_.set_state(before_); }

}  // namespace ktb::run
