#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "server/command.h"
#include "storage/key.h"

namespace tally::server {

/// A key of a database, as a client numbers it at the moment.
struct NamedKey {
  int database;
  storage::Key key;
};

/// Requests that outlive the client's input, one behind the other: copies of their arguments, and, once the
/// list is sealed, their keys and the database of each.
///
/// One thread at a time. Limits: the owner looks at `bytes()`.
class RequestList {
 public:
  /// What a request takes beside the bytes of its arguments, about; and each argument.
  static constexpr size_t kRequestBytes = 64;
  static constexpr size_t kArgumentBytes = 32;
  /// What `bytes()` grows by with this request.
  [[nodiscard]] static size_t BytesOf(std::span<const std::string_view> args);

  void Add(const Command& command, std::span<const std::string_view> args);
  /// Forgets everything.
  void Clear();
  [[nodiscard]] size_t size() const { return items_.size(); }
  [[nodiscard]] size_t bytes() const { return bytes_used_; }
  /// Flags that any of the commands has.
  [[nodiscard]] uint32_t flags() const { return flags_; }
  /// Whether a command changes what the client has subscribed to.
  [[nodiscard]] bool subscribes() const { return subscribes_; }
  /// Whether a command needs every shard.
  [[nodiscard]] bool needs_all_shards() const { return needs_all_shards_; }

  using KeysOf = std::function<std::span<const storage::Key>(const Command&,
                                                             std::span<const std::string_view>)>;
  /// Nothing is added any more. The first request is about `database`, of `databases`; what stands behind a
  /// SELECT is about the one that it chooses, and behind a SWAPDB two have changed places.
  void Seal(int database, int databases, const KeysOf& keys_of);

  // Of a sealed list. Views are good as long as it lives, and is not moved.
  [[nodiscard]] const Command& command(size_t index) const { return *items_[index].command; }
  [[nodiscard]] int database(size_t index) const { return items_[index].database; }
  [[nodiscard]] std::span<const std::string_view> args(size_t index) const;
  [[nodiscard]] std::span<const storage::Key> keys(size_t index) const;
  /// The keys of all requests, twice where a command touches a key in two databases. These have the numbers
  /// that they have before the first request runs.
  [[nodiscard]] std::span<const NamedKey> needed() const { return needed_; }

 private:
  struct Item {
    const Command* command;
    size_t first_argument;
    size_t first_key;
    int database;
  };

  std::string bytes_;
  std::vector<size_t> ends_;  // of the arguments in bytes_
  std::vector<Item> items_;
  size_t bytes_used_ = 0;
  uint32_t flags_ = 0;
  bool needs_all_shards_ = false;
  bool subscribes_ = false;
  std::vector<std::string_view> args_;
  std::vector<storage::Key> keys_;
  std::vector<NamedKey> needed_;
};

}  // namespace tally::server
