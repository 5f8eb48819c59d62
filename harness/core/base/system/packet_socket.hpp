#pragma once
#include <optional>
#include <string>
#include <utility>

#include "core/base/system/descriptor.hpp"

namespace ktb::core {

/// A text, and an open file where one goes with it.
struct Packet {
  std::string text;
  Descriptor file;
};

/// One of two ends over which processes of one machine send each other packets. A packet arrives
/// whole or not at all, however many processes share an end.
class PacketSocket {
 public:
  static std::pair<PacketSocket, PacketSocket> pair();
  explicit PacketSocket(Descriptor end) : end_(std::move(end)) {}

  /// False where nobody is there to read it any more, or it is larger than packets can be.
  bool send(const std::string& text, int file = -1) const;
  /// The next packet. None: there is none yet, after so many milliseconds (-1: however long it
  /// takes), or the other end is closed, and then closed() says so.
  std::optional<Packet> receive(int milliseconds);
  bool closed() const { return closed_; }
  /// Whether it can be used: not closed by either side.
  explicit operator bool() const { return end_ && !closed_; }
  int number() const { return end_.number(); }
  void close() { end_.close(); }

 private:
  Descriptor end_;
  bool closed_ = false;
};

}  // namespace ktb::core
