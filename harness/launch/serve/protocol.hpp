#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/fields.hpp"
#include "launch/process.hpp"

/// What `ktbench` and a `ktbench-worker serve` say to each other, a packet each. The socket is the
/// worker's standard input; once it is closed the worker ends, and with it what it started.
namespace ktb::launch {

/// Run a command of the worker.
struct ServeRequest {
  std::uint64_t number = 0;          ///< that answers name
  std::vector<std::string> command;  ///< as a shell would start it
  std::string log;                   ///< a file that is there, for output and errors
  std::string mark;
  /// By a process that stays on this GPU and runs one command after another, as
  /// CUDA_VISIBLE_DEVICES names it (empty: the one that LibTorch finds); none: by one of its own.
  std::optional<std::string> gpu;
};

/// First `pid` or `fault`; later, of one that was started, `exit`, and before it perhaps a `note`.
struct ServeAnswer {
  std::uint64_t number = 0;
  std::optional<std::int64_t> pid;
  std::optional<std::string> fault;  ///< why this worker starts nothing, now or ever
  std::optional<std::string> note;   ///< why the process that ran it is not to run another
  std::optional<Exit> exit;
};

template <core::Of<Exit> Self, class Ar>
void fields(Self& exit, Ar& ar) {
  ar("code", exit.code);
  ar("signal", exit.signal);
}

template <core::Of<ServeRequest> Self, class Ar>
void fields(Self& request, Ar& ar) {
  ar("number", request.number);
  ar("command", request.command);
  ar("log", request.log);
  ar("mark", request.mark);
  ar.present("gpu", request.gpu);
}

template <core::Of<ServeAnswer> Self, class Ar>
void fields(Self& answer, Ar& ar) {
  ar("number", answer.number);
  ar.present("pid", answer.pid);
  ar.present("fault", answer.fault);
  ar.present("note", answer.note);
  ar.present("exit", answer.exit);
}

template <class Message>
std::string packed(const Message& message) {
  return core::write_json(message).dump();
}

/// Throws core::Error where it is not of this form.
template <class Message>
Message unpacked(const std::string& text) {
  constexpr auto kWhere = "a packet of ktbench-worker serve";
  const auto json = core::parse_json(text, kWhere);
  return core::read_json<Message>({json, kWhere});
}

}  // namespace ktb::launch
