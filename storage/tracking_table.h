#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/key.h"

namespace tally::storage {

/// Somebody who keeps copies of what it has read, and is told when they are no longer true. Any thread.
class Tracker {
 public:
  Tracker() = default;
  Tracker(const Tracker&) = delete;
  Tracker& operator=(const Tracker&) = delete;
  virtual ~Tracker() = default;

  /// It wants to hear nothing more. Tables forget it bit by bit.
  void End() { ended_.store(true, std::memory_order_release); }
  [[nodiscard]] bool ended() const { return ended_.load(std::memory_order_acquire); }

 private:
  std::atomic<bool> ended_{false};
};

using Trackers = std::vector<std::shared_ptr<Tracker>>;

/// Learns of what happens to objects of which somebody may have a copy. Thread: the keyspace's.
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  /// The object was written or removed, or (`expired`) its time had come. `trackers` have read it since it was
  /// changed last; nobody has it in the table any more. True: somebody is told. The view is valid for the call only.
  virtual bool OnChange(std::string_view name, Trackers trackers, bool expired) = 0;
  /// The table has no room for this entry. Nothing has changed, but nobody will tell these trackers if it does.
  virtual void OnForgotten(std::string_view name, Trackers trackers) = 0;
  /// Databases were emptied; the tables are empty, too.
  virtual void OnFlush() = 0;
};

/// What the tables of all shards have in common. Any thread.
struct TrackingTotals {
  std::atomic<uint64_t> trackers{
      0};  ///< who wants to be told of anything; 0: tables do nothing at all
  std::atomic<uint64_t> ended{0};  ///< how many did once and do no more
  std::atomic<uint64_t> keys{0};   ///< entries of all tables
  std::atomic<uint64_t> items{0};  ///< trackers in all entries
  std::atomic<uint64_t> max_keys{
      0};  ///< beyond it entries are forgotten, and their trackers told; 0: no limit
};

/// Which keys of one shard somebody may have a copy of (CLIENT TRACKING), and who.
///
/// A read puts its key in, in its own turn on the shard, so no change can come between the two. A change takes the
/// entry out and tells the listener, once, whoever makes it: a write by anybody, a deletion, the removal of what has
/// expired. What leaves memory and comes back has not changed. As in Redis a key is its name, whatever the database.
///
/// The table is many small ones, so that growing one is short; clearing it swaps them, and `Step` frees them, and
/// forgets who has ended, bit by bit. One thread at a time: the keyspace's. Limits: TrackingTotals::max_keys.
class TrackingTable {
 public:
  /// Before use; both outlive it. Without, nobody tracks anything.
  void Attach(TrackingTotals* totals) {
    totals_ = totals;
    trackers_ = &totals->trackers;
  }
  /// Who learns of changes; has to be there before anybody tracks.
  void set_listener(ChangeListener* listener) { listener_ = listener; }

  /// All that a write costs as long as nobody tracks anything.
  [[nodiscard]] bool wanted() const { return trackers_->load(std::memory_order_relaxed) != 0; }

  /// `tracker` has read the key. Where there are more keys than there may be, another one is forgotten, be it
  /// this. Requires `wanted()`, as all that follows.
  void Remember(const Key& key, const std::shared_ptr<Tracker>& tracker);
  void OnChange(std::string_view name, uint64_t hash);
  /// What OnChange is told until EndExpiry happens because the object's time has come.
  void BeginExpiry() {
    expiring_ = true;
    heard_ = false;
  }
  /// True: somebody is told.
  [[nodiscard]] bool EndExpiry() {
    expiring_ = false;
    return heard_;
  }
  /// Forgets everything, and tells nobody.
  void Clear();
  [[nodiscard]] ChangeListener* listener() const { return listener_; }

  /// A step of background work, whoever tracks: frees what was cleared, forgets who has ended, keeps within
  /// the limit. True while there is more to do.
  bool Step();
  [[nodiscard]] size_t size() const { return size_; }

 private:
  static constexpr size_t kParts = 1024;
  static constexpr size_t kPartsPerStep = 16;
  static constexpr size_t kForgottenPerStep = 100;

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  using Part = std::unordered_map<std::string, Trackers, Hash, std::equal_to<>>;

  [[nodiscard]] static size_t PartOf(uint64_t hash) { return hash % kParts; }
  [[nodiscard]] bool IsTooLarge() const;
  Trackers TakeOut(Part* part, Part::iterator entry);
  void ForgetOne();
  void ForgetEnded(Part* part);
  void AddItems(size_t count);
  void RemoveItems(size_t count);

  inline static std::atomic<uint64_t> nobody_{0};
  const std::atomic<uint64_t>* trackers_ = &nobody_;
  TrackingTotals* totals_ = nullptr;
  ChangeListener* listener_ = nullptr;
  std::vector<Part> parts_;  // empty until somebody tracks; by the key's hash
  std::vector<Part> garbage_;
  size_t size_ = 0;
  size_t items_ = 0;
  uint64_t random_ = 1;
  bool expiring_ = false;
  bool heard_ = false;
  uint64_t ended_ = 0;    // how many had ended when the round under way began
  size_t part_ = kParts;  // where it goes on; kParts: there is none
};

}  // namespace tally::storage
