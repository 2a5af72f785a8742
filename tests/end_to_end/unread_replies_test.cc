// Replies that a client has begun to read and left in the middle take about as much memory as what is left of them.

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/info.h"
#include "tests/end_to_end/support/sanitizers.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

constexpr int64_t kValueBytes = int64_t{32} << 20;
// Where the reader stops. What the kernel takes in one go is less.
constexpr int64_t kLeftBytes = int64_t{6} << 20;
// What else may come and go meanwhile.
constexpr int64_t kNoiseBytes = int64_t{6} << 20;

/// The number behind `label`; -1 when there is none.
int64_t NumberBehind(std::string_view text, std::string_view label) {
  const size_t at = text.find(label);
  int64_t value = -1;
  if (at != std::string_view::npos) {
    std::from_chars(text.data() + at + label.size(), text.data() + text.size(), value);
  }
  return value;
}

/// What the server has still to write to the client called "reader"; -1 when there is no such client.
int64_t Unwritten(Client* client) {
  const std::string all = client->Command({"CLIENT", "LIST"});
  const size_t at = all.find("name=reader");
  return at == std::string::npos ? -1 : NumberBehind(std::string_view(all).substr(at), " omem=");
}

/// A client that takes from its socket what it is told to, with a small window.
class Reader {
 public:
  explicit Reader(uint16_t port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    constexpr int kWindowBytes = 64 << 10;
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &kWindowBytes, sizeof(kWindowBytes));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Reader() { ::close(descriptor_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  bool Send(std::string_view bytes) {
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  /// True: something came. False at the end of the connection, or when all of a value was taken before.
  bool Take() {
    if (taken_ >= kValueBytes) return false;
    const ssize_t size = ::recv(descriptor_, bytes_.data(), bytes_.size(), 0);
    if (size > 0) taken_ += size;
    return size > 0;
  }

 private:
  const int descriptor_;
  bool connected_ = false;
  int64_t taken_ = 0;
  std::array<char, size_t{64} << 10> bytes_{};
};

TEST(UnreadRepliesTest, WhatWasTakenOfAReplyGivesItsMemoryBackWhileTheRestWaits) {
  if (TallyIsStoodInFor()) GTEST_SKIP() << "Redis keeps a reply whole";
  if (kIsSanitized) GTEST_SKIP() << "a sanitizer's allocator does not tell what is used";
  ServerProcess server({.threads = 1});
  Client observer(server.port());
  ASSERT_EQ(observer.Command({"SETRANGE", "large", std::to_string(kValueBytes - 1), "x"}),
            fmt::format(":{}\r\n", kValueBytes));
  ASSERT_EQ(observer.Command({"SAVE"}), "+OK\r\n");  // the journal's copy is gone
  int64_t unwritten = 0;
  int64_t used = 0;
  {
    Reader reader(server.port());
    ASSERT_TRUE(reader.connected());
    ASSERT_TRUE(reader.Send("CLIENT SETNAME reader\r\nGET large\r\n"));
    do {
      ASSERT_TRUE(reader.Take());
      unwritten = Unwritten(&observer);
    } while (unwritten > kLeftBytes || unwritten <= 0);
    used = InfoNumber(&observer, "used_memory");
  }
  while (Unwritten(&observer) != -1) {
  }
  EXPECT_LE(used - InfoNumber(&observer, "used_memory"), 2 * unwritten + kNoiseBytes)
      << "it kept more than twice of what was not taken, " << unwritten << " bytes";
}

}  // namespace
}  // namespace tally::test
