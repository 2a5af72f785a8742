#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

class FuzzedDataProvider;

/// What a few keys hold, and what a server replies that holds them: written from Redis's documentation, without
/// a look at Tally's code.
namespace tally::fuzz {

/// Of one key.
struct Value {
  std::optional<std::string> text;
  int64_t expires_at_ms = 0;  ///< 0: never

  friend bool operator==(const Value&, const Value&) = default;
};

/// Of all keys: name number i is "k<i>".
using State = std::vector<Value>;
using Command = std::vector<std::string>;
/// Commands that are sent together: one, or a transaction.
using Request = std::vector<Command>;

/// Anything that the model knows.
[[nodiscard]] Request MakeRequest(FuzzedDataProvider* in);

/// What a server holds, asked from it one command at a time.
[[nodiscard]] State ReadState(const std::function<std::string(const Command&)>& ask);

[[nodiscard]] std::string TextOf(const State& state);

class KeyspaceModel {
 public:
  KeyspaceModel();

  /// The reply's bytes (RESP2).
  [[nodiscard]] std::string Answer(const Command& command);

  void PassTime(int64_t ms) { now_ms_ += ms; }
  [[nodiscard]] int64_t now_ms() const { return now_ms_; }
  [[nodiscard]] const State& state() const { return state_; }
  /// Forgets what it held, and a transaction that was begun.
  void Become(State state);
  /// Without what has expired.
  [[nodiscard]] Value AsOfNow(const Value& value) const;

 private:
  std::string Run(const Command& command);
  std::string Increment(Value* value, const std::string& by);
  Value& Find(const std::string& name);

  State state_;
  int64_t now_ms_;
  bool in_transaction_ = false;
  std::vector<Command> queue_;
};

}  // namespace tally::fuzz
