#include "core/store/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/weights/safetensors.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

constexpr double kFar = std::numeric_limits<double>::infinity();

double apart(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  const double distance = std::abs(a - b) / std::max({1.0, std::abs(a), std::abs(b)});
  return std::isnan(distance) ? kFar : distance;
}

struct Difference {
  double distance = 0;
  std::string told;
};

/// What differs between two JSON values, place by place.
std::vector<Difference> differing(const Json& first, const Json& second) {
  const auto text = [](const Json& flat, const std::string& place) {
    return flat.contains(place) ? flat.at(place).dump() : "absent";
  };
  const Json before = first.flatten(), after = second.flatten();
  Json places = before;
  places.update(after);
  std::vector<Difference> found;
  for (const auto& [place, ignored] : places.items()) {
    const bool both = before.contains(place) && after.contains(place);
    if (both && before[place] == after[place]) continue;
    const bool numbers = both && before[place].is_number() && after[place].is_number();
    std::string name = place.empty() ? "" : place.substr(1);
    std::replace(name.begin(), name.end(), '/', '.');
    found.push_back(
        {numbers ? apart(before[place].get<double>(), after[place].get<double>()) : kFar,
         fmt::format("{}: {} -> {}", name, text(before, place), text(after, place))});
  }
  return found;
}

/// What must be the same: all but times, machine, the key and the suite's names. Weights are
/// compared themselves, not by the digest that stands for them.
Json lasting(const Record& record) {
  Json json = to_json(record);
  for (const char* passing : {"cost", "provenance", "id", "key", "axes", "weights"})
    json.erase(passing);
  return json;
}

bool same_bytes(const fs::path& first, const fs::path& second) {
  std::error_code failure;
  if (fs::file_size(first, failure) != fs::file_size(second, failure) || failure) return false;
  std::ifstream one(first, std::ios::binary), other(second, std::ios::binary);
  std::array<std::vector<char>, 2> parts{std::vector<char>(1 << 20), std::vector<char>(1 << 20)};
  while (one && other) {
    one.read(parts[0].data(), static_cast<std::streamsize>(parts[0].size()));
    other.read(parts[1].data(), static_cast<std::streamsize>(parts[1].size()));
    if (one.gcount() != other.gcount() ||
        std::memcmp(parts[0].data(), parts[1].data(), static_cast<std::size_t>(one.gcount())) != 0)
      return false;
  }
  return one.eof() && other.eof();
}

double apart(const StoredTensor& first, const StoredTensor& second) {
  if (first.shape != second.shape || first.real.size() != second.real.size()) return kFar;
  double most = first.whole == second.whole ? 0 : kFar;
  for (std::size_t i = 0; i < first.real.size(); ++i)
    most = std::max(most, apart(first.real[i], second.real[i]));
  return most;
}

/// The tensor that is furthest from its like.
Difference furthest(const SafetensorsFile& first, const SafetensorsFile& second) {
  if (first.tensors.size() != second.tensors.size()) return {kFar, "holds other tensors"};
  Difference most;
  for (const auto& [name, tensor] : first.tensors) {
    const auto like = second.tensors.find(name);
    if (like == second.tensors.end()) return {kFar, name + " is in the first only"};
    const double distance = apart(tensor, like->second);
    if (distance > most.distance)
      most = {distance, fmt::format("{} is up to {:.2g} apart", name, distance)};
  }
  return most;
}

/// Test samples that stand at another place: each is missed at one and too many at the other.
Difference moved(const Confusion& first, const Confusion& second) {
  if (first.classes != second.classes || first.counts.size() != second.counts.size())
    return {kFar, "has other classes"};
  double all = 0, apart = 0;
  for (std::size_t i = 0; i < first.counts.size(); ++i)
    for (std::size_t j = 0; j < first.counts.size(); ++j) {
      const auto a = static_cast<double>(first.counts[i][j]);
      all += a;
      apart += std::abs(a - static_cast<double>(second.counts[i][j])) / 2;
    }
  return {apart / std::max(1.0, all), fmt::format("{:g} of {:g} answers are others", apart, all)};
}

std::string shown(const Json& value) {
  constexpr std::size_t kHash = 64, kShown = 12;
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  return text.size() == kHash ? text.substr(0, kShown) : text;
}

/// `machine: cpu A -> B` where members differ that both have; else empty.
std::string cause(const std::string& what, const Json& first, const Json& second,
                  const std::vector<std::string>& members) {
  std::vector<std::string> parts;
  for (const auto& member : members) {
    if (!first.contains(member) || !second.contains(member) || first[member] == second[member])
      continue;
    parts.push_back(fmt::format("{}{} -> {}", member == what ? "" : member + " ",
                                shown(first[member]), shown(second[member])));
  }
  return parts.empty() ? "" : fmt::format("{}: {}", what, fmt::join(parts, ", "));
}

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

bool of_two_kinds(const Json& first, const Json& second) {
  const auto on_cpu = [](const Json& provenance) {
    return provenance.value("device", Json("cpu")) == "cpu";
  };
  return on_cpu(first) != on_cpu(second);
}

