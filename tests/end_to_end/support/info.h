#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/end_to_end/support/client.h"

namespace tally::test {

/// A field of INFO everything as text; empty when there is none.
[[nodiscard]] std::string InfoField(Client* client, std::string_view name);
/// The same as a number; -1 when there is none.
[[nodiscard]] int64_t InfoNumber(Client* client, std::string_view name);
/// Whether it comes to be `value`, within a time that only a test on a busy machine needs.
[[nodiscard]] bool AwaitInfoField(Client* client, std::string_view name, std::string_view value);

}  // namespace tally::test
