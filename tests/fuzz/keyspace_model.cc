#include "tests/fuzz/keyspace_model.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "tests/fuzz/fuzz_target.h"
#include "tests/server/session_harness.h"

namespace tally::fuzz {
namespace {

constexpr int kKeys = 6;
constexpr const char* kNil = "$-1\r\n";
constexpr const char* kOk = "+OK\r\n";

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
std::string Number(int64_t number) { return ":" + std::to_string(number) + "\r\n"; }

// The texts of 64-bit integers, as a server stores them: no sign +, no zeros in front.
bool ToInteger(const std::string& text, int64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size() &&
         std::to_string(*number) == text;
}

std::string SomeName(FuzzedDataProvider* in) {
  return "k" + std::to_string(in->ConsumeIntegralInRange(0, kKeys - 1));
}

std::string SomeText(FuzzedDataProvider* in) {
  switch (in->ConsumeIntegralInRange(0, 5)) {
    case 0:
      return "9223372036854775807";
    case 1:
      return "-9223372036854775808";
    case 2:
      return std::string(in->ConsumeIntegralInRange<size_t>(0, 300), 'x');
    case 3:
      return in->ConsumeRandomLengthString(20);
    default:
      return std::to_string(in->ConsumeIntegral<int16_t>());
  }
}

Command SomeCommand(FuzzedDataProvider* in) {
  switch (in->ConsumeIntegralInRange(0, 17)) {
    case 0:
      return {"SET", SomeName(in), SomeText(in)};
    case 1:
      return {"SET", SomeName(in), SomeText(in), "PX",
              std::to_string(in->ConsumeIntegralInRange(1, 500))};
    case 2:
      return {"SETNX", SomeName(in), SomeText(in)};
    case 3:
      return {"GETDEL", SomeName(in)};
    case 4:
      return {"INCRBY", SomeName(in), SomeText(in)};
    case 5:
      return {"APPEND", SomeName(in), SomeText(in)};
    case 6:
      return {"DEL", SomeName(in), SomeName(in)};
    case 7:
      return {"MSET", SomeName(in), SomeText(in), SomeName(in), SomeText(in)};
    case 8:
      return {"MSETNX", SomeName(in), SomeText(in), SomeName(in), SomeText(in)};
    case 9:
      return {"RENAME", SomeName(in), SomeName(in)};
    case 10:
      return {"COPY", SomeName(in), SomeName(in), "REPLACE"};
    case 11:
      return {"STRLEN", SomeName(in)};
    case 12:
      return {"EXISTS", SomeName(in), SomeName(in)};
    case 13:
      return {"PEXPIRE", SomeName(in), std::to_string(in->ConsumeIntegralInRange(-1, 500))};
    case 14:
      return {"PERSIST", SomeName(in)};
    case 15:
      return {"FLUSHALL"};
    case 16:
      return {"MGET", SomeName(in), SomeName(in)};
    default:
      return {"GET", SomeName(in)};
  }
}

}  // namespace

Request MakeRequest(FuzzedDataProvider* in) {
  if (in->ConsumeIntegralInRange(0, 7) > 0) return {SomeCommand(in)};
  Request request = {{"MULTI"}};
  for (int i = in->ConsumeIntegralInRange(0, 4); i > 0; --i) request.push_back(SomeCommand(in));
  request.push_back({in->ConsumeIntegralInRange(0, 4) == 0 ? "DISCARD" : "EXEC"});
  return request;
}

State ReadState(const std::function<std::string(const Command&)>& ask) {
  State state(kKeys);
  for (int key = 0; key < kKeys; ++key) {
    const std::string name = "k" + std::to_string(key);
    const std::string text = ask({"GET", name});
    if (text == kNil) continue;
    const size_t begin = text.find('\n') + 1;
    Value& value = state[static_cast<size_t>(key)];
    value.text = text.substr(begin, text.size() - begin - 2);
    const std::string expiry = ask({"PEXPIRETIME", name});
    value.expires_at_ms = std::max<int64_t>(0, std::stoll(expiry.substr(1)));
  }
  return state;
}

std::string TextOf(const State& state) {
  std::string text;
  for (const Value& value : state) {
    text += value.text ? Bulk(*value.text) : kNil;
    text += "until " + std::to_string(value.expires_at_ms) + "\n";
  }
  return text;
}

KeyspaceModel::KeyspaceModel() : state_(kKeys), now_ms_(server::SessionHarness::kNowMs) {}

void KeyspaceModel::Become(State state) {
  state_ = std::move(state);
  in_transaction_ = false;
  queue_.clear();
}

Value KeyspaceModel::AsOfNow(const Value& value) const {
  return value.expires_at_ms != 0 && value.expires_at_ms <= now_ms_ ? Value() : value;
}

Value& KeyspaceModel::Find(const std::string& name) {
  Value& value = state_[static_cast<size_t>(name[1] - '0')];
  value = AsOfNow(value);
  return value;
}

std::string KeyspaceModel::Answer(const Command& command) {
  if (command[0] == "MULTI") {
    in_transaction_ = true;
    return kOk;
  }
  if (command[0] == "DISCARD") {
    in_transaction_ = false;
    queue_.clear();
    return kOk;
  }
  if (command[0] == "EXEC") {
    in_transaction_ = false;
    std::string replies = "*" + std::to_string(queue_.size()) + "\r\n";
    for (const Command& queued : std::exchange(queue_, {})) replies += Run(queued);
    return replies;
  }
  if (!in_transaction_) return Run(command);
  queue_.push_back(command);
  return "+QUEUED\r\n";
}

std::string KeyspaceModel::Increment(Value* value, const std::string& by) {
  int64_t number = 0;
  int64_t change = 0;
  const bool is_number = !value->text || ToInteger(*value->text, &number);
  if (!ToInteger(by, &change) || !is_number)
    return "-ERR value is not an integer or out of range\r\n";
  if (__builtin_add_overflow(number, change, &number))
    return "-ERR increment or decrement would overflow\r\n";
  value->text = std::to_string(number);
  return Number(number);
}

std::string KeyspaceModel::Run(const Command& command) {
  const std::string& name = command[0];
  if (name == "FLUSHALL") {
    state_.assign(kKeys, {});
    return kOk;
  }
  Value& value = Find(command[1]);
  if (name == "GET") return value.text ? Bulk(*value.text) : kNil;
  if (name == "MGET") {
    const Value& other = Find(command[2]);
    return "*2\r\n" + (value.text ? Bulk(*value.text) : kNil) +
           (other.text ? Bulk(*other.text) : kNil);
  }
  if (name == "STRLEN") return Number(value.text ? static_cast<int64_t>(value.text->size()) : 0);
  if (name == "EXISTS") return Number((value.text ? 1 : 0) + (Find(command[2]).text ? 1 : 0));
  if (name == "INCRBY") return Increment(&value, command[2]);
  if (name == "SET") {
    value = {command[2], command.size() > 3 ? now_ms_ + std::stoll(command[4]) : 0};
    return kOk;
  }
  if (name == "SETNX") {
    if (value.text) return Number(0);
    value = {command[2]};
    return Number(1);
  }
  if (name == "GETDEL") {
    const Value old = std::exchange(value, {});
    return old.text ? Bulk(*old.text) : kNil;
  }
  if (name == "APPEND") {
    value.text = value.text.value_or("") + command[2];
    const auto size = static_cast<int64_t>(value.text->size());
    return Number(size);
  }
  if (name == "DEL") {
    int64_t gone = std::exchange(value, {}).text ? 1 : 0;
    gone += std::exchange(Find(command[2]), {}).text ? 1 : 0;
    return Number(gone);
  }
  if (name == "MSET" || name == "MSETNX") {
    Value& other = Find(command[3]);
    if (name == "MSETNX" && (value.text || other.text)) return Number(0);
    value = {command[2]};
    other = {command[4]};
    return name == "MSET" ? kOk : Number(1);
  }
  if (name == "RENAME") {
    if (!value.text) return "-ERR no such key\r\n";
    const Value moved = std::exchange(value, {});
    Find(command[2]) = moved;
    return kOk;
  }
  if (name == "COPY") {
    if (command[1] == command[2]) return "-ERR source and destination objects are the same\r\n";
    if (!value.text) return Number(0);
    Find(command[2]) = value;
    return Number(1);
  }
  if (name == "PEXPIRE") {
    if (!value.text) return Number(0);
    const int64_t ms = std::stoll(command[2]);
    if (ms <= 0) {
      value = {};
    } else {
      value.expires_at_ms = now_ms_ + ms;
    }
    return Number(1);
  }
  Require(name == "PERSIST", "the model knows the command", name);
  return Number(value.text && std::exchange(value.expires_at_ms, 0) != 0 ? 1 : 0);
}

}  // namespace tally::fuzz
