#include "core/base/system/packet_socket.hpp"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

/// What a sender may hold, and so the largest packet.
constexpr int kMostBytes = 1 << 20;

/// The room for one file that goes with a packet.
union FileRoom {
  cmsghdr head;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

Descriptor file_of(msghdr& message) {
  Descriptor file;
  for (auto* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
    int number = -1;
    ::memcpy(&number, CMSG_DATA(head), sizeof number);
    file = Descriptor(number);
  }
  return file;
}

}  // namespace

std::pair<PacketSocket, PacketSocket> PacketSocket::pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw Error(std::string("cannot make a pair of sockets: ") + ::strerror(errno));
  std::pair made{PacketSocket(Descriptor(ends[0])), PacketSocket(Descriptor(ends[1]))};
  for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &kMostBytes, sizeof(int));
  return made;
}

bool PacketSocket::send(const std::string& text, int file) const {
  iovec part = {const_cast<char*>(text.data()), text.size()};
  FileRoom room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (file >= 0) {
    message.msg_control = &room;
    message.msg_controllen = sizeof room.bytes;
    auto* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof file);
    ::memcpy(CMSG_DATA(head), &file, sizeof file);
  }
  ssize_t sent = 0;
  do sent = ::sendmsg(end_.number(), &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent == static_cast<ssize_t>(text.size());
}

std::optional<Packet> PacketSocket::receive(int milliseconds) {
  pollfd end = {end_.number(), POLLIN, 0};
  if (closed_ || ::poll(&end, 1, milliseconds) <= 0) return std::nullopt;
  // Asked first how long it is, since what does not fit is lost.
  const ssize_t size = ::recv(end_.number(), nullptr, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  Packet packet;
  packet.text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  iovec part = {packet.text.data(), packet.text.size()};
  FileRoom room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = &room;
  message.msg_controllen = sizeof room.bytes;
  const ssize_t got = size > 0 ? ::recvmsg(end_.number(), &message, MSG_CMSG_CLOEXEC) : size;
  closed_ = got <= 0;  // no packet of ours is empty
  if (closed_) return std::nullopt;
  packet.file = file_of(message);
  return packet;
}

}  // namespace ktb::core
