#pragma once
#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ktb::run {

/// The random streams of a kind of step, by what they depend on besides the step. A recorded step
/// draws from a generator for each, which is seeded anew before every replay: so it draws what the
/// step would draw that is not recorded.
class Streams {
 public:
  /// While one exists, the streams that scopes enter are these: a step is taken.
  class Step {
   public:
    explicit Step(Streams& streams);
    ~Step();
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
  };

  /// A generator for each that was entered so far. From now on scopes take theirs.
  void open(at::Device device);
  /// As every scope would at this step.
  void seed(std::int64_t at);
  std::vector<at::Generator> generators() const;

 private:
  friend class RandomScope;
  struct Stream {
    std::vector<std::string> names;
    int number;  ///< of its entries in a step: each starts the stream again
    at::Generator generator;
  };
  /// Undefined while streams are only noted. Throws Error on one that was not noted before.
  at::Generator enter(std::initializer_list<std::string_view> names);

  std::vector<Stream> streams_;
  std::map<std::vector<std::string>, int> entries_;  ///< of this step
  bool open_ = false;
};

/// The device's default generator, which dropout cannot avoid, on a stream of its own for a while.
/// Streams are seeded by what they depend on (core/base/seed.hpp), so no random state is saved, and
/// a method that draws numbers leaves the target's untouched.
class RandomScope {
 public:
  RandomScope(at::Device device, std::uint64_t seed);
  /// The stream of these names at a step.
  RandomScope(at::Device device, std::initializer_list<std::string_view> names, std::int64_t at);
  ~RandomScope();
  RandomScope(const RandomScope&) = delete;
  RandomScope& operator=(const RandomScope&) = delete;

 private:
  void enter(std::uint64_t seed);

  at::Generator generator_;
  at::Tensor before_;
  at::Generator outer_;  ///< whose stream goes on afterwards, while a step is recorded
};

}  // namespace ktb::run
