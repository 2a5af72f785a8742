#pragma once

#include <string_view>

namespace tally::storage {

class DatabaseMap;

/// Learns of each object that is removed because its time has come. Thread: the keyspace's.
class ExpiryListener {
 public:
  virtual ~ExpiryListener() = default;
  /// `map` says whose stored database it is. The views are valid for the call only.
  virtual void OnExpired(const DatabaseMap& map, int stored_database, std::string_view name) = 0;
};

}  // namespace tally::storage
