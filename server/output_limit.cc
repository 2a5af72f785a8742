#include "server/output_limit.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command.h"
#include "server/memory_size.h"
#include "server/words.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

constexpr size_t kWordsOfAClass = 4;
constexpr int64_t kMaxSeconds = std::numeric_limits<int>::max();

OutputBounds* OfClass(std::string_view name, OutputBoundsByClass* bounds) {
  if (EqualsIgnoreCase(name, "normal")) return &bounds->normal;
  if (EqualsIgnoreCase(name, "slave") || EqualsIgnoreCase(name, "replica")) return &bounds->slave;
  return EqualsIgnoreCase(name, "pubsub") ? &bounds->pubsub : nullptr;
}

uint64_t BytesOrMax(uint64_t bytes) {
  return bytes == 0 ? std::numeric_limits<uint64_t>::max() : bytes;
}

}  // namespace

uint64_t OutputBoundsByClass::SmallestBytes() const {
  return std::min({BytesOrMax(normal.hard_bytes), BytesOrMax(normal.soft_bytes),
                   BytesOrMax(pubsub.hard_bytes), BytesOrMax(pubsub.soft_bytes)});
}

std::string ReadOutputBounds(std::string_view text, OutputBoundsByClass* bounds) {
  const std::vector<std::string_view> words = Words(text);
  if (words.size() % kWordsOfAClass != 0) return std::string(errors::kConfigBoundsWords);
  OutputBoundsByClass read = *bounds;
  for (size_t i = 0; i < words.size(); i += kWordsOfAClass) {
    OutputBounds* const of_class = OfClass(words[i], &read);
    if (of_class == nullptr) return std::string(errors::kConfigBoundsClass);
    const std::optional<uint64_t> hard = ParseMemorySize(words[i + 1]);
    const std::optional<uint64_t> soft = ParseMemorySize(words[i + 2]);
    const std::optional<int64_t> seconds = protocol::ParseInt64(words[i + 3]);
    if (!hard || !soft || !seconds || *seconds < 0 || *seconds > kMaxSeconds) {
      return std::string(errors::kConfigBoundsValue);
    }
    *of_class = {*hard, *soft, static_cast<uint64_t>(*seconds)};
  }
  *bounds = read;
  return {};
}

std::string OutputBoundsText(const OutputBoundsByClass& bounds) {
  const auto text = [](std::string_view name, const OutputBounds& of_class) {
    return fmt::format("{} {} {} {}", name, of_class.hard_bytes, of_class.soft_bytes,
                       of_class.soft_seconds);
  };
  return text("normal", bounds.normal) + ' ' + text("slave", bounds.slave) + ' ' +
         text("pubsub", bounds.pubsub);
}

}  // namespace tally::server
