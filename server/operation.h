#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/reply.h"
#include "server/client_state.h"
#include "server/command.h"
#include "server/key_events.h"
#include "storage/access_clock.h"
#include "storage/key.h"
#include "storage/keyspace.h"
#include "storage/object.h"
#include "storage/ticket.h"
#include "storage/watch_table.h"

namespace tally::server {

class Services;
class Walker;

/// The slots' owners. Contiguous ranges, so that a shard's part of the disk is contiguous too.
class ShardMap {
 public:
  explicit ShardMap(uint32_t shards) : shards_(shards) {}
  [[nodiscard]] uint32_t shards() const { return shards_; }
  [[nodiscard]] uint32_t ShardOf(uint32_t slot) const {
    return slot * shards_ / storage::kSlotCount;
  }
  [[nodiscard]] storage::SlotRange SlotsOf(uint32_t shard) const {
    return {FirstSlot(shard), FirstSlot(shard + 1)};
  }

 private:
  [[nodiscard]] uint32_t FirstSlot(uint32_t shard) const {
    return (shard * storage::kSlotCount + shards_ - 1) / shards_;
  }
  uint32_t shards_;
};

/// Something that lasts until a client has taken its reply, or is gone. Destroyed on the client's core, or
/// wherever the reply is dropped.
class ReplyHold {
 public:
  virtual ~ReplyHold() = default;
  /// Any thread: others wait for its end.
  [[nodiscard]] virtual bool IsInTheWay() const = 0;
};

/// A reply that is given later, from any thread. The session reads no further request of its client
/// until then. Sending twice is a broken invariant; a token that is dropped unsent answers with an error.
class DeferredReply {
 public:
  virtual ~DeferredReply() = default;
  [[nodiscard]] virtual int resp() const = 0;
  /// Before Send: the client says nothing more, or is gone. Nothing shall wait for ever on its behalf.
  [[nodiscard]] virtual bool abandoned() const { return false; }
  /// Likewise: the connection is closed, so nobody can be told.
  [[nodiscard]] virtual bool gone() const { return false; }
  /// Before Send: `hold` ends when the client has taken the reply.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): whoever overrides it keeps it
  virtual void KeepUntilRead(std::shared_ptr<ReplyHold> /*hold*/) {}
  /// `bytes` is one encoded reply.
  virtual void Send(std::string bytes) = 0;
};

/// One parsed command while it runs: its arguments, its reply, and its way to the objects.
///
/// Thread: the one that runs it. A view is valid only while the handler runs. The handler touches
/// objects only through its own keys (`key_index` counts the command's keys in order of appearance)
/// or, with `Scope::kAllShards`, through the whole-database calls.
class Operation {
 public:
  /// `keyspaces[shard]` is null for shards that the operation has not entered.
  Operation(const Command& command, std::span<const std::string_view> args,
            std::span<const storage::Key> keys, int database, int64_t now_ms,
            protocol::ReplyWriter* reply, storage::Keyspace* const* keyspaces,
            const ShardMap* shard_map, Services* services, ClientState* client)
      : command_(command),
        args_(args),
        keys_(keys),
        database_(database),
        now_ms_(now_ms),
        reply_(reply),
        keyspaces_(keyspaces),
        shard_map_(shard_map),
        services_(services),
        client_(client) {}

  [[nodiscard]] const Command& command() const { return command_; }
  [[nodiscard]] std::span<const std::string_view> args() const { return args_; }
  [[nodiscard]] size_t argc() const { return args_.size(); }
  [[nodiscard]] std::string_view arg(size_t index) const { return args_[index]; }
  [[nodiscard]] size_t key_count() const { return keys_.size(); }
  [[nodiscard]] const storage::Key& key(size_t index) const { return keys_[index]; }
  [[nodiscard]] int database() const { return database_; }
  /// Wall clock, the same for the whole operation.
  [[nodiscard]] int64_t now_ms() const { return now_ms_; }
  [[nodiscard]] protocol::ReplyWriter& reply() { return *reply_; }
  [[nodiscard]] Services& services() { return *services_; }
  /// The client's state; null inside an operation that was sent to another shard (`Scope::kKeys`).
  [[nodiscard]] ClientState* client() { return client_; }