std::vector<std::string> causes(const Json& first, const Json& second) {
  std::vector<std::string> found;
  const auto note = [&](const std::string& what, const Json& before, const Json& after,
                        const std::vector<std::string>& members) {
    auto told = cause(what, before, after, members);
    if (!told.empty()) found.push_back(std::move(told));
  };
  note("machine", first, second, {"cpu", "instructions", "device", "driver"});
  if (!found.empty() && of_two_kinds(first, second))
    found.back() +=
        " (a CPU and a GPU add in other orders and round otherwise: their numbers are "
        "near each other, never the same)";
  note("library", first, second, {"torch", "cuda", "cudnn", "libc"});
  note("threads", first, second, {"threads"});
  const Json none = Json::object();
  const Json before = first.value("plugins", none), after = second.value("plugins", none);
  if (before.is_object() && after.is_object()) note("plugin", before, after, keys(before));
  note("data", first, second, {"data"});
  note("build", first, second, {"build", "compiler"});
  return found;
}

/// Two runs of one trial, part by part.
class Comparer {
 public:
  Comparer(const Store& first, const std::string& id, const Store& second, const std::string& other,
           double tolerance)
      : first_(first), second_(second), id_(id), other_(other), tolerance_(tolerance) {}

  Comparison run() {
    const auto before = first_.load(id_), after = second_.load(other_);
    if (!before || !after) throw Error(fmt::format("error: {} has no record in both", id_));
    if (!before->ok() && !after->ok()) return {Agreement::kNoResult, 0, {}, {}};
    if (before->status != after->status) {
      note({kFar, fmt::format("status: {} -> {}", word(before->status), word(after->status))});
    } else {
      for (const auto& one : differing(lasting(*before), lasting(*after))) note(one);
      files();
    }
    if (result_.distance > tolerance_) result_.agreement = Agreement::kDifferent;
    if (result_.agreement != Agreement::kIdentical) {
      result_.causes = causes(before->provenance, after->provenance);
      for (const auto& warning : before->warnings)
        if (warning.ends_with(kNotRepeatable)) result_.causes.push_back(warning);
    }
    return std::move(result_);
  }

 private:
  void note(const Difference& one) {
    result_.distance = std::max(result_.distance, one.distance);
    if (one.distance > 0 && result_.agreement == Agreement::kIdentical)
      result_.agreement = Agreement::kEqual;
    if (one.distance > tolerance_) result_.differences.push_back(one.told);
  }

  void files() {
    const auto first = first_.folder(id_), second = second_.folder(other_);
    curve();
    file(first.samples(), second.samples(), &Comparer::samples);
    if (fs::exists(first.confusion()) && fs::exists(second.confusion()))  // older ones have none
      file(first.confusion(), second.confusion(), &Comparer::confusions);
    file(first.pictures(), second.pictures(), &Comparer::tensors);
    // Whether weights are kept depends on who else needs them.
    if (fs::exists(first.weights()) && fs::exists(second.weights()))
      file(first.weights(), second.weights(), &Comparer::tensors);
  }

  void file(const fs::path& first, const fs::path& second,
            Difference (Comparer::*look)(const fs::path&, const fs::path&) const) {
    const bool there = fs::exists(first), too = fs::exists(second);
    if (there == too && (!there || same_bytes(first, second))) return;
    const std::string name = first.filename().string();
    if (there != too)
      return note({kFar, fmt::format("{}: only the {} has it", name, there ? "first" : "second")});
    try {
      const auto found = (this->*look)(first, second);
      note({found.distance, name + ": " + found.told});
    } catch (const Error& error) {
      note({kFar, error.what()});
    }
  }

  /// Only the first difference is told: what follows follows from it.
  void curve() {
    const auto before = first_.curve(id_), after = second_.curve(other_);
    const std::string file = first_.folder(id_).curve().filename().string();
    if (before.size() != after.size())
      return note({kFar, fmt::format("{}: {} -> {} lines", file, before.size(), after.size())});
    bool told = false;
    for (std::size_t i = 0; i < before.size(); ++i) {
      for (auto& one : differing(timeless(before[i]), timeless(after[i]))) {
        one.told = fmt::format("{}, line {}: {}", file, i + 1, one.told);
        const bool far = one.distance > tolerance_;
        if (!far || !told) note(one);
        told |= far;
        result_.distance = std::max(result_.distance, one.distance);
      }
    }
  }

  static Json timeless(Json point) {
    if (point.is_object()) point.erase("seconds");
    return point;
  }

  Difference samples(const fs::path&, const fs::path&) const {
    const auto before = first_.samples(id_), after = second_.samples(other_);
    if (before.size() != after.size())
      return {kFar, fmt::format("{} -> {} samples", before.size(), after.size())};
    std::size_t count = 0;
    for (std::size_t i = 0; i < before.size(); ++i) count += before[i] != after[i];
    return {
        static_cast<double>(count) / static_cast<double>(std::max<std::size_t>(1, before.size())),
        fmt::format("{} of {} test samples are judged otherwise", count, before.size())};
  }

  Difference confusions(const fs::path&, const fs::path&) const {
    const auto before = first_.confusion(id_), after = second_.confusion(other_);
    if (!before || !after) return {kFar, "cannot be read"};
    return moved(*before, *after);
  }

  Difference tensors(const fs::path& first, const fs::path& second) const {
    return furthest(read_safetensors(first), read_safetensors(second));
  }

  const Store &first_, &second_;
  const std::string &id_, &other_;
  const double tolerance_;
  Comparison result_;
};

}  // namespace

Comparison compare(const Store& first, const std::string& id, const Store& second,
                   const std::string& other, double tolerance) {
  return Comparer(first, id, second, other, tolerance).run();
}

}  // namespace ktb::core
