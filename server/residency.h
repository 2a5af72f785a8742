#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "server/cold_expiry.h"
#include "server/cold_sweep.h"
#include "server/config.h"
#include "server/mailbox.h"
#include "server/memory_usage.h"
#include "server/object_loader.h"
#include "server/services.h"
#include "server/shard.h"
#include "server/statistics.h"
#include "storage/database.h"

namespace tally::server {

/// What the store may take for its cache when the process may take `maxmemory` (0: no limit).
[[nodiscard]] uint64_t StoreCacheBytes(uint64_t maxmemory);

/// What the process uses beside `objects` bytes of objects and their tables. What the allocator holds and cannot
/// use counts up to a sixth of the objects: giving objects back makes more of it at first, so with all of it
/// counted, objects would go until next to none is left.
[[nodiscard]] uint64_t BytesBesideObjects(const MemoryUsage& usage, uint64_t objects);

/// What objects may take of `maxmemory` when everything else takes `others`. A part of it in any case: if clients'
/// replies fill memory, objects that go do not mend that, and writes would find no room until they are sent.
[[nodiscard]] uint64_t ObjectsPart(uint64_t maxmemory, uint64_t others);

/// The most that a measured number was of late: follows it up at once and down slowly. The journal in memory
/// grows and goes with every checkpoint. If objects had to make room for it each time, their memory would be full
/// of holes that nothing else can use.
class RecentPeak {
 public:
  /// So many calls later a peak counts a third.
  static constexpr uint64_t kCalls = 600;

  uint64_t Note(uint64_t now) {
    peak_ = now >= peak_ ? now : peak_ - (peak_ - now + kCalls - 1) / kCalls;
    return peak_;
  }

 private:
  uint64_t peak_ = 0;
};

/// What the server does about objects that are not in memory, beyond what each shard does by itself: the
/// loader, the shards' shares of memory, the warming up after a start, the search for cold objects that
/// have expired.
///
/// Memory. What the process uses besides objects (caches of the store, journal in memory, buffers of
/// clients) is measured; what its recent peak leaves of `maxmemory` is the objects' (`ObjectsPart`). A shard always gets
/// `kLeastPerShard`, so that it can work.
///
/// Thread: the housekeeping thread, but for what says otherwise.
class Residency {
 public:
  static constexpr uint64_t kLeastPerShard = uint64_t{64} << 10;
  static constexpr uint64_t kUsedPercent = 96;
  static constexpr uint64_t kLeastPart = 8;
  static constexpr uint64_t kLargestUnusablePart = 6;

  Residency(storage::Database* database, const Config* config, Mailboxes* mailboxes,
            const std::vector<Shard*>* shards,
            const std::vector<const CoreStatistics*>* statistics);
  ~Residency();
  Residency(const Residency&) = delete;
  Residency& operator=(const Residency&) = delete;

  [[nodiscard]] ObjectLoader* loader() { return loader_.get(); }
  /// Any thread, while cores run: begins to read cold objects into memory, where it is not under way. True: on
  /// every shard.
  bool WarmUp();
  /// Any thread, while cores run: the same, and where it is under way once more behind that. `done(readable)`, on
  /// the housekeeping thread, when all is in memory, or memory is nearly full, or something could not be
  /// read. One at a time. Dropped uncalled by Stop.
  void ReadBack(std::function<void(bool readable)> done);
  /// About ten times a second: whether it is done.
  void TellReadBack();
  /// Divides memory among the shards. Before they run, and then about ten times a second.
  void ShareMemory();
  /// One step, likewise.
  void SearchExpired();
  /// Any thread: every shard lets go of everything that is clean; `done` on one of their threads.
  void DropObjects(std::function<void()> done);
  /// Ends what goes on in the background, while the cores still run. Then nothing loads any more.
  void Stop();

  /// Any thread.
  [[nodiscard]] WarmUpState warm_up() const;
  [[nodiscard]] ResidencyInfo info() const;

 private:
  storage::Database* const database_;
  const Config* const config_;
  Mailboxes* const mailboxes_;
  const std::vector<Shard*>* const shards_;
  const std::vector<const CoreStatistics*>* const statistics_;
  std::unique_ptr<LoaderPool> loader_;
  RecentPeak others_;
  std::optional<uint64_t> shared_;  // maxmemory, when it was last looked at
  std::atomic<bool> stop_{false};
  std::unique_ptr<std::atomic<WarmUpState>[]> warm_up_;  // by shard
  std::vector<ColdExpiry::Place> expiry_;                // by shard
  std::mutex read_back_mutex_;
  std::function<void(bool readable)> read_back_done_;  // guarded by it
  bool read_back_begun_ = false;                       // the same
};

}  // namespace tally::server
