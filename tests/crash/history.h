#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace tally::test {

/// What clients asked and were told, over all lives of one data directory, and the check that some
/// order of the operations explains it with nothing acknowledged lost.
///
/// Two kinds of objects: *counters*, which only INCR changes, from 0; and *groups* of keys, which
/// only a multi-key write of one value to all of them, or a multi-key delete, changes. Every value
/// written to a group is written once, so a value tells its writer.

/// Times are of one steady clock, in nanoseconds.
using TimeNs = int64_t;

inline constexpr TimeNs kUnanswered = std::numeric_limits<TimeNs>::max();
/// What a missing key reads as.
inline constexpr int64_t kAbsent = -1;

enum class OperationKind : uint8_t {
  kIncrement,    ///< INCR: value = the reply
  kRead,         ///< GET of a counter: value = the reply, 0 for an absent key
  kGroupWrite,   ///< MSET of one token to the whole group: value = the token
  kGroupDelete,  ///< DEL of the whole group: value = the reply
  kGroupRead,    ///< MGET of the whole group: parts = the replies
};

struct Operation {
  OperationKind kind = OperationKind::kIncrement;
  uint32_t object = 0;      ///< which counter or which group
  uint32_t connection = 0;  ///< never used again after it broke; operations of one are in its order
  TimeNs asked = 0;         ///< before the request was sent
  TimeNs told = kUnanswered;  ///< after the reply was read
  /// The server's death, for what was not answered: later it cannot take effect. History::EndLife
  /// fills it in.
  TimeNs dead = kUnanswered;
  int64_t value = 0;
  std::vector<int64_t> parts = {};
  bool in_transaction = false;  ///< of a group: as single-key commands between MULTI and EXEC

  [[nodiscard]] bool Answered() const { return told != kUnanswered; }
  /// No effect of it comes after this.
  [[nodiscard]] TimeNs LatestEffect() const { return Answered() ? told : dead; }
};

/// Some of a history's operations.
using OperationList = std::vector<const Operation*>;

enum class ViolationKind : uint8_t {
  kWrongReply,        ///< not what this command can answer
  kDuplicate,         ///< one value of a counter was acknowledged twice
  kLostIncrement,     ///< a counter is below what had been acknowledged or read
  kTooHigh,           ///< a counter is above acknowledged + unanswered
  kUnexplainedValue,  ///< nobody was told it, and no unanswered increment can have made it
  kOutOfOrder,        ///< a reply came before a request, and the request's value is not the larger
  kStaleRead,         ///< a read is below what had been told before it
  kReadAhead,         ///< a read is above what had been asked before its end
  kConnectionOrder,   ///< on one connection, a value does not rise
  kHalfChange,        ///< the keys of a group differ, or a part of them was deleted
  kUnwrittenValue,    ///< a group holds what nobody wrote to it
  kLostChange,        ///< a group holds what had been overwritten or deleted for certain
};

[[nodiscard]] const char* Name(ViolationKind kind);

struct Violation {
  ViolationKind kind;
  std::string text;
};

class History {
 public:
  /// Appends what one connection did, in its order.
  void Add(std::vector<Operation> operations);
  void AddWrongReply(std::string text) { wrong_replies_.push_back(std::move(text)); }
  /// The server that got all operations so far has ended, at `now`: what it has not answered until
  /// then, it will not do any more.
  void EndLife(TimeNs now);
  /// The power went at `cut`, and what the server said from then on was never heard: those
  /// operations count as unanswered.
  void EndLifeInPowerCut(TimeNs cut, TimeNs now);

  [[nodiscard]] const std::vector<Operation>& operations() const { return operations_; }
  [[nodiscard]] const std::vector<std::string>& wrong_replies() const { return wrong_replies_; }
  [[nodiscard]] uint32_t NextConnection() { return next_connection_++; }

 private:
  std::vector<Operation> operations_;
  std::vector<std::string> wrong_replies_;
  uint32_t next_connection_ = 0;
};

/// Everything that the history breaks; empty when an order exists that explains it. O(n log n).
/// `group_size`: how many keys a group has.
[[nodiscard]] std::vector<Violation> CheckHistory(const History& history, int64_t group_size);

/// The violations as text, the first few of them.
[[nodiscard]] std::string Describe(const std::vector<Violation>& violations);

[[nodiscard]] TimeNs NowNs();

}  // namespace tally::test
