// The generator's commands that take values to other keys, databases and servers.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/dump_payload.h"
#include "tests/end_to_end/support/command_generator.h"

namespace tally::test {

CommandGenerator::Commands CommandGenerator::TransferCommand() {
  switch (Below(6)) {
    case 0:
    case 1:
      return {{AnyCase("RENAME"), Key(), Key()}};
    case 2:
      return {{AnyCase("RENAMENX"), Key(), Key()}};
    case 3:
      return {{AnyCase("MOVE"), Key(), Database()}};
    default: {
      Arguments command = {AnyCase("COPY"), Key(), Key()};
      const uint64_t options = Below(3);
      for (uint64_t i = 0; i < options; ++i) {
        if (Chance(50)) {
          command.push_back(AnyCase("REPLACE"));
        } else {
          command.push_back(AnyCase("DB"));
          command.push_back(Chance(95) ? Database() : "3000000000");
        }
      }
      if (Chance(5)) command.push_back(Pick(std::array{"DB", "FOO", "", "NX"}));
      return {command};
    }
  }
}

CommandGenerator::Commands CommandGenerator::DumpCommand() {
  if (Chance(40)) return {{AnyCase("DUMP"), Key()}};
  std::string payload = protocol::DumpString(Value());
  if (Chance(5)) payload[Below(payload.size())] ^= 4;
  if (Chance(5)) payload.resize(Below(payload.size()));
  if (Chance(2)) payload = Value();
  const bool is_absolute = Chance(30);
  Arguments command = {AnyCase("RESTORE"), Key(),
                       Chance(50)    ? "0"
                       : is_absolute ? AbsoluteExpiry()
                                     : RelativeExpiry(),
                       std::move(payload)};
  if (is_absolute) command.push_back(AnyCase("ABSTTL"));
  if (Chance(60)) command.push_back(AnyCase("REPLACE"));
  const uint64_t options = Chance(70) ? 0 : 1 + Below(2);
  for (uint64_t i = 0; i < options; ++i) {
    command.push_back(AnyCase(Pick(std::array{"IDLETIME", "FREQ", "FOO"})));
    command.push_back(Chance(50) ? std::to_string(Below(300)) : Integer());
  }
  return {command};
}

}  // namespace tally::test
