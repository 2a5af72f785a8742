// The units: how commands are put together and sent. The commands themselves are in
// command_families.cc.

#include "tests/end_to_end/support/command_generator.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "tests/end_to_end/support/odd_arguments.h"

namespace tally::test {
namespace {

constexpr uint64_t kMostPipelined = 40;
constexpr auto kBeyondShortExpiry = std::chrono::milliseconds(40);
constexpr auto kBeyondPause = std::chrono::milliseconds(250);
constexpr size_t kMostCutBytes = 300;  // a unit longer than it is not sent byte by byte

}  // namespace

CommandGenerator::CommandGenerator(uint64_t seed, int resp_version)
    : random_(seed), resp_version_(resp_version) {}

uint64_t CommandGenerator::Below(uint64_t limit) { return random_() % limit; }

std::vector<Arguments> CommandGenerator::Greeting() const {
  if (resp_version_ == 2) return {};
  return {{"HELLO", std::to_string(resp_version_)}};
}

Unit CommandGenerator::Next() {
  const uint64_t dice = Below(1000);
  if (dice < 20) return WholeScan();
  if (dice < 640) return FromCommands(Some());
  if (dice < 700) return Transaction();
  if (dice < 850) return Pipeline();
  if (dice < 870) return ShortExpiry();
  if (dice < 890) return Handshake();
  if (dice < 910) return SuppressedReplies();
  if (dice < 935) return Inline();
  if (dice < 965) return OddInput();
  if (dice < 995) return Mutated();
  return Quit();
}

Unit CommandGenerator::FromCommands(Commands commands) {
  Unit unit;
  unit.commands = std::move(commands);
  for (const Arguments& command : unit.commands) {
    unit.bytes += EncodeCommand(command);
    // What waits for the end of a pause (Redis looks ten times a second) may be lost at a close.
    if (command.size() > 1 && command[1] == "PAUSE") unit.sleep_after = kBeyondPause;
  }
  if (Chance(10)) unit.cuts = Cuts(unit.bytes.size());
  return unit;
}

std::vector<size_t> CommandGenerator::Cuts(size_t size_bytes) {
  std::vector<size_t> cuts;
  if (size_bytes < 2) return cuts;
  if (size_bytes <= kMostCutBytes && Chance(5)) {
    for (size_t i = 1; i < size_bytes; ++i) cuts.push_back(i);
    return cuts;
  }
  const uint64_t count = 1 + Below(6);
  for (uint64_t i = 0; i < count; ++i) cuts.push_back(1 + Below(size_bytes - 1));
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  return cuts;
}

Unit CommandGenerator::Pipeline() {
  Commands all;
  const uint64_t count = 2 + Below(kMostPipelined - 1);
  while (all.size() < count) {
    for (Arguments& command : Some()) all.push_back(std::move(command));
  }
  Unit unit = FromCommands(std::move(all));
  if (Chance(50)) unit.cuts = Cuts(unit.bytes.size());
  return unit;
}

// EXEC's reply is compared whole: commands whose replies may differ are left out.
Unit CommandGenerator::Transaction() {
  Commands commands;
  if (Chance(40)) {
    Arguments watch = {AnyCase("WATCH")};
    AppendKeys(&watch, 1);
    commands.push_back(std::move(watch));
  }
  if (Chance(20)) commands.push_back(CounterCommand().front());
  if (Chance(95)) commands.push_back({AnyCase("MULTI")});
  const uint64_t count = Below(8);
  for (uint64_t i = 0; i < count; ++i) {
    Commands some = TransactionCommand();
    if (Chance(3)) Garble(&some);
    for (Arguments& command : some) commands.push_back(std::move(command));
  }
  const uint64_t dice = Below(100);
  if (dice < 85) {
    commands.push_back({AnyCase("EXEC")});
  } else if (dice < 95) {
    commands.push_back({AnyCase("DISCARD")});
  } else {
    commands.push_back({"EXEC", "extra"});
  }
  commands.push_back({"UNWATCH"});
  return FromCommands(std::move(commands));
}

Unit CommandGenerator::ShortExpiry() {
  const std::string milliseconds = std::to_string(1 + Below(20));
  Arguments command;
  switch (Below(5)) {
    case 0:
      command = {"SET", Key(), Value(), "PX", milliseconds};
      break;
    case 1:
      command = {"PSETEX", Key(), milliseconds, Value()};
      break;
    case 2:
      command = {"PEXPIRE", Key(), milliseconds};
      break;
    case 3:
      command = {"GETEX", Key(), "PX", milliseconds};
      break;
    default:
      command = {"SET", Key(), Value(), "GET", "PX", milliseconds};
      break;
  }
  Unit unit = FromCommands({std::move(command)});
  unit.cuts.clear();
  unit.sleep_after = kBeyondShortExpiry;
  return unit;
}

Unit CommandGenerator::Handshake() {
  Commands commands;
  switch (Below(15)) {
    case 0:
      commands = {{"HELLO"}};
      break;
    case 1:
      commands = {{"HELLO", "2"}};
      break;
    case 2:
      commands = {{"HELLO", "3"}};
      break;
    case 3:
      commands = {{"HELLO", Pick(std::array{"0", "1", "4", "-1", "abc", "", "3.0", "03"})}};
      break;
    case 4:
      commands = {{"HELLO", "3", "SETNAME", ClientName()}, {"CLIENT", "GETNAME"}};
      break;
    case 5:
      commands = {{"HELLO", "2", "AUTH", "default", Value()}};
      break;
    case 6:
      commands = {{"HELLO", "3", "AUTH", "nobody", "secret"}};
      break;
    case 7:
      commands = {{"HELLO", "3", "AUTH", "default"}};
      break;
    case 8:
      commands = {{"HELLO", "3", "SETNAME"}};
      break;
    case 9:
      commands = {{"HELLO", "3", Value()}};
      break;
    case 10: {
      Arguments both = {"HELLO", "2", "AUTH", "default", "x", "SETNAME", ClientName()};
      commands = {both, {"CLIENT", "GETNAME"}};
      break;
    }
    case 11: {
      Arguments both = {"HELLO", "3", "SETNAME", ClientName(), "AUTH", "nobody", "x"};
      commands = {both, {"CLIENT", "GETNAME"}};
      break;
    }
    default:
      commands = {{"RESET"}, {"CLIENT", "GETNAME"}, {"GET", Key()}};
      break;
  }
  commands.push_back({"HELLO", std::to_string(resp_version_)});
  return FromCommands(std::move(commands));
}

Unit CommandGenerator::SuppressedReplies() {
  Commands commands;
  if (Chance(50)) {
    commands.push_back({"CLIENT", "REPLY", AnyCase("OFF")});
    const uint64_t count = Below(5);
    for (uint64_t i = 0; i < count; ++i) commands.push_back(CounterCommand().front());
    commands.push_back({"CLIENT", "REPLY", "ON"});
  } else {
    commands.push_back({"CLIENT", "REPLY", AnyCase("SKIP")});
    commands.push_back(CounterCommand().front());
  }
  commands.push_back({"GET", Key()});
  Unit unit = FromCommands(std::move(commands));
  unit.mode = ReplyMode::kUntilMarker;
  return unit;
}

Unit CommandGenerator::WholeScan() {
  Arguments command = {AnyCase("SCAN"), "0"};
  const uint64_t options = Below(3);
  for (uint64_t i = 0; i < options; ++i) AppendScanOption(&command);
  Unit unit = FromCommands({std::move(command)});
  unit.mode = ReplyMode::kScan;
  return unit;
}

Unit CommandGenerator::Inline() {
  Unit unit;
  const uint64_t count = 1 + Below(5);
  for (uint64_t i = 0; i < count; ++i) {
    Arguments command = Chance(50) ? StringCommand().front() : CounterCommand().front();
    std::string line;
    for (const std::string& argument : command) {
      if (!line.empty()) line += Pick(std::array{" ", "  ", "\t", " \t "});
      if (argument.size() > 1000) {
        line += 'x';
        continue;
      }
      line += '"';
      for (const char c : argument) line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
      line += '"';
    }
    unit.bytes += line + Pick(std::array{"\r\n", "\n", " \r\n"});
    unit.commands.push_back(std::move(command));
    if (Chance(10)) unit.bytes += Pick(std::array{"\r\n", "\n", "  \r\n"});
  }
  unit.mode = ReplyMode::kUntilMarker;
  if (Chance(50)) unit.cuts = Cuts(unit.bytes.size());
  return unit;
}

Unit CommandGenerator::OddInput() {
  Unit unit;
  unit.bytes = Pick(OddInputs());
  unit.mode = ReplyMode::kUntilClosed;
  if (Chance(30)) unit.cuts = Cuts(unit.bytes.size());
  return unit;
}

Unit CommandGenerator::Mutated() {
  Commands commands;
  const uint64_t count = 1 + Below(4);
  for (uint64_t i = 0; i < count; ++i) {
    // No NUL either (see kKnownDifferences of the test): a cut-short length would let it out.
    static const std::vector<std::string> keys = {"a",    "b",     "counter",
                                                  "{t}1", "x{t}y", "key\r\n\xff"};
    switch (Below(4)) {
      case 0:
        commands.push_back({"SET", Pick(keys), std::to_string(Below(1000))});
        break;
      case 1:
        commands.push_back({"GET", Pick(keys)});
        break;
      case 2:
        commands.push_back({"INCR", Pick(keys)});
        break;
      default:
        commands.push_back({"MSET", Pick(keys), "1", Pick(keys), "2"});
        break;
    }
  }
  Unit unit = FromCommands(std::move(commands));
  unit.mode = ReplyMode::kUntilClosed;
  // No letters among the new bytes: they could make it another command, one that Tally lacks.
  static constexpr std::string_view kBytes = "\r\n $*-0123456789\"'\xff:+";
  const uint64_t mutations = 1 + Below(3);
  for (uint64_t i = 0; i < mutations; ++i) {
    const size_t at = Below(unit.bytes.size());
    const char byte = kBytes[Below(kBytes.size())];
    switch (Below(3)) {
      case 0:
        unit.bytes[at] = byte;
        break;
      case 1:
        unit.bytes.insert(at, 1, byte);
        break;
      default:
        unit.bytes.erase(at, 1);
        break;
    }
  }
  unit.cuts = Chance(30) ? Cuts(unit.bytes.size()) : std::vector<size_t>{};
  return unit;
}

Unit CommandGenerator::Quit() {
  Unit unit = FromCommands({{"SET", Key(), Value()}, {AnyCase("QUIT")}, {"SET", Key(), "late"}});
  if (Chance(30)) unit.bytes = "GET a\r\nQUIT\r\nSET a late\r\n";
  unit.mode = ReplyMode::kUntilClosed;
  unit.cuts.clear();
  return unit;
}

}  // namespace tally::test
