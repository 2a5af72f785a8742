// The commands of the generator. Their arguments are made in command_arguments.cc, how they are sent is in
// command_generator.cc.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "tests/end_to_end/support/command_generator.h"
#include "tests/end_to_end/support/odd_arguments.h"

namespace tally::test {

using namespace std::string_literals;

void CommandGenerator::AppendExpiryOption(Arguments* command) {
  if (Chance(50)) {
    command->push_back(AnyCase(Pick(std::array{"EX", "PX"})));
    command->push_back(RelativeExpiry());
  } else {
    command->push_back(AnyCase(Pick(std::array{"EXAT", "PXAT"})));
    command->push_back(AbsoluteExpiry());
  }
}

void CommandGenerator::AppendKeys(Arguments* command, uint64_t least) {
  const uint64_t count = least + Below(6);
  for (uint64_t i = 0; i < count; ++i) command->push_back(Key());
}

void CommandGenerator::AppendScanOption(Arguments* command) {
  switch (Below(3)) {
    case 0:
      command->push_back(AnyCase("COUNT"));
      command->push_back(Pick(std::array{"1", "2", "3", "10", "1000"}));
      break;
    case 1:
      command->push_back(AnyCase("MATCH"));
      command->push_back(Pattern());
      break;
    default:
      command->push_back(AnyCase("TYPE"));
      command->push_back(AnyCase(Pick(std::array{"string", "list", "nosuch"})));
  }
}

CommandGenerator::Commands CommandGenerator::Some() {
  const uint64_t dice = Below(100);
  Commands commands;
  if (dice < 20) {
    commands = StringCommand();
  } else if (dice < 24) {
    commands = RangeCommand();
  } else if (dice < 30) {
    commands = Chance(70) ? BitCommand() : BitFieldCommand();
  } else if (dice < 48) {
    commands = CounterCommand();
  } else if (dice < 57) {
    commands = MultiKeyCommand();
  } else if (dice < 61) {
    commands = TransferCommand();
  } else if (dice < 63) {
    commands = KeyCommand();
  } else if (dice < 65) {
    commands = WalkCommand();
  } else if (dice < 67) {
    commands = ObjectCommand();
  } else if (dice < 70) {
    commands = DumpCommand();
  } else if (dice < 80) {
    commands = ExpiryCommand();
  } else if (dice < 84) {
    commands = DatabaseCommand();
  } else if (dice < 87) {
    commands = ConnectionCommand();
  } else if (dice < 91) {
    return ClientCommand();
  } else if (dice < 94) {
    commands = CommandCommand();
  } else if (dice < 97) {
    commands = ConfigCommand();
  } else if (dice < 98) {
    return ServerCommand();
  } else {
    return UnknownCommand();
  }
  if (Chance(4)) Garble(&commands);
  return commands;
}

void CommandGenerator::Garble(Commands* commands) {
  Arguments& command = commands->back();
  // COMMAND and COMMAND INFO without names describe all commands: never the same.
  const bool describes = command.size() <= 3 && (command[0][0] | 0x20) == 'c';
  if (Chance(50) && command.size() > 1 && !describes) {
    command.pop_back();
  } else {
    command.push_back(Chance(50) ? "extra" : "");
  }
}

CommandGenerator::Commands CommandGenerator::StringCommand() {
  switch (Below(14)) {
    case 0:
    case 1:
      return {{AnyCase("GET"), Key()}};
    case 2:
    case 3:
      return {{AnyCase("SET"), Key(), Value()}};
    case 4:
    case 5: {
      Arguments command = {AnyCase("SET"), Key(), Value()};
      const uint64_t options = 1 + Below(3);
      for (uint64_t i = 0; i < options; ++i) {
        if (Chance(40)) {
          AppendExpiryOption(&command);
        } else {
          command.push_back(AnyCase(Pick(std::array{"NX", "XX", "GET", "KEEPTTL", "PERSIST"})));
        }
      }
      if (Chance(5)) command.push_back(Pick(std::array{"EX", "PXAT", "FOO", ""}));
      return {command};
    }
    case 6:
      return {{AnyCase("SETNX"), Key(), Value()}};
    case 7:
      return {{AnyCase(Pick(std::array{"SETEX", "PSETEX"})), Key(), RelativeExpiry(), Value()}};
    case 8:
      return {{AnyCase("GETSET"), Key(), Value()}};
    case 9:
      return {{AnyCase("GETDEL"), Key()}};
    case 10:
    case 11: {
      Arguments command = {AnyCase("GETEX"), Key()};
      if (Chance(60)) AppendExpiryOption(&command);
      if (Chance(30)) command.push_back(AnyCase("PERSIST"));
      if (Chance(5)) command.push_back(Pick(std::array{"EX", "KEEPTTL", "NX", "FOO"}));
      return {command};
    }
    case 12:
      return {{AnyCase("APPEND"), Key(), Value()}};
    default:
      return {{AnyCase("STRLEN"), Key()}};
  }
}

CommandGenerator::Commands CommandGenerator::CounterCommand() {
  switch (Below(6)) {
    case 0:
      return {{AnyCase("INCR"), Key()}};
    case 1:
      return {{AnyCase("DECR"), Key()}};
    case 2:
      return {{AnyCase("INCRBY"), Key(), Integer()}};
    case 3:
      return {{AnyCase("DECRBY"), Key(), Integer()}};
    case 4:
      return {{AnyCase("INCRBYFLOAT"), Key(), Float()}};
    default:
      return {{AnyCase("SET"), Key(), Chance(70) ? Integer() : Float()}};
  }
}

CommandGenerator::Commands CommandGenerator::TransactionCommand() {
  const uint64_t dice = Below(100);
  if (dice < 30) return StringCommand();
  if (dice < 55) return CounterCommand();
  if (dice < 67) return MultiKeyCommand();
  if (dice < 75) return TransferCommand();
  if (dice < 82) return DatabaseCommand();
  if (dice < 88) return KeyCommand();
  if (dice < 92) return {{"ECHO", Value()}};
  if (dice < 93) return UnknownCommand();
  // Refused in a transaction, or not what they are outside. (SHUTDOWN would be one day too many.)
  return {{AnyCase(Pick(std::array{"MULTI", "UNWATCH", "SAVE", "WATCH", "EXEC"}))}};
}

CommandGenerator::Commands CommandGenerator::MultiKeyCommand() {
  Arguments command;
  switch (Below(7)) {
    case 0:
    case 1: {
      command = {AnyCase(Pick(std::array{"MSET", "MSETNX"}))};
      const uint64_t pairs = 1 + Below(5);
      for (uint64_t i = 0; i < pairs; ++i) {
        command.push_back(Key());
        command.push_back(Value());
      }
      return {command};
    }
    case 2:
      command = {AnyCase("MGET")};
      break;
    case 3:
      command = {AnyCase("DEL")};
      break;
    case 4:
      command = {AnyCase("UNLINK")};
      break;
    case 5:
      command = {AnyCase("EXISTS")};
      break;
    default:
      command = {AnyCase("TOUCH")};
      break;
  }
  AppendKeys(&command, Chance(97) ? 1 : 0);
  return {command};
}

CommandGenerator::Commands CommandGenerator::KeyCommand() {
  switch (Below(4)) {
    case 0:
      return {{AnyCase("TYPE"), Key()}};
    case 1:
      return {{AnyCase("EXISTS"), Key()}};
    case 2:
      return {{AnyCase("PERSIST"), Key()}};
    default:
      return {{AnyCase("DEL"), Key()}};
  }
}

// The value is set first: what Redis says of one that APPEND or INCRBYFLOAT left is another thing (see
// kKnownDifferences of the test).
CommandGenerator::Commands CommandGenerator::ObjectCommand() {
  const std::string key = Key();
  switch (Below(6)) {
    case 0:
      return {{"SET", key, Value()},
              {AnyCase("OBJECT"), AnyCase(Pick(std::array{"ENCODING", "REFCOUNT"})), key}};
    case 1:
      return {{"SET", key, std::to_string(9990 + Below(20))},
              {"INCR", key},
              {AnyCase("OBJECT"), AnyCase(Pick(std::array{"ENCODING", "REFCOUNT"})), key}};
    case 2:
      return {{AnyCase("OBJECT"), AnyCase(Pick(std::array{"FREQ", "IDLETIME"})), key}};
    case 3: {
      Arguments command = {AnyCase("MEMORY"), AnyCase("USAGE"), key};
      if (Chance(30)) {
        command.push_back(AnyCase("SAMPLES"));
        command.push_back(Integer());
      }
      return {{"EXISTS", key}, command};  // Redis tells of what has expired until it is touched
    }
    default:
      return {Pick(ObjectCommands())};
  }
}

CommandGenerator::Commands CommandGenerator::ExpiryCommand() {
  if (Chance(45)) {
    return {{AnyCase(Pick(std::array{"TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"})), Key()}};
  }
  const bool relative = Chance(50);
  Arguments command = {AnyCase(relative ? Pick(std::array{"EXPIRE", "PEXPIRE"})
                                        : Pick(std::array{"EXPIREAT", "PEXPIREAT"})),
                       Key(), relative ? RelativeExpiry() : AbsoluteExpiry()};
  const uint64_t options = Chance(50) ? 0 : 1 + Below(2);
  for (uint64_t i = 0; i < options; ++i) {
    command.push_back(AnyCase(Pick(std::array{"NX", "XX", "GT", "LT", "FOO"})));
    // Equal relative expiries are not equal times: what GT says of them depends on the clock.
    if (relative) command[2] = DistinctExpiry();
  }
  return {command};
}

CommandGenerator::Commands CommandGenerator::DatabaseCommand() {
  switch (Below(9)) {
    case 0: {
      Arguments command = {AnyCase(Pick(std::array{"FLUSHDB", "FLUSHALL"}))};
      if (Chance(50)) command.push_back(AnyCase(Pick(std::array{"SYNC", "ASYNC", "FOO", ""})));
      return {command};
    }
    case 1:
    case 2:
      return {{AnyCase("SELECT"), Database()}};
    case 3: {
      const std::string indexes[] = {Database(), Chance(95) ? Database() : "3000000000"};
      return {{AnyCase("SWAPDB"), indexes[0], indexes[1]}};
    }
    default: {
      // Redis counts what has expired until it is touched.
      Arguments touch = {"EXISTS"};
      for (const std::string& key : Keys()) touch.push_back(key);
      return {touch, {AnyCase("DBSIZE")}};
    }
  }
}

// Whole scans are units of their own (WholeScan): what single ones answer cannot be compared.
CommandGenerator::Commands CommandGenerator::WalkCommand() {
  switch (Below(6)) {
    case 0:
    case 1:
      return {{AnyCase("KEYS"), Pattern()}};
    case 2:
      return {{AnyCase("RANDOMKEY")}};
    case 3: {
      Arguments command = {AnyCase("SCAN"), "0"};
      const uint64_t options = Below(3);
      for (uint64_t i = 0; i < options; ++i) AppendScanOption(&command);
      return {command};
    }
    default: {
      // Redis takes a cursor for its part before a NUL.
      std::string cursor = Chance(70) ? Integer() : "0";
      if (cursor.find('\0') != std::string::npos) cursor = "1";
      Arguments command = {AnyCase("SCAN"), std::move(cursor)};
      if (Chance(50)) AppendScanOption(&command);
      if (Chance(50)) {
        command.push_back(AnyCase(Pick(std::array{"COUNT", "MATCH", "TYPE", "FOO", ""})));
        if (Chance(80)) command.push_back(Integer());
      }
      return {command};
    }
  }
}

CommandGenerator::Commands CommandGenerator::ConnectionCommand() {
  switch (Below(6)) {
    case 0:
      return {{AnyCase("PING")}};
    case 1:
      return {{AnyCase("PING"), Value()}};
    case 2:
      return {{AnyCase("ECHO"), Value()}};
    case 3:
      return {{AnyCase("AUTH"), Value()}};
    case 4:
      return {{AnyCase("AUTH"), Chance(50) ? "default" : "nobody", Value()}};
    default:
      return {{AnyCase("AUTH"), "default", "x", "y"}};
  }
}

CommandGenerator::Commands CommandGenerator::ClientCommand() {
  if (Chance(25)) return {{AnyCase("CLIENT"), AnyCase("SETNAME"), ClientName()}};
  if (Chance(30)) return {{AnyCase("CLIENT"), AnyCase("GETNAME")}};
  return {Pick(ClientCommands())};
}

CommandGenerator::Commands CommandGenerator::CommandCommand() {
  switch (Below(9)) {
    case 0:
    case 1:
    case 2: {
      Arguments command = {AnyCase("COMMAND"), AnyCase("INFO")};
      const uint64_t count = 1 + Below(3);
      for (uint64_t i = 0; i < count; ++i) {
        command.push_back(AnyCase(Pick(Chance(70) ? CommandNames() : AdministrationNames())));
      }
      return {command};
    }
    case 3:
    case 4: {
      Arguments command = {AnyCase("COMMAND"),
                           Pick(std::array{"GETKEYS", "getkeys", "GETKEYSANDFLAGS"})};
      for (const std::string& argument : Pick(CommandsWithKeys())) command.push_back(argument);
      return {command};
    }
    case 5:
      return {{"COMMAND", "LIST", "FILTERBY", Pick(std::array{"MODULE", "FOO"}), "nosuch"}};
    case 6:
      return {{"COMMAND", "LIST", "FILTERBY", "PATTERN",
               Pick(std::array{"getd*", "GETD*", "incrby?loat", "[pq]ersist", "nosuch*", ""})}};
    case 7:
      return {{"COMMAND", Pick(std::array{"COUNT", "DOCS", "LIST", "FOO", ""}),
               Pick(std::array{"no-such-command", "x"})}};
    default:
      return {{"COMMAND", Pick(std::array{"COUNT", "GETKEYS", "FOO", "GETKEYSANDFLAGS"})}};
  }
}

CommandGenerator::Commands CommandGenerator::ConfigCommand() {
  Arguments command = Pick(ConfigCommands());
  command[0] = AnyCase(command[0]);
  return {command};
}

CommandGenerator::Commands CommandGenerator::ServerCommand() {
  if (Chance(50)) return {Pick(AdministrationCommands())};
  return {Pick(Chance(60) ? ServerCommands() : DebugCommands())};
}

CommandGenerator::Commands CommandGenerator::UnknownCommand() {
  Arguments command = {
      Pick(std::array{"FOO"s, "foo bar"s, ""s, "GETT"s, " GET"s, "GET "s, "cr\r\nlf"s, "\xff"s,
                      std::string(300, 'n'), "*1"s, "GE\0T"s})};
  const uint64_t count = Below(5);
  for (uint64_t i = 0; i < count; ++i) command.push_back(Value());
  return {command};
}

}  // namespace tally::test
