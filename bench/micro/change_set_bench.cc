// The change set of a turn as bytes (storage/keyspace.h), and the journal entry around it
// (storage/journal_entry.h). Writing is paid at the end of each turn and by whoever leads the commit, reading by
// a start. A number is that of one counter in a change set of n: n = 1 is what a lone INCR pays.
#include <cstdint>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>

#include "bench/micro/key_names.h"
#include "bench/micro/processed.h"
#include "storage/journal_entry.h"
#include "storage/keyspace.h"
#include "storage/object_codec.h"

namespace tally::bench {
namespace {

using storage::Keyspace;
using storage::kNoTicket;
using storage::Ticket;

constexpr int64_t kNowMs = 1'700'000'000'000;
constexpr int kDatabases = 16;
constexpr Ticket kTicket = 7041;

// A keyspace whose open turn has changed `keys`, which existed before.
void ChangeAll(Keyspace* keyspace, const Keys& keys) {
  for (const int64_t value : {1, 2}) {
    if (keyspace->has_changes()) keyspace->Stamp(kTicket);
    for (const storage::Key& key : keys.all()) {
      Ticket seen = kNoTicket;
      keyspace->PutInteger(0, key, keyspace->Find(0, key, kNowMs, &seen), value,
                           storage::kNoExpiry);
    }
  }
}

// As Shard::CloseTurn does.
void Encode(const Keyspace& keyspace, std::string* out) {
  out->clear();
  keyspace.EncodeDatabases(out);
  keyspace.EncodeObjects(out);
  keyspace.EncodeCounts(out);
}

std::string ChangeSetOf(size_t count) {
  const Keys keys(0, count, 0);
  Keyspace keyspace(storage::SlotRange{}, kDatabases);
  ChangeAll(&keyspace, keys);
  std::string change_set;
  Encode(keyspace, &change_set);
  return change_set;
}

void MakeEntry(std::string_view change_set, std::string* entry) {
  storage::BeginEntry(entry, kTicket);
  storage::AppendChangeSet(entry, change_set);
  storage::FinishEntry(entry, kTicket);
}

// Each iteration was over a whole change set of state.range(0) counters.
void SetProcessedCounters(benchmark::State& state, size_t bytes) {
  SetProcessed(state, state.iterations() * state.range(0),
               static_cast<int64_t>(state.iterations() * bytes));
}

// On the shard's thread, at the end of the turn.
void BM_EncodeChangeSet(benchmark::State& state) {
  const Keys keys(0, static_cast<size_t>(state.range(0)), 0);
  Keyspace keyspace(storage::SlotRange{}, kDatabases);
  ChangeAll(&keyspace, keys);
  std::string change_set;
  for (auto _ : state) {
    Encode(keyspace, &change_set);
    benchmark::DoNotOptimize(change_set.data());
    benchmark::ClobberMemory();
  }
  SetProcessedCounters(state, change_set.size());
}
BENCHMARK(BM_EncodeChangeSet)->Arg(1)->Arg(16)->Arg(512);

// In CommitLog::Append, under its lock (the copy), and in the commit (the checks and the checksum).
void BM_EncodeJournalEntry(benchmark::State& state) {
  const std::string change_set = ChangeSetOf(static_cast<size_t>(state.range(0)));
  std::string entry;
  for (auto _ : state) {
    MakeEntry(change_set, &entry);
    benchmark::DoNotOptimize(entry.data());
    benchmark::ClobberMemory();
  }
  SetProcessedCounters(state, entry.size());
}
BENCHMARK(BM_EncodeJournalEntry)->Arg(1)->Arg(16)->Arg(512);

// At a start, for what the journal holds; the objects that recovery makes of it come on top.
void BM_DecodeJournalEntry(benchmark::State& state) {
  std::string entry;
  MakeEntry(ChangeSetOf(static_cast<size_t>(state.range(0))), &entry);
  for (auto _ : state) {
    storage::JournalEntryReader reader;
    if (storage::OpenEntry(entry, &reader) != storage::JournalEntryStatus::kOk) {
      state.SkipWithError("the entry is damaged");
      return;
    }
    std::string_view change_set;
    while (reader.Next(&change_set)) {
      while (!change_set.empty()) {
        storage::Change change;
        if (!storage::ReadChange(&change_set, &change)) {
          state.SkipWithError("a change is malformed");
          return;
        }
        benchmark::DoNotOptimize(change.integer);
      }
    }
  }
  SetProcessedCounters(state, entry.size());
}
BENCHMARK(BM_DecodeJournalEntry)->Arg(1)->Arg(16)->Arg(512);

}  // namespace
}  // namespace tally::bench
