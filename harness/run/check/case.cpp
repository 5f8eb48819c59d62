#include "run/check/case.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/types.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "ktb/error.hpp"
#include "run/train/cuda_module.hpp"

namespace ktb::run {
namespace {

/// How far one tensor is off, and the line that says so.
struct Difference {
  double excess = 0;  ///< difference over tolerance; above 1: a fault
  std::string text;
};

/// What SciPy answers by conventions of its own stands beside a reference and is none.
bool is_reference(std::string_view name) {
  static constexpr std::array<std::string_view, 5> kPrefixes = {"out.", "grad.", "buf.after.",
                                                                "param_after.", "in.check."};
  for (const auto prefix : kPrefixes)
    if (name.starts_with(prefix)) return name.find(".scipy_") == name.npos;
  return false;
}

/// `rest` of a suffix like first64, or -1.
std::int64_t count_after(const std::string& suffix, const std::string& word) {
  if (suffix.rfind(word, 0) != 0 || suffix.size() == word.size()) return -1;
  return std::stoll(suffix.substr(word.size()));
}

/// What a reference keeps of a tensor too large to store; undefined: no such summary.
Tensor summary(const Tensor& tensor, const std::string& suffix) {
  const Tensor flat = tensor.contiguous().flatten().to(at::kDouble);
  if (suffix == "norm") return flat.norm();
  if (suffix == "mean") return flat.mean();
  if (suffix == "std") return flat.std();
  if (suffix == "row0_mean_abs") return tensor[0].to(at::kDouble).abs().mean();
  if (const auto n = count_after(suffix, "first"); n >= 0) return flat.slice(0, 0, n);
  if (const auto n = count_after(suffix, "last"); n >= 0)
    return flat.slice(0, std::max<std::int64_t>(flat.numel() - n, 0));
  return {};
}

Tensor find_answer(const Tensors& answers, const std::string& name) {
  if (const auto found = answers.find(name); found != answers.end()) return found->second;
  const auto dot = name.rfind('.');
  const auto whole = answers.find(name.substr(0, dot));
  if (whole == answers.end() || !whole->second.defined()) return {};
  return summary(whole->second, name.substr(dot + 1));
}

Tolerance tolerance_of(const StoredCase& stored, const std::string& name) {
  const auto number = [&](const char* key, double fallback) {
    const auto found = stored.file.metadata.find(key);
    return found == stored.file.metadata.end() ? fallback : std::stod(found->second);
  };
  if (const auto overrides = stored.metadata("tolerance_overrides"); overrides.contains(name))
    return {overrides[name].at(0).get<double>(), overrides[name].at(1).get<double>()};
  return {number("rtol", 1e-4), number("atol", 1e-7)};
}

std::string place_of(std::int64_t flat, at::IntArrayRef sizes) {
  std::vector<std::int64_t> place(sizes.size());
  for (std::size_t i = sizes.size(); i-- > 0; flat /= sizes[i]) place[i] = flat % sizes[i];
  return place.empty() ? "" : fmt::format(" at [{}]", fmt::join(place, ", "));
}

/// Both double and of one shape.
Difference differ(const Tensor& actual, const Tensor& expected, Tolerance tolerance) {
  if (expected.numel() == 0) return {};
  const Tensor finite = at::isfinite(expected);
  const Tensor same = (actual == expected).logical_or(actual.isnan().logical_and(expected.isnan()));
  const Tensor zero = at::zeros_like(expected);
  const double largest = at::where(finite, expected, zero).abs().max().item<double>();
  Tensor off = at::where(finite, (actual - expected).abs(), at::where(same, zero, zero + INFINITY));
  off = at::where(off.isnan(), zero + INFINITY, off).flatten();
  const auto worst = off.argmax().item<std::int64_t>();
  const double distance = off[worst].item<double>();
  const double allowed = tolerance.absolute + tolerance.relative * largest;
  return {
      distance == 0 ? 0 : distance / allowed,
      fmt::format("expected {:.7g}, got {:.7g}{}; they differ by {:.3g}, allowed are {:.3g}",
                  expected.flatten()[worst].item<double>(), actual.flatten()[worst].item<double>(),
                  place_of(worst, expected.sizes()), distance, allowed)};
}

/// Each entry by its own size, those that are zero in theory excepted: norms of gradients differ by
/// orders of magnitude, and the rule for whole tensors sees the largest only.
Difference differ_each(const StoredCase& stored, const Tensor& actual, const Tensor& expected,
                       Tolerance allowed) {
  const double least = std::stod(stored.file.metadata.at("grad_norms_zero_below"));
  const double relative =
      std::max(std::stod(stored.file.metadata.at("grad_norms_each_rtol")), allowed.relative);
  Difference worst;
  for (std::int64_t i = 0; i < expected.numel(); ++i) {
    if (expected[i].item<double>() < least) continue;
    auto entry = differ(actual[i], expected[i], {relative, 0});
    if (entry.excess <= worst.excess) continue;
    worst = {entry.excess, fmt::format("entry {}: {}", i, entry.text)};
  }
  return worst;
}

Difference compare(const StoredCase& stored, const std::string& name, const Tensor& given,
                   const Tensor& reference, Tolerance least) {
  if (!given.defined()) return {INFINITY, "nothing was computed"};
  if (given.sizes() != reference.sizes())
    return {INFINITY,
            fmt::format("expected shape [{}], got [{}]", fmt::join(reference.sizes(), ", "),
                        fmt::join(given.sizes(), ", "))};
  const Tensor actual = given.detach().cpu().to(at::kDouble);
  const Tensor expected = reference.to(at::kDouble);
  if (!reference.is_floating_point()) return differ(actual, expected, {0, 0});
  const auto own = tolerance_of(stored, name);
  auto whole =
      differ(actual, expected,
             {std::max(own.relative, least.relative), std::max(own.absolute, least.absolute)});
  if (whole.excess > 1 || name != "out.grad_norms" ||
      !stored.file.metadata.contains("grad_norms_each_rtol"))
    return whole;
  return differ_each(stored, actual, expected, least);
}

/// The coarsest type among the answers: a mean of floats is no better where it is told in double.
at::ScalarType computed_in(const Tensors& answers) {
  auto type = at::kDouble;
  for (const auto& [name, tensor] : answers)
    if (tensor.defined() && tensor.is_floating_point() &&
        at::elementSize(tensor.scalar_type()) < at::elementSize(type))
      type = tensor.scalar_type();
  return type;
}

}  // namespace

Tensor StoredCase::find(const std::string& name) const {
  const auto found = tensors.find(name);
  return found == tensors.end() ? Tensor() : found->second;
}

Tensor StoredCase::input(const std::string& name) const {
  auto found = optional_input(name);
  if (!found.defined()) throw Error("the case has no tensor in." + name);
  return found;
}

core::Json StoredCase::metadata(const std::string& name) const {
  const auto found = file.metadata.find(name);
  return found == file.metadata.end() ? core::Json() : core::Json::parse(found->second);
}

Tolerance device_tolerance(at::Device device, at::ScalarType type) {
  if (device.is_cpu() || cuda_module().exact()) return {0, 0};
  if (type == at::kDouble) return {1e-7, 1e-10};
  if (type == at::kFloat) return {1e-3, 1e-5};
  return {2e-2, 1e-3};
}

void move(StoredCase& stored, at::Device device) {
  stored.device = device;
  for (auto& [name, tensor] : stored.tensors) tensor = tensor.to(device);
}

StoredCase read_case(const std::string& path) {
  StoredCase stored;
  stored.file = read_safetensors(path);
  stored.tensors.insert(stored.file.tensors.begin(), stored.file.tensors.end());
  const auto method = stored.file.metadata.find("method");
  if (method == stored.file.metadata.end())
    throw Error(path + ": no fidelity case: its metadata names no `method`");
  stored.method = method->second;
  try {
    stored.options = stored.metadata("options");
  } catch (const core::Json::exception& problem) {
    throw Error(path + ": metadata `options` is no valid JSON (" + problem.what() + ")");
  }
  if (stored.options.is_null()) stored.options = core::Json::object();
  return stored;
}

Verdict judge(const StoredCase& stored, const Tensors& answers) {
  Verdict verdict;
  double worst = 1;
  const auto least = device_tolerance(stored.device, computed_in(answers));
  for (const auto& [name, reference] : stored.file.tensors) {
    if (!is_reference(name)) continue;
    const Tensor given = find_answer(answers, name);
    const bool is_term = name.starts_with("out.term.") && !name.ends_with("_weighted");
    if (!given.defined() && is_term && stored.has(name + "_weighted")) continue;
    ++verdict.compared;
    const auto difference = compare(stored, name, given, reference, least);
    if (difference.excess <= worst) continue;
    worst = difference.excess;
    verdict.fault = name + ": " + difference.text;
  }
  if (verdict.compared == 0) verdict.fault = "the case holds no reference to compare with";
  return verdict;
}

}  // namespace ktb::run
