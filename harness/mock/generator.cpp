#include "mock/generator.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <utility>

#include "mock/tensors.hpp"

namespace ktb::mock {
namespace {

/// A generator of the device: one of the host's behind it. As on a GPU, one can take over the state
/// of another, so that both go on in the same stream.
class Generator final : public c10::GeneratorImpl {
 public:
  explicit Generator(at::Generator inner = at::detail::createCPUGenerator())
      : GeneratorImpl(mock::device(), c10::DispatchKeySet(kKey)), inner_(std::move(inner)) {}
  const at::Generator& inner() const { return inner_; }

  void set_current_seed(std::uint64_t seed) override { inner_.set_current_seed(seed); }
  void set_offset(std::uint64_t offset) override { inner_.set_offset(offset); }
  std::uint64_t get_offset() const override { return inner_.get_offset(); }
  std::uint64_t current_seed() const override { return inner_.current_seed(); }
  std::uint64_t seed() override { return inner_.seed(); }
  void set_state(const c10::TensorImpl& state) override {
    inner_.unsafeGetGeneratorImpl()->set_state(state);
  }
  c10::intrusive_ptr<c10::TensorImpl> get_state() const override {
    return inner_.unsafeGetGeneratorImpl()->get_state();
  }
  void graphsafe_set_state(const c10::intrusive_ptr<c10::GeneratorImpl>& other) override {
    inner_ = static_cast<const Generator&>(*other).inner_;
  }
  c10::intrusive_ptr<c10::GeneratorImpl> graphsafe_get_state() const override {
    return c10::make_intrusive<Generator>(inner_);
  }

 private:
  Generator* clone_impl() const override { return new Generator(inner_.clone()); }
  mutable at::Generator inner_;
};

}  // namespace

at::Generator make_generator() { return at::make_generator<Generator>(); }

const at::Generator& default_generator() {
  static const auto* const generator = new at::Generator(make_generator());
  return *generator;
}

at::Generator host_generator(const std::optional<at::Generator>& given) {
  const auto& chosen = given && given->defined() ? *given : default_generator();
  TORCH_CHECK(chosen.device().type() == kType, "Expected a '", kType,
              "' device type for generator but found '", chosen.device().type(), "'");
  return chosen.get<Generator>()->inner();
}

}  // namespace ktb::mock
