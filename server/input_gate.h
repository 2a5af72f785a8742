#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/mailbox.h"
#include "server/object_loader.h"
#include "server/requester.h"
#include "storage/database.h"
#include "storage/key.h"
#include "storage/keyspace.h"
#include "storage/slot.h"

namespace tally::server {

/// A key that somebody needs. The name is a view: valid for the call.
struct NeededKey {
  int database;  // the stored one
  storage::Key key;
};

/// Waits for a part of a database's order to be in memory (a walk's step).
class RangeWaiter : public Message {
 public:
  /// Everything of the slots asked for that lies before `end` is in memory, until this core's turn ends;
  /// false: it could not be read. `Deliver` follows.
  virtual void OnRange(storage::SlotPosition end, bool readable) = 0;
};

/// The input gate of a shard: keeps operations that need objects which are not in memory, until these
/// have come; all others go on. Also where writes wait for room when memory is full.
///
/// A waiting operation is a message; it is delivered again when what it waits for is there. While it
/// waits its keys are pinned. What the same requester sends later waits behind it, so that one client's
/// operations keep their order on a shard; nobody else does.
///
/// Reads are gathered until the end of the turn (`StartLoads`); what the database's caches and filters
/// know is answered at once, the rest goes to the loader, many keys in one task.
///
/// Who waits may also name keys that it will need later, so that they come together (`KeysAhead`). How many
/// depends on how large what was read of late is: they take a part of the shard's memory, and when they take
/// more than was expected, they are not read.
///
/// A key that cannot be read fails the operations that need it: they find `IsUnreadable` when they are
/// delivered. Thread: the shard's. Limits: of what is read ahead (above); else none, sessions bound what is in
/// flight.
class InputGate {
 public:
  /// Keys in one task, and the most that are asked for ahead at a time: more in later rounds.
  static constexpr size_t kKeysPerTask = 32;
  static constexpr size_t kMostKeysAhead = 256;
  /// Bytes that one task is to read, if objects are as large as those of late.
  static constexpr size_t kBytesPerTask = size_t{256} << 10;
  /// Bytes of one range.
  static constexpr size_t kRangeBytes = size_t{1} << 20;

  /// The shard: while it is occupied nothing may touch its keyspace.
  class Host {
   public:
    [[nodiscard]] virtual bool occupied() const = 0;
    virtual void Park(std::unique_ptr<Message> message) = 0;
    /// What objects that wait to be used may take of memory.
    [[nodiscard]] virtual uint64_t read_ahead_bytes() const = 0;

   protected:
    ~Host() = default;
  };

  InputGate(uint32_t shard, Host* host, storage::Keyspace* keyspace)
      : shard_(shard), host_(host), keyspace_(keyspace) {}
  ~InputGate();
  InputGate(const InputGate&) = delete;
  InputGate& operator=(const InputGate&) = delete;
  void Attach(storage::Database* database, ObjectLoader* loader) {
    database_ = database;
    loader_ = loader;
  }

  /// Something of this requester waits here: what it sends has to wait behind.
  [[nodiscard]] bool MustQueue(const Requester* requester) const;
  /// Delivers `message` once those of `keys` that are cold were read and nothing of the requester waits
  /// in front of it. No key: it waits for the latter only. `ahead`: so many of the last ones it does not
  /// need at first; they may still be cold when it is delivered.
  void Wait(Requester* requester, std::unique_ptr<Message> message, std::span<const NeededKey> keys,
            size_t ahead = 0);
  /// How many keys may be asked for ahead now.
  [[nodiscard]] size_t KeysAhead() const;
  /// The same, once there is room for writes (`GiveRoom`), in the order of coming.
  void WaitForRoom(Requester* requester, std::unique_ptr<Message> message);
  /// The same, once the requester lets it go on (`GoOn`): it has read enough of its replies.
  void WaitForReader(Requester* requester, std::unique_ptr<Message> message);
  void GoOn(Requester* requester);
  /// Whether a read of that key has just failed. True only while those are delivered who waited for it.
  [[nodiscard]] bool IsUnreadable(int database, const storage::Key& key) const;

  /// Reads the objects in about `wanted` places from `begin` on, at least one slot's next ones, and
  /// delivers the waiter. Returns the end of the slots that are pinned meanwhile.
  uint32_t WaitForRange(std::unique_ptr<RangeWaiter> waiter, int database,
                        storage::SlotPosition begin, size_t wanted, ObjectLoader::Urgency urgency);

  /// At the end of a turn: begins to read what was asked for in it. Operations that wait for nothing
  /// else run. Requires that the shard is not occupied.
  void StartLoads();
  [[nodiscard]] bool has_fresh_loads() const { return !fresh_.empty(); }
  /// Delivers those who wait for room as long as `has_room`.
  void GiveRoom(const std::function<bool()>& has_room);
  [[nodiscard]] bool has_delayed() const { return !delayed_.empty(); }

  /// Objects asked of the loader; answered without the disk; who waits now.
  [[nodiscard]] uint64_t loads() const { return loads_started_; }
  [[nodiscard]] uint64_t answered_from_memory() const { return answered_from_memory_; }
  [[nodiscard]] size_t waiting() const { return waiting_; }

 private:
  struct Waiter {
    Requester* requester = nullptr;
    std::unique_ptr<Message> message;  // null while it is being delivered
    size_t missing = 0;                // keys
    bool needs_room = false;
    bool needs_reader = false;
    uint64_t bytes = 0;             // read for it, of held_bytes_
    std::vector<NeededKey> pinned;  // without names
  };
  using Queue = std::deque<std::unique_ptr<Waiter>>;  // of one requester, in its order

  struct FreshKey {
    std::string key;
    bool ahead;
  };

  class KeysTask;
  class RangeTask;

  Waiter* Enqueue(Requester* requester, std::unique_ptr<Message> message);
  void Need(Waiter* waiter, const NeededKey& needed, bool ahead);
  void Arrive(const storage::ObjectLookup& lookup);
  void EndLoad(const std::string& key, size_t bytes);
  void OnKeysRead(std::span<const storage::ObjectLookup> read,
                  std::span<const storage::ObjectLookup> left_out);
  void DeliverReady();
  void DeliverFrom(Requester* requester);
  void Deliver(Waiter* waiter);

  const uint32_t shard_;
  Host* const host_;
  storage::Keyspace* const keyspace_;
  storage::Database* database_ = nullptr;
  ObjectLoader* loader_ = nullptr;

  std::unordered_map<Requester*, Queue> queues_;
  std::unordered_map<std::string, std::vector<Waiter*>> loading_;  // by object key
  std::vector<FreshKey> fresh_;                                    // not started yet
  std::deque<Waiter*> delayed_;
  std::vector<Requester*> ready_;  // whose first waiter may have become ready
  std::vector<std::string> unreadable_;
  const Waiter* delivering_ = nullptr;
  bool delivers_ready_ = false;
  size_t waiting_ = 0;
  // Of objects that were read and whose waiters were not delivered yet; loaders add to it.
  std::atomic<uint64_t> held_bytes_{0};
  uint64_t expected_bytes_ = kBytesPerTask / kKeysPerTask;  // of one object, by those of late
  uint64_t loads_started_ = 0;
  uint64_t answered_from_memory_ = 0;
};

}  // namespace tally::server
