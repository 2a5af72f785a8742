#include "server/key_events.h"

#include <array>

#include <fmt/format.h>

#include "storage/database_map.h"

namespace tally::server {

namespace {

struct Letter {
  char letter;
  KeyEventKind kind;
};

// In the order in which CONFIG GET tells them.
constexpr std::array kKindLetters{
    Letter{'g', kGenericEvent}, Letter{'$', kStringEvent},  Letter{'l', kListEvent},
    Letter{'s', kSetEvent},     Letter{'h', kHashEvent},    Letter{'z', kSortedSetEvent},
    Letter{'x', kExpiredEvent}, Letter{'e', kEvictedEvent}, Letter{'t', kStreamEvent},
    Letter{'d', kModuleEvent},  Letter{'n', kNewEvent}};
constexpr std::array kLastLetters{Letter{'K', kOnKeyChannels}, Letter{'E', kOnEventChannels},
                                  Letter{'m', kMissEvent}};

std::optional<uint32_t> KindsOf(char letter) {
  if (letter == 'A') return kAllEvents;
  for (const Letter& known : kKindLetters) {
    if (known.letter == letter) return known.kind;
  }
  for (const Letter& known : kLastLetters) {
    if (known.letter == letter) return known.kind;
  }
  return std::nullopt;
}

std::string ChannelOf(std::string_view prefix, int database, std::string_view rest) {
  return fmt::format("{}{}__:{}", prefix, database, rest);
}

}  // namespace

std::optional<uint32_t> ParseKeyEventKinds(std::string_view letters) {
  uint32_t kinds = 0;
  for (const char letter : letters) {
    const std::optional<uint32_t> more = KindsOf(letter);
    if (!more) return std::nullopt;
    kinds |= *more;
  }
  return kinds;
}

std::string KeyEventLetters(uint32_t kinds) {
  std::string letters;
  if ((kinds & kAllEvents) == kAllEvents) {
    letters.push_back('A');
  } else {
    for (const Letter& known : kKindLetters) {
      if ((kinds & known.kind) != 0) letters += known.letter;
    }
  }
  for (const Letter& known : kLastLetters) {
    if ((kinds & known.kind) != 0) letters += known.letter;
  }
  return letters;
}

void KeyEvents::Add(KeyEventKind kind, std::string_view event, std::string_view key, int database) {
  const uint32_t kinds = wanted();
  if ((kinds & kind) == 0) return;
  if ((kinds & kOnKeyChannels) != 0) {
    publications_.push_back(
        {.channel = ChannelOf("__keyspace@", database, key), .payload = std::string(event)});
  }
  if ((kinds & kOnEventChannels) != 0) {
    publications_.push_back(
        {.channel = ChannelOf("__keyevent@", database, event), .payload = std::string(key)});
  }
}

void KeyEvents::OnExpired(const storage::DatabaseMap& map, int stored_database,
                          std::string_view name) {
  if ((wanted() & kExpiredEvent) == 0) return;
  Add(kExpiredEvent, "expired", name, map.OwnerOf(stored_database));
}

}  // namespace tally::server
