// storage/slot_table.h and storage/keyspace.h: the way from a key to its object, and the change of it; paid by
// every command on the shard's thread. Keys are asked for in random order. What is asked for one after the
// other does not depend on each other, so the CPU overlaps their cache misses; a pipeline's requests do that less.
#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include <benchmark/benchmark.h>

#include "bench/micro/key_names.h"
#include "bench/micro/processed.h"
#include "storage/keyspace.h"
#include "storage/slot_table.h"

namespace tally::bench {
namespace {

using storage::Key;
using storage::Keyspace;
using storage::kNoExpiry;
using storage::kNoTicket;
using storage::Object;
using storage::SlotTable;
using storage::Ticket;

constexpr int64_t kNowMs = 1'700'000'000'000;
constexpr int kDatabases = 16;
constexpr int64_t kFewObjects = 1 << 10;
constexpr int64_t kManyObjects = 1 << 20;
// Objects lie in memory in the order in which they were made, which is not that of the requests.
constexpr uint64_t kMadeOrder = 1;
constexpr uint64_t kAskedOrder = 2;
// Changes in a turn: a pipeline of this length, or as many connections.
constexpr size_t kChangesPerTurn = 64;

// Finds or makes the counter of `key` and puts `value`, as the handler of INCR does.
void Put(Keyspace* keyspace, const Key& key, int64_t value) {
  Ticket seen = kNoTicket;
  Object* const found = keyspace->Find(0, key, kNowMs, &seen);
  keyspace->PutInteger(0, key, found, value, kNoExpiry);
}

void PutAll(Keyspace* keyspace, std::span<const Key> keys, Ticket* ticket) {
  size_t open = 0;
  for (const Key& key : keys) {
    Put(keyspace, key, 1);
    if (++open % kChangesPerTurn == 0) keyspace->Stamp(++*ticket);
  }
  keyspace->Stamp(++*ticket);
}

// A shard of all slots with n counters, and n names that it does not have. Made once for all benchmarks of
// that n: half a second for a million.
class Counters {
 public:
  explicit Counters(size_t count)
      : present(0, count, kAskedOrder), absent(count, count, kAskedOrder) {
    PutAll(&keyspace, Keys(0, count, kMadeOrder).all(), &ticket);
  }

  Keyspace keyspace{storage::SlotRange{}, kDatabases};
  Ticket ticket = kNoTicket;
  const Keys present;
  const Keys absent;
};

Counters& CountersOf(int64_t count) {
  static std::map<int64_t, std::unique_ptr<Counters>> made;
  std::unique_ptr<Counters>& counters = made[count];
  if (counters == nullptr) counters = std::make_unique<Counters>(static_cast<size_t>(count));
  return *counters;
}

// Goes round and round through keys.
class Round {
 public:
  explicit Round(std::span<const Key> keys) : keys_(keys) {}
  const Key& Next() {
    if (next_ == keys_.size()) next_ = 0;
    return keys_[next_++];
  }

 private:
  std::span<const Key> keys_;
  size_t next_ = 0;
};

// One look into one table of n objects: what a slot holds of a million objects is 61; a million is what stands
// behind one hash tag.
void FindInTable(benchmark::State& state, uint64_t first_asked) {
  const auto count = static_cast<size_t>(state.range(0));
  SlotTable table;
  const Keys present(0, count, kMadeOrder);
  for (const Key& key : present.all()) {
    table.Insert(Object::NewInteger(key, 1, kNoExpiry), key);
  }
  const Keys asked(first_asked, count, kAskedOrder);
  Round keys(asked.all());
  for (auto _ : state) benchmark::DoNotOptimize(table.Find(keys.Next()));
  SetProcessed(state, state.iterations());
}
void BM_SlotTableFindPresent(benchmark::State& state) { FindInTable(state, 0); }
void BM_SlotTableFindAbsent(benchmark::State& state) { FindInTable(state, kManyObjects); }
BENCHMARK(BM_SlotTableFindPresent)->Arg(61)->Arg(kFewObjects)->Arg(kManyObjects);
BENCHMARK(BM_SlotTableFindAbsent)->Arg(61)->Arg(kFewObjects)->Arg(kManyObjects);

// One key of a GET among n objects, spread over all slots.
void FindInKeyspace(benchmark::State& state, Keyspace* keyspace, std::span<const Key> asked) {
  Round keys(asked);
  Ticket seen = kNoTicket;
  for (auto _ : state) {
    benchmark::DoNotOptimize(keyspace->Find(0, keys.Next(), kNowMs, &seen));
  }
  SetProcessed(state, state.iterations());
}
void BM_KeyspaceFindPresent(benchmark::State& state) {
  Counters& counters = CountersOf(state.range(0));
  FindInKeyspace(state, &counters.keyspace, counters.present.all());
}
void BM_KeyspaceFindAbsent(benchmark::State& state) {
  Counters& counters = CountersOf(state.range(0));
  FindInKeyspace(state, &counters.keyspace, counters.absent.all());
}
BENCHMARK(BM_KeyspaceFindPresent)->Arg(kFewObjects)->Arg(kManyObjects);
BENCHMARK(BM_KeyspaceFindAbsent)->Arg(kFewObjects)->Arg(kManyObjects);

// One INCR of an existing counter without its request and its reply: Find, PutInteger, and its part of the
// turn's Stamp. Less BM_KeyspaceFindPresent it is what the write costs.
void BM_KeyspaceIncr(benchmark::State& state) {
  Counters& counters = CountersOf(state.range(0));
  Round keys(counters.present.all());
  int64_t value = 0;
  while (state.KeepRunningBatch(kChangesPerTurn)) {
    for (size_t i = 0; i < kChangesPerTurn; ++i) Put(&counters.keyspace, keys.Next(), ++value);
    counters.keyspace.Stamp(++counters.ticket);
  }
  SetProcessed(state, state.iterations());
}
BENCHMARK(BM_KeyspaceIncr)->Arg(kFewObjects)->Arg(kManyObjects);

// One INCR of a name that was absent, likewise: the object's allocation, and the growth of the tables on the
// way to n objects.
void BM_KeyspaceInsert(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  const Keys keys(0, count, kMadeOrder);
  for (auto _ : state) {
    state.PauseTiming();
    auto keyspace = std::make_unique<Keyspace>(storage::SlotRange{}, kDatabases);
    Ticket ticket = kNoTicket;
    // The first object of a database makes its 16,384 tables; it stays in, beside the others.
    const Keys another(count, 1, kMadeOrder);
    PutAll(keyspace.get(), another.all(), &ticket);
    state.ResumeTiming();
    PutAll(keyspace.get(), keys.all(), &ticket);
    state.PauseTiming();
    keyspace.reset();
    state.ResumeTiming();
  }
  SetProcessed(state, state.iterations() * state.range(0));
}
BENCHMARK(BM_KeyspaceInsert)->Arg(kFewObjects)->Arg(kManyObjects);

}  // namespace
}  // namespace tally::bench
