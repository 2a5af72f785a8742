#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "server/subscription_kind.h"

namespace tally::server {

/// How many clients have subscribed to each name, on all cores together: what PUBSUB and INFO tell.
///
/// A client that has its reply to SUBSCRIBE, or to UNSUBSCRIBE, is counted so from then on, whoever asks.
/// Messages do not pass here. Thread: any; a mutex, taken for each subscription that begins or ends.
class SubscriptionDirectory {
 public:
  void Add(SubscriptionKind kind, std::string_view name);
  void Remove(SubscriptionKind kind, std::string_view name);

  /// The number of names, each once.
  [[nodiscard]] size_t size(SubscriptionKind kind) const;
  /// The number of clients.
  [[nodiscard]] size_t subscribers(SubscriptionKind kind, std::string_view name) const;
  /// The names that `pattern` matches (glob.h), or all; in no particular order. (Even `*` leaves one out, as
  /// in Redis: the empty name.)
  [[nodiscard]] std::vector<std::string> Matching(SubscriptionKind kind,
                                                  std::optional<std::string_view> pattern) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  using Counts = boost::unordered_flat_map<std::string, size_t, Hash, std::equal_to<>>;

  mutable std::mutex mutex_;
  std::array<Counts, kSubscriptionKinds> counts_;  // by kind
};

}  // namespace tally::server
