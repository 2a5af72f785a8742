#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/publication.h"
#include "storage/expiry_listener.h"

namespace tally::server {

/// What notify-keyspace-events may name, one bit each: where events are published, and which.
enum KeyEventKind : uint32_t {
  kOnKeyChannels = 1u << 0,    ///< K: to __keyspace@<database>__:<key>, the event's name
  kOnEventChannels = 1u << 1,  ///< E: to __keyevent@<database>__:<event>, the key's name
  kGenericEvent = 1u << 2,     ///< g
  kStringEvent = 1u << 3,      ///< $
  kListEvent = 1u << 4,        ///< l: of this type there are no keys, nor of the next three
  kSetEvent = 1u << 5,         ///< s
  kHashEvent = 1u << 6,        ///< h
  kSortedSetEvent = 1u << 7,   ///< z
  kExpiredEvent = 1u << 8,     ///< x
  kEvictedEvent = 1u << 9,     ///< e: never, since what leaves memory is not gone
  kStreamEvent = 1u << 10,     ///< t: nor of this
  kModuleEvent = 1u << 11,     ///< d: nor of this
  kMissEvent = 1u << 12,       ///< m: a reading command found no key
  kNewEvent = 1u << 13,        ///< n: a key came into being
  /// A: neither m nor n.
  kAllEvents = kGenericEvent | kStringEvent | kListEvent | kSetEvent | kHashEvent |
               kSortedSetEvent | kExpiredEvent | kEvictedEvent | kStreamEvent | kModuleEvent,
};

/// A value of notify-keyspace-events as KeyEventKinds; nullopt: a letter that is none.
[[nodiscard]] std::optional<uint32_t> ParseKeyEventKinds(std::string_view letters);
/// The letters in Redis's order. As there, A says nothing of n.
[[nodiscard]] std::string KeyEventLetters(uint32_t kinds);

/// What has happened to the keys of one core's shard, in order, as messages for whoever has subscribed to
/// that (notify-keyspace-events). Handlers add; when the turn is closed the shard takes what there is and
/// hands it to the Announcer with the ticket on which it depends.
///
/// Thread: the core's; while a spanning operation is inside, that of its last shard notes everything
/// with its own. Limits: none of its own; as many as a turn's operations cause.
class KeyEvents final : public storage::ExpiryListener {
 public:
  /// `wanted` outlives it.
  explicit KeyEvents(const std::atomic<uint32_t>* wanted) : wanted_(wanted) {}

  /// The KeyEventKinds that somebody wants. All that it costs while nobody does.
  [[nodiscard]] uint32_t wanted() const { return wanted_->load(std::memory_order_relaxed); }
  /// `event` of one `kind` has happened to the key in the client's `database`. Nothing if nobody wants it.
  void Add(KeyEventKind kind, std::string_view event, std::string_view key, int database);

  [[nodiscard]] bool empty() const { return publications_.empty(); }
  [[nodiscard]] Publications Take() { return std::exchange(publications_, {}); }

  void OnExpired(const storage::DatabaseMap& map, int stored_database,
                 std::string_view name) override;

 private:
  const std::atomic<uint32_t>* const wanted_;
  Publications publications_;
};

}  // namespace tally::server
