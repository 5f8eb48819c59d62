#include "run/train/hook.hpp"

#include <fmt/core.h>

#include <exception>

namespace ktb::run {
namespace {

struct Call {
  const char* name = nullptr;
  const char* method = nullptr;
  std::int64_t step = Hook::kNoStep;
};

Call current_call;  // plain data: read where nothing may be allocated

}  // namespace

Hook::Hook(const char* name, const std::string& method, std::int64_t step)
    : exceptions_(std::uncaught_exceptions()) {
  current_call = {name, method.c_str(), step};
}

Hook::~Hook() {
  if (std::uncaught_exceptions() == exceptions_) forget();
}

std::string Hook::current() {
  const auto [name, method, step] = current_call;
  if (name == nullptr) return "";
  const auto place = fmt::format("{}() of {}", name, method);
  return step == kNoStep ? place : fmt::format("{} at step {}", place, step);
}

void Hook::forget() { current_call = {}; }

}  // namespace ktb::run
