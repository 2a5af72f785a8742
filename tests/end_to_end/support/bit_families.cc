// The generator's commands on parts of strings and on their bits.

#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "tests/end_to_end/support/command_generator.h"

namespace tally::test {

// Near, or beyond every string: what lies between would make strings of megabytes. Not "#" and a number whose
// product does not fit an int64: Redis takes what is left of it.
std::string CommandGenerator::BitOffset() {
  if (Chance(80)) return std::to_string(Below(400));
  return Pick(std::array{"0", "7", "8", "-1", "4294967296", "9223372036854775807", "abc", "", "1.5",
                         "#0", "#3", "#x", "#-1", "#", "+1", "01"});
}

CommandGenerator::Commands CommandGenerator::RangeCommand() {
  switch (Below(6)) {
    case 0:
    case 1:
      return {{AnyCase(Pick(std::array{"GETRANGE", "SUBSTR"})), Key(), Integer(), Integer()}};
    case 2:
    case 3: {
      const std::string offset =
          Chance(80) ? std::to_string(Below(60))
                     : Pick(std::array{"-1", "536870912", "9223372036854775807", "abc", "", "01"});
      const std::string value = Chance(50) ? std::to_string(Below(100)) : Value();
      return {{AnyCase("SETRANGE"), Key(), offset, value}};
    }
    default: {
      Arguments command = {AnyCase("LCS"), Key(), Key()};
      const uint64_t options = Below(4);
      for (uint64_t i = 0; i < options; ++i) {
        const std::string_view word =
            Pick(std::array{"IDX", "IDX", "LEN", "WITHMATCHLEN", "MINMATCHLEN", "FOO"});
        command.push_back(AnyCase(word));
        if (word == "MINMATCHLEN")
          command.push_back(Chance(70) ? std::to_string(Below(5)) : Integer());
      }
      // Long values would take whole seconds.
      Commands commands = {command};
      if (Chance(70)) {
        for (size_t i = 1; i <= 2; ++i) {
          std::string value;
          for (uint64_t left = Below(30); left > 0; --left) {
            value += static_cast<char>('a' + Below(4));
          }
          commands.insert(commands.begin(), {"SET", command[i], value});
        }
      }
      return commands;
    }
  }
}

CommandGenerator::Commands CommandGenerator::BitCommand() {
  Arguments command;
  switch (Below(6)) {
    case 0:
    case 1:
      return {{AnyCase("SETBIT"), Key(), BitOffset(),
               Chance(90) ? std::to_string(Below(2)) : Pick(std::array{"2", "-1", "x", ""})}};
    case 2:
      return {{AnyCase("GETBIT"), Key(), BitOffset()}};
    case 3:
      command = {AnyCase("BITCOUNT"), Key()};
      break;
    case 4:
      command = {AnyCase("BITPOS"), Key(),
                 Chance(90) ? std::to_string(Below(2)) : Pick(std::array{"2", "-1", "x", ""})};
      break;
    default: {
      command = {AnyCase("BITOP"), AnyCase(Pick(std::array{"AND", "OR", "XOR", "NOT", "FOO"})),
                 Key()};
      const uint64_t sources = command[1].size() == 3 && Chance(50) ? 1 : 1 + Below(4);
      for (uint64_t i = 0; i < sources; ++i) command.push_back(Key());
      return {command};
    }
  }
  const uint64_t more = Below(4);
  for (uint64_t i = 0; i < more; ++i) {
    if (i < 2) {
      command.push_back(Chance(70) ? std::to_string(static_cast<int64_t>(Below(60)) - 30)
                                   : Integer());
    } else {
      command.push_back(AnyCase(Pick(std::array{"BIT", "BYTE", "FOO"})));
    }
  }
  return {command};
}

CommandGenerator::Commands CommandGenerator::BitFieldCommand() {
  Arguments command = {AnyCase(Chance(80) ? "BITFIELD" : "BITFIELD_RO"), Key()};
  const uint64_t steps = Below(5);
  for (uint64_t i = 0; i < steps; ++i) {
    if (Chance(30)) {
      command.push_back(AnyCase("OVERFLOW"));
      command.push_back(AnyCase(Chance(95) ? Pick(std::array{"WRAP", "SAT", "FAIL"}) : "FOO"));
    }
    const std::string_view word = Chance(97) ? Pick(std::array{"GET", "SET", "INCRBY"}) : "FOO";
    command.push_back(AnyCase(word));
    command.push_back(Chance(90)
                          ? fmt::format("{}{}", Chance(50) ? 'i' : 'u', 1 + Below(63))
                          : Pick(std::array{"u64", "i64", "i65", "i0", "u08", "x8", "", "8"}));
    command.push_back(Chance(30) ? fmt::format("#{}", Below(10)) : BitOffset());
    if (word != "GET") command.push_back(Integer());
  }
  return {command};
}

}  // namespace tally::test