  // Objects. `found` is what Find gave for the same key just before; it may be freed by the call.
  /// Finding an object counts as a use of it: what was used last leaves memory last.
  [[nodiscard]] storage::Object* Find(size_t key_index) {
    return Touched(FindUntouched(key_index));
  }
  /// For commands that ask about an object, or remove it, without using it.
  [[nodiscard]] storage::Object* FindUntouched(size_t key_index) {
    return FindIn(database_, key_index);
  }
  /// The same two, and they count a hit or a miss as Redis does for reading commands.
  [[nodiscard]] storage::Object* FindForRead(size_t key_index) {
    return Noticed(Counted(Find(key_index)), key_index);
  }
  [[nodiscard]] storage::Object* FindForReadUntouched(size_t key_index) {
    return Noticed(Counted(FindUntouched(key_index)), key_index);
  }
  /// The last one, where a miss is counted but no event.
  [[nodiscard]] storage::Object* FindForReadUnnoticed(size_t key_index) {
    return Counted(FindUntouched(key_index));
  }
  /// Where Redis finds an object whose time has come, too: it may be told of, or deleted, and does not expire.
  [[nodiscard]] storage::Object* FindExpiredToo(size_t key_index) {
    const storage::Key& key = keys_[key_index];
    storage::Keyspace& keyspace = KeyspaceOf(key);
    DependOn(keyspace.map().ticket(database_));
    return keyspace.FindExpiredToo(keyspace.map().StoredOf(database_), key, now_ms_, &depends_on_);
  }
  /// `edited`: a part of the string was written, not the whole (Object::is_edited).
  void PutInteger(size_t key_index, storage::Object* found, int64_t value, int64_t expires_at_ms,
                  bool edited = false) {
    const storage::Key& key = keys_[key_index];
    storage::Keyspace& keyspace = KeyspaceOf(key);
    keyspace.PutInteger(keyspace.map().StoredOf(database_), key, found, value, expires_at_ms,
                        edited);
    depends_on_ = storage::kOpenTicket;
    if (found == nullptr) NotifyNew(database_, key_index);
  }
  void PutBytes(size_t key_index, storage::Object* found, std::string_view head,
                std::string_view tail, int64_t expires_at_ms, bool edited = false) {
    const storage::Key& key = keys_[key_index];
    storage::Keyspace& keyspace = KeyspaceOf(key);
    keyspace.PutBytes(keyspace.map().StoredOf(database_), key, found, head, tail, expires_at_ms,
                      edited);
    depends_on_ = storage::kOpenTicket;
    if (found == nullptr) NotifyNew(database_, key_index);
  }
  void SetExpiry(size_t key_index, storage::Object* found, int64_t expires_at_ms) {
    const storage::Key& key = keys_[key_index];
    storage::Keyspace& keyspace = KeyspaceOf(key);
    keyspace.SetExpiry(keyspace.map().StoredOf(database_), key, found, expires_at_ms);
    depends_on_ = storage::kOpenTicket;
  }
  void Erase(size_t key_index, storage::Object* found) {
    const storage::Key& key = keys_[key_index];
    storage::Keyspace& keyspace = KeyspaceOf(key);
    keyspace.Erase(keyspace.map().StoredOf(database_), key, found);
    depends_on_ = storage::kOpenTicket;
  }

  // The same in a database that the command declares (`Command::other_database`), or in the client's own.
  [[nodiscard]] storage::Object* FindIn(int database, size_t key_index) {
    const storage::Key& key = keys_[key_index];
    storage::Keyspace& keyspace = KeyspaceOf(key);
    DependOn(keyspace.map().ticket(database));
    const int stored = keyspace.map().StoredOf(database);
    storage::Object* const found = keyspace.FindExpiredToo(stored, key, now_ms_, &depends_on_);
    if (found == nullptr || !found->IsExpired(now_ms_)) [[likely]]
      return found;
    if (LeavesExpired()) return nullptr;
    return keyspace.Find(stored, key, now_ms_, &depends_on_);
  }
  /// Gives the key value and expiry of `source`, which is another object.
  void PutCopyIn(int database, size_t key_index, storage::Object* found,
                 const storage::Object& source) {
    const storage::Key& key = keys_[key_index];
    storage::Keyspace& keyspace = KeyspaceOf(key);
    keyspace.PutCopy(keyspace.map().StoredOf(database), key, found, source);
    depends_on_ = storage::kOpenTicket;
    if (found == nullptr) NotifyNew(database, key_index);
  }

  // Events, for who has asked for them (notify-keyspace-events). What is told stands in the order of the
  // calls. That a key came into being, has expired, or was missed by a reading command, is told by the calls
  // above.
  /// This happened to the key.
  void Notify(KeyEventKind kind, std::string_view event, size_t key_index) {
    NotifyIn(database_, kind, event, key_index);
  }
  void NotifyIn(int database, KeyEventKind kind, std::string_view event, size_t key_index) {
    if ((wanted_events_ & kind) == 0) [[likely]]
      return;
    key_events_->Add(kind, event, keys_[key_index].name, database);
  }
  /// In Redis the key came into being, though here an object was written over.
  void NotifyNew(int database, size_t key_index) {
    NotifyIn(database, kNewEvent, "new", key_index);
  }

