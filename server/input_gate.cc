#include "server/input_gate.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <utility>

#include <spdlog/spdlog.h>

#include "storage/invariant.h"
#include "storage/object_codec.h"
#include "storage/object_scan.h"

namespace tally::server {

using storage::Key;
using storage::ObjectKey;
using storage::ObjectLookup;
using storage::ObjectRecord;
using storage::ReadTier;
using storage::SlotPosition;
using storage::SlotRange;

namespace {

std::string EncodedKey(const NeededKey& needed) {
  std::string encoded;
  storage::AppendObjectKey(&encoded, static_cast<uint8_t>(needed.database), needed.key);
  return encoded;
}

uint64_t ValueBytes(std::span<const ObjectLookup> lookups) {
  uint64_t bytes = 0;
  for (const ObjectLookup& lookup : lookups) bytes += lookup.value.size();
  return bytes;
}

// What a damaged disk has to say, but not again and again.
void LogUnreadable(const std::string& why) {
  constexpr int64_t kIntervalS = 1;
  static std::atomic<int64_t> next_s{std::numeric_limits<int64_t>::min()};
  const int64_t now_s = std::chrono::duration_cast<std::chrono::seconds>(
                            std::chrono::steady_clock::now().time_since_epoch())
                            .count();
  int64_t next = next_s.load();
  if (now_s < next || !next_s.compare_exchange_strong(next, now_s + kIntervalS)) return;
  spdlog::error("an object cannot be read, who asks for it gets an error: {}", why);
}

}  // namespace

/// Some keys, on their way to the disk and back; those that are asked for ahead are the last ones.
class InputGate::KeysTask final : public LoadTask {
 public:
  KeysTask(InputGate* gate, std::vector<ObjectLookup> lookups, size_t ahead)
      : LoadTask(gate->shard_), gate_(gate), lookups_(std::move(lookups)), ahead_(ahead) {}

  void Read(storage::Database* database) override {
    if (gate_->held_bytes_.load() < gate_->host_->read_ahead_bytes()) ahead_ = 0;
    const std::span<ObjectLookup> wanted = std::span(lookups_).first(lookups_.size() - ahead_);
    ReadAll(database, wanted);
    gate_->held_bytes_.fetch_add(ValueBytes(wanted));
  }
  void Deliver(std::unique_ptr<Message> self) override {
    if (gate_->host_->occupied()) {
      gate_->host_->Park(std::move(self));
      return;
    }
    const std::span<const ObjectLookup> lookups(lookups_);
    gate_->OnKeysRead(lookups.first(lookups.size() - ahead_), lookups.last(ahead_));
  }

 private:
  static void ReadAll(storage::Database* database, std::span<ObjectLookup> wanted) {
    if (database->LookUpObjects(wanted, ReadTier::kDisk).ok()) return;
    // One that cannot be read must not take the others with it.
    for (ObjectLookup& lookup : wanted) {
      lookup.known = false;
      const storage::Status status = database->LookUpObjects({&lookup, 1}, ReadTier::kDisk);
      if (status.ok()) continue;
      lookup.known = false;
      LogUnreadable(status.message());
    }
  }

  InputGate* const gate_;
  std::vector<ObjectLookup> lookups_;
  size_t ahead_;  // then: of them, left out
};

/// What lies in a part of a database's order.
class InputGate::RangeTask final : public LoadTask {
 public:
  RangeTask(InputGate* gate, std::unique_ptr<RangeWaiter> waiter, int database, SlotPosition begin,
            SlotRange pinned, size_t wanted)
      : LoadTask(gate->shard_),
        gate_(gate),
        waiter_(std::move(waiter)),
        database_(database),
        begin_(begin),
        pinned_(pinned),
        end_{pinned.end, 0},
        wanted_(wanted) {}

  void Read(storage::Database* database) override {
    const storage::ScannedPart part = storage::ScanPart(
        database, database_, begin_, end_, {.objects = wanted_, .bytes = kRangeBytes},
        [this](const storage::ScannedObject& scanned) { Keep(scanned.key, scanned.value); });
    end_ = part.end;
    readable_ = part.status.ok();
    if (!readable_) LogUnreadable(part.status.message());
  }
  void Deliver(std::unique_ptr<Message> self) override {
    if (gate_->host_->occupied()) {
      gate_->host_->Park(std::move(self));
      return;
    }
    if (readable_) TakeAll();
    gate_->keyspace_->pins().UnpinSlots(database_, pinned_);
    --gate_->waiting_;
    waiter_->OnRange(end_, readable_);
    RangeWaiter* const raw = waiter_.get();
    raw->Deliver(std::move(waiter_));
  }

 private:
  struct Extent {
    size_t key;
    size_t value;
    size_t end;
  };
  void Keep(std::string_view key, std::string_view value) {
    const size_t begin = bytes_.size();
    bytes_.append(key);
    const size_t middle = bytes_.size();
    bytes_.append(value);
    found_.push_back({begin, middle, bytes_.size()});
  }
  void TakeAll() {
    const std::string_view bytes(bytes_);
    for (const Extent& extent : found_) {
      ObjectKey object;
      ObjectRecord record;
      const bool is_good =
          storage::ParseObjectKey(bytes.substr(extent.key, extent.value - extent.key), &object) &&
          storage::ParseObjectValue(bytes.substr(extent.value, extent.end - extent.value), &record);
      TALLY_ASSERT(is_good, "it was parsed before");
      gate_->keyspace_->Take(database_, object.key, &record);
    }
  }

