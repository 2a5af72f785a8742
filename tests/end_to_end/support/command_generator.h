#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/support/resp.h"

namespace tally::test {

/// How the replies to a unit are told apart.
enum class ReplyMode : uint8_t {
  kOnePerCommand,  ///< exactly one reply to each of `commands`
  kUntilMarker,    ///< any number; an ECHO sent afterwards marks their end
  kUntilClosed,    ///< the client says that it sends no more and reads to the end
  kScan,           ///< `commands` is one SCAN from cursor 0; all names that it and those that go on
                   ///< from it find
};

/// What is sent to both servers before their replies are compared.
struct Unit {
  std::vector<Arguments> commands;  ///< for kOnePerCommand, and for messages
  std::string bytes;
  ReplyMode mode = ReplyMode::kOnePerCommand;
  std::vector<size_t> cuts;  ///< where `bytes` is split into several sends, ascending
  std::chrono::milliseconds sleep_after{0};
};

/// A seeded stream of units over all commands of Redis 7.0 that Tally has, on few keys so that they
/// interact, odd arguments included. Equal seeds give equal streams, on every machine.
///
/// The stream is such that two servers which get it some milliseconds apart must answer alike (but
/// for what tells the time): expiries are hours ahead, in the past, or over before the next unit.
class CommandGenerator {
 public:
  CommandGenerator(uint64_t seed, int resp_version);

  [[nodiscard]] Unit Next();
  /// What a fresh connection sends first; empty for RESP2.
  [[nodiscard]] std::vector<Arguments> Greeting() const;

 private:
  using Commands = std::vector<Arguments>;

  [[nodiscard]] uint64_t Below(uint64_t limit);
  [[nodiscard]] bool Chance(uint64_t percent) { return Below(100) < percent; }
  template <typename Range>
  [[nodiscard]] auto Pick(const Range& choices) {
    return *std::next(std::begin(choices), static_cast<std::ptrdiff_t>(Below(std::size(choices))));
  }

  [[nodiscard]] std::string Key();
  [[nodiscard]] std::string Value();
  [[nodiscard]] std::string Integer();
  [[nodiscard]] std::string Float();
  [[nodiscard]] std::string RelativeExpiry();
  [[nodiscard]] std::string DistinctExpiry();
  [[nodiscard]] std::string AbsoluteExpiry();
  [[nodiscard]] std::string Pattern();
  [[nodiscard]] std::string Database();
  [[nodiscard]] std::string ClientName();
  [[nodiscard]] std::string AnyCase(std::string_view word);
  void AppendExpiryOption(Arguments* command);
  void AppendScanOption(Arguments* command);
  void AppendKeys(Arguments* command, uint64_t least);

  [[nodiscard]] Commands Some();
  [[nodiscard]] Commands StringCommand();
  [[nodiscard]] Commands RangeCommand();
  [[nodiscard]] Commands BitCommand();
  [[nodiscard]] Commands BitFieldCommand();
  [[nodiscard]] std::string BitOffset();
  [[nodiscard]] Commands CounterCommand();
  [[nodiscard]] Commands MultiKeyCommand();
  [[nodiscard]] Commands KeyCommand();
  [[nodiscard]] Commands ObjectCommand();
  [[nodiscard]] Commands TransferCommand();
  [[nodiscard]] Commands DumpCommand();
  [[nodiscard]] Commands ExpiryCommand();
  [[nodiscard]] Commands DatabaseCommand();
  [[nodiscard]] Commands WalkCommand();
  [[nodiscard]] Commands ConnectionCommand();
  [[nodiscard]] Commands ClientCommand();
  [[nodiscard]] Commands CommandCommand();
  [[nodiscard]] Commands ConfigCommand();
  [[nodiscard]] Commands ServerCommand();
  [[nodiscard]] Commands UnknownCommand();
  [[nodiscard]] Commands TransactionCommand();
  void Garble(Commands* commands);

  [[nodiscard]] Unit FromCommands(Commands commands);
  [[nodiscard]] Unit Pipeline();
  [[nodiscard]] Unit Transaction();
  [[nodiscard]] Unit ShortExpiry();
  [[nodiscard]] Unit Handshake();
  [[nodiscard]] Unit SuppressedReplies();
  [[nodiscard]] Unit Inline();
  [[nodiscard]] Unit WholeScan();
  [[nodiscard]] Unit OddInput();
  [[nodiscard]] Unit Mutated();
  [[nodiscard]] Unit Quit();
  [[nodiscard]] std::vector<size_t> Cuts(size_t size_bytes);

  std::mt19937_64 random_;
  int resp_version_;
};

}  // namespace tally::test