  /// Not with `Scope::kSession`.
  [[nodiscard]] int databases() const;

  // Whole databases; only with Scope::kAllShards.
  /// CLIENT PAUSE: nothing is written, so what this reads and has expired is absent, and stays where it is.
  [[nodiscard]] bool LeavesExpired() const;
  [[nodiscard]] uint64_t CountObjects(int database);
  [[nodiscard]] uint64_t CountExpiring(int database);
  void Flush(int database);
  /// Databases were emptied: who keeps copies of anything is told that nothing is true any more.
  void ForgetCopies();
  /// Exchanges two of them, for all clients.
  void SwapDatabases(int a, int b);

  /// `watcher` learns when the key's object changes. It tells nothing, so nothing has to be durable for it.
  void Watch(size_t key_index, std::shared_ptr<storage::Watcher> watcher) {
    const storage::Key& key = keys_[key_index];
    storage::Keyspace& keyspace = KeyspaceOf(key);
    keyspace.Watch(keyspace.map().StoredOf(database_), key, now_ms_, std::move(watcher));
  }

  /// Gives the reply later (not with `Scope::kKeys`). Nothing may be written to `reply()` then.
  [[nodiscard]] std::shared_ptr<DeferredReply> Defer();

  /// Whether the reply may wait for something that others have to do. Not so in a transaction, as in
  /// Redis: what waits tells there what is so now.
  [[nodiscard]] bool may_wait() const { return walker_ == nullptr; }
  /// Who walks through databases for `Scope::kWalk`.
  [[nodiscard]] Walker& walker();

  /// The ticket that has to be durable before the reply may be seen.
  [[nodiscard]] storage::Ticket depends_on() const { return depends_on_; }
  /// For a reply that tells of state which no key lookup showed.
  void DependOn(storage::Ticket ticket) {
    if (ticket > depends_on_) depends_on_ = ticket;
  }
  [[nodiscard]] bool deferred() const { return deferred_; }
  [[nodiscard]] uint32_t hits() const { return hits_; }
  [[nodiscard]] uint32_t misses() const { return misses_; }

  /// Whether its keys were brought in for it: something of them was not in memory.
  [[nodiscard]] bool was_cold() const { return was_cold_; }
  void set_was_cold(bool was_cold) { was_cold_ = was_cold; }

  /// Makes the token for Defer; set by the session, which is what a deferred reply goes back to.
  using DeferredFactory = std::shared_ptr<DeferredReply> (*)(void* context, int resp);
  void set_deferred_factory(DeferredFactory factory, void* context) {
    deferred_factory_ = factory;
    deferred_context_ = context;
  }
  /// Where events go; without, nowhere.
  void set_key_events(KeyEvents* events) {
    key_events_ = events;
    wanted_events_ = events->wanted();
  }
  /// In a transaction: who walks there.
  void set_walker(Walker* walker) { walker_ = walker; }

 private:
  [[nodiscard]] storage::CountChange Counts(int database);
  storage::Object* Touched(storage::Object* found) const {
    // Asked first: most of the time it is as it should be, and the cache line stays clean.
    const storage::AccessClock clock = storage::AccessClockAt(now_ms_);
    if (found != nullptr && found->access_clock() != clock) found->set_access_clock(clock);
    return found;
  }
  storage::Object* Counted(storage::Object* found) {
    ++(found != nullptr ? hits_ : misses_);
    return found;
  }
  storage::Object* Noticed(storage::Object* found, size_t key_index) {
    if (found == nullptr) Notify(kMissEvent, "keymiss", key_index);
    return found;
  }
  [[nodiscard]] storage::Keyspace& KeyspaceOf(const storage::Key& key) {
    return *keyspaces_[shard_map_->ShardOf(key.slot)];
  }

  const Command& command_;
  std::span<const std::string_view> args_;
  std::span<const storage::Key> keys_;
  int database_;
  int64_t now_ms_;
  protocol::ReplyWriter* reply_;
  storage::Keyspace* const* keyspaces_;
  const ShardMap* shard_map_;
  Services* services_;
  ClientState* client_;
  storage::Ticket depends_on_ = storage::kNoTicket;
  uint32_t hits_ = 0;
  uint32_t misses_ = 0;
  uint32_t wanted_events_ = 0;
  KeyEvents* key_events_ = nullptr;
  bool deferred_ = false;
  bool was_cold_ = false;
  DeferredFactory deferred_factory_ = nullptr;
  void* deferred_context_ = nullptr;
  Walker* walker_ = nullptr;
};

}  // namespace tally::server
