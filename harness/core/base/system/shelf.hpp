#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/system/packet_socket.hpp"

namespace ktb::core {

/// Bytes in memory that several processes share. What one of them writes stays in that process.
class SharedBytes {
 public:
  SharedBytes(int file, std::size_t size);
  ~SharedBytes();
  SharedBytes(const SharedBytes&) = delete;
  SharedBytes& operator=(const SharedBytes&) = delete;

  /// Null where the system gave none.
  char* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// What took long to make, kept by a process for the children that it forks: one of them puts it
/// there under a key, and those that are forked later find it. Nobody can change it any more. All
/// of it is memory, of which it takes at most a quarter of what is free.
class Shelf {
 public:
  Shelf();

  /// Null: there is nothing under this key.
  std::shared_ptr<SharedBytes> find(const std::string& key) const;
  /// In a child, which finds it as well from now on. Where there is no room it is left out.
  void put(const std::string& key, const std::vector<std::string_view>& parts);

  /// In the parent: a file that can be read when a child has put something there, and what is then
  /// to be done.
  int number() const { return here_.number(); }
  void take_in();

 private:
  explicit Shelf(std::pair<PacketSocket, PacketSocket> ends);
  struct Piece {
    Descriptor file;
    std::size_t size = 0;
  };
  bool has_room(std::size_t size) const;
  void keep(const std::string& key, Descriptor file, std::size_t size);

  PacketSocket here_, there_;  ///< the parent's end and the children's
  std::map<std::string, Piece> pieces_;
};

}  // namespace ktb::core
