#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "tests/end_to_end/support/resp.h"

namespace tally::test {

/// One blocking connection to 127.0.0.1, raw: the bytes sent are those given, the bytes returned
/// are those received. For one thread at a time.
///
/// A connection that breaks is an answer too (the server was killed): no call throws but the
/// constructor; sends return false and reads nullopt from then on.
class Client {
 public:
  static constexpr std::chrono::milliseconds kReplyTimeout{20'000};

  /// Connects; throws std::system_error when refused.
  explicit Client(uint16_t port);
  [[nodiscard]] static std::optional<Client> TryConnect(uint16_t port);
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;

  /// Sends all of it. While the server does not read, what it answers is taken in, so that neither
  /// side waits for the other, however long the pipeline is. False when the connection broke.
  bool SendRaw(std::string_view bytes);
  bool Send(std::initializer_list<std::string_view> arguments);
  /// Says that nothing more will be sent; replies can still be read.
  void FinishSending();
  /// Makes the close an abrupt one (RST), then closes.
  void Reset();

  /// The raw bytes of exactly one reply, pushes included. nullopt at the end of the connection, on
  /// anything that is not RESP (then `malformed()`), or on the timeout (then `timed_out()`).
  [[nodiscard]] std::optional<std::string> ReadRawReply(
      std::chrono::milliseconds timeout = kReplyTimeout);
  [[nodiscard]] std::optional<Reply> ReadReply(std::chrono::milliseconds timeout = kReplyTimeout);

  /// Everything until the server closes; nullopt when it did not within the timeout.
  [[nodiscard]] std::optional<std::string> ReadUntilClosed(
      std::chrono::milliseconds timeout = kReplyTimeout);
  /// Everything until it ends with `ending` or the server closes; nullopt on the timeout.
  [[nodiscard]] std::optional<std::string> ReadUntil(
      std::string_view ending, std::chrono::milliseconds timeout = kReplyTimeout);

  /// Sends one command and returns its raw reply; "" when the connection broke.
  std::string Command(std::initializer_list<std::string_view> arguments);
  std::string Command(std::span<const std::string> arguments);

  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] bool timed_out() const { return timed_out_; }
  [[nodiscard]] bool malformed() const { return malformed_; }
  /// Received and not yet returned by a read.
  [[nodiscard]] std::string_view pending() const { return received_; }

 private:
  explicit Client(int descriptor) : descriptor_(descriptor) {}
  using Deadline = std::chrono::steady_clock::time_point;
  /// Waits for bytes and appends them to received_. False at the end or the deadline.
  bool Receive(Deadline deadline);
  bool ReceiveAvailable();
  void Close();

  int descriptor_ = -1;
  std::string received_;
  bool closed_ = false;
  bool timed_out_ = false;
  bool malformed_ = false;
};

}  // namespace tally::test