  InputGate* const gate_;
  std::unique_ptr<RangeWaiter> waiter_;
  const int database_;
  const SlotPosition begin_;
  const SlotRange pinned_;
  SlotPosition end_;
  const size_t wanted_;
  bool readable_ = true;
  std::string bytes_;
  std::vector<Extent> found_;
};

InputGate::~InputGate() = default;

bool InputGate::MustQueue(const Requester* requester) const {
  if (queues_.empty()) return false;
  if (delivering_ != nullptr && delivering_->requester == requester) return false;
  return queues_.contains(const_cast<Requester*>(requester));
}

InputGate::Waiter* InputGate::Enqueue(Requester* requester, std::unique_ptr<Message> message) {
  Queue& queue = queues_[requester];
  // Who is being delivered and waits again keeps its place.
  const bool again = delivering_ != nullptr && delivering_->requester == requester;
  if (!again) {
    queue.push_back(std::make_unique<Waiter>());
    ++waiting_;
  }
  Waiter* const waiter = again ? queue.front().get() : queue.back().get();
  waiter->requester = requester;
  waiter->message = std::move(message);
  return waiter;
}

void InputGate::Wait(Requester* requester, std::unique_ptr<Message> message,
                     std::span<const NeededKey> keys, size_t ahead) {
  Waiter* const waiter = Enqueue(requester, std::move(message));
  const size_t needed_at_once = keys.size() - ahead;
  for (size_t i = 0; i < keys.size(); ++i) Need(waiter, keys[i], i >= needed_at_once);
}

size_t InputGate::KeysAhead() const {
  const uint64_t most = host_->read_ahead_bytes();
  const uint64_t taken = held_bytes_.load() + loading_.size() * expected_bytes_;
  if (taken >= most) return 0;
  return std::min<uint64_t>(kMostKeysAhead, (most - taken) / expected_bytes_);
}

void InputGate::WaitForRoom(Requester* requester, std::unique_ptr<Message> message) {
  Waiter* const waiter = Enqueue(requester, std::move(message));
  waiter->needs_room = true;
  delayed_.push_back(waiter);
}

void InputGate::WaitForReader(Requester* requester, std::unique_ptr<Message> message) {
  Enqueue(requester, std::move(message))->needs_reader = true;
}

void InputGate::GoOn(Requester* requester) {
  const auto queue = queues_.find(requester);
  TALLY_ASSERT(queue != queues_.end() && queue->second.front()->needs_reader,
               "who goes on has halted");
  queue->second.front()->needs_reader = false;
  ready_.push_back(requester);
  DeliverReady();
}

void InputGate::Need(Waiter* waiter, const NeededKey& needed, bool ahead) {
  keyspace_->pins().PinKey(needed.database, needed.key);
  NeededKey pinned = needed;
  pinned.key.name = {};
  waiter->pinned.push_back(pinned);
  if (keyspace_->Knows(needed.database, needed.key)) return;
  std::string encoded = EncodedKey(needed);
  std::vector<Waiter*>& waiters = loading_[encoded];
  if (waiters.empty()) fresh_.push_back({std::move(encoded), ahead});
  if (!waiters.empty() && waiters.back() == waiter) return;  // named twice
  waiters.push_back(waiter);
  ++waiter->missing;
}

bool InputGate::IsUnreadable(int database, const Key& key) const {
  return !unreadable_.empty() && std::find(unreadable_.begin(), unreadable_.end(),
                                           EncodedKey({database, key})) != unreadable_.end();
}

void InputGate::StartLoads() {
  if (fresh_.empty()) return;
  const auto ahead = std::stable_partition(fresh_.begin(), fresh_.end(),
                                           [](const FreshKey& fresh) { return !fresh.ahead; });
  const auto first_ahead = static_cast<size_t>(ahead - fresh_.begin());
  std::vector<ObjectLookup> lookups;
  lookups.reserve(fresh_.size());
  for (FreshKey& fresh : fresh_) lookups.push_back({std::move(fresh.key), {}, false});
  fresh_.clear();
  // What memory knows is answered here; a failure leaves it to the loader, too.
  if (!database_->LookUpObjects(lookups, ReadTier::kMemoryOnly).ok()) {
    for (ObjectLookup& lookup : lookups) lookup.known = false;
  }
  std::vector<ObjectLookup> known;
  std::vector<ObjectLookup> task;
  const size_t keys_per_task =
      std::clamp<uint64_t>(kBytesPerTask / expected_bytes_, 1, kKeysPerTask);
  size_t task_ahead = 0;
  const auto submit = [&] {
    if (task.empty()) return;
    loads_started_ += task.size();
    loader_->Submit(
        std::make_unique<KeysTask>(this, std::exchange(task, {}), std::exchange(task_ahead, 0)),
        ObjectLoader::Urgency::kClientWaits);
  };
  for (size_t i = 0; i < lookups.size(); ++i) {
    if (lookups[i].known) {
      known.push_back(std::move(lookups[i]));
      continue;
    }
    task.push_back(std::move(lookups[i]));
    if (i >= first_ahead) ++task_ahead;
    if (task.size() == keys_per_task) submit();
  }
  submit();
  answered_from_memory_ += known.size();
  held_bytes_.fetch_add(ValueBytes(known));
  OnKeysRead(known, {});
}

void InputGate::OnKeysRead(std::span<const ObjectLookup> read,
                           std::span<const ObjectLookup> left_out) {
  for (const ObjectLookup& lookup : read) Arrive(lookup);
  for (const ObjectLookup& lookup : left_out) EndLoad(lookup.key, 0);
  DeliverReady();
}

void InputGate::Arrive(const ObjectLookup& lookup) {
  ObjectKey object;
  ObjectRecord record;
  const bool is_key = storage::ParseObjectKey(lookup.key, &object);
  TALLY_ASSERT(is_key, "it was made here");
  const bool is_absent = lookup.known && lookup.value.empty();
  if (is_absent || (lookup.known && storage::ParseObjectValue(lookup.value, &record))) {
    keyspace_->Take(object.database, object.key, is_absent ? nullptr : &record);
  } else {
    if (lookup.known) LogUnreadable("its record is damaged");
    unreadable_.push_back(lookup.key);
  }
  // A sixteenth of what is new.
  constexpr uint64_t kPart = 16;
  const uint64_t bytes = lookup.key.size() + lookup.value.size();
  expected_bytes_ = std::max<uint64_t>((expected_bytes_ * (kPart - 1) + bytes) / kPart, 1);
  EndLoad(lookup.key, lookup.value.size());
}

void InputGate::EndLoad(const std::string& key, size_t bytes) {
  const auto found = loading_.find(key);
  TALLY_ASSERT(found != loading_.end(), "somebody had asked for it");
  found->second.front()->bytes += bytes;
  for (Waiter* waiter : found->second) {
    if (--waiter->missing == 0) ready_.push_back(waiter->requester);
  }
  loading_.erase(found);
}

void InputGate::DeliverReady() {
  if (delivers_ready_) return;  // the one under way goes on with what has come
  delivers_ready_ = true;
  for (size_t i = 0; i < ready_.size(); ++i) DeliverFrom(ready_[i]);
  ready_.clear();
  unreadable_.clear();
  delivers_ready_ = false;
}

void InputGate::DeliverFrom(Requester* requester) {
  while (true) {
    const auto queue = queues_.find(requester);
    if (queue == queues_.end()) return;
    Waiter* const first = queue->second.front().get();
    if (first->message == nullptr || first->missing > 0 || first->needs_room ||
        first->needs_reader) {
      return;
    }
    Deliver(first);
  }
}

// The first of its queue.
void InputGate::Deliver(Waiter* waiter) {
  Requester* const requester = waiter->requester;
  for (const NeededKey& pinned : waiter->pinned) {
    keyspace_->pins().UnpinKey(pinned.database, pinned.key);
  }
  waiter->pinned.clear();
  held_bytes_.fetch_sub(std::exchange(waiter->bytes, 0));
  std::unique_ptr<Message> message = std::move(waiter->message);
  const Waiter* const outer = std::exchange(delivering_, waiter);
  Message* const raw = message.get();
  raw->Deliver(std::move(message));
  delivering_ = outer;
  if (waiter->message != nullptr) return;  // waits again
  --waiting_;
  const auto queue = queues_.find(requester);
  queue->second.pop_front();
  if (queue->second.empty()) queues_.erase(queue);
}

void InputGate::GiveRoom(const std::function<bool()>& has_room) {
  for (size_t left = delayed_.size(); left > 0 && has_room(); --left) {
    Waiter* const waiter = delayed_.front();
    delayed_.pop_front();
    waiter->needs_room = false;
    ready_.push_back(waiter->requester);
    DeliverReady();
  }
}

uint32_t InputGate::WaitForRange(std::unique_ptr<RangeWaiter> waiter, int database,
                                 SlotPosition begin, size_t wanted, ObjectLoader::Urgency urgency) {
  // As many slots as hold what is wanted, if they are filled evenly.
  const auto& counts = keyspace_->counts(database);
  const SlotRange own = keyspace_->slots();
  const uint64_t here = static_cast<uint64_t>(std::max<int64_t>(counts.live, 1));
  const uint64_t slots =
      std::max<uint64_t>(1, static_cast<uint64_t>(wanted) * (own.end - own.first) / here);
  const SlotRange pinned{begin.slot,
                         static_cast<uint32_t>(std::min<uint64_t>(own.end, begin.slot + slots))};
  keyspace_->pins().PinSlots(database, pinned);
  ++waiting_;
  loader_->Submit(
      std::make_unique<RangeTask>(this, std::move(waiter), database, begin, pinned, wanted),
      urgency);
  return pinned.end;
}

}  // namespace tally::server
