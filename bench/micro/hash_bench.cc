// What is computed from bytes. Slot and hash of each key are paid once per request, on the connection's core
// (Router::Resolve); the CRC-32C by a start alone, which reads RocksDB's log to know whether its end is whole.
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

#include "bench/micro/key_names.h"
#include "bench/micro/processed.h"
#include "server/command.h"
#include "server/router.h"
#include "storage/crc32c.h"
#include "storage/key.h"
#include "storage/name_hash.h"
#include "storage/slot.h"

namespace tally::bench {
namespace {

constexpr size_t kNames = 1024;  // a power of two, and few enough for the first-level cache

// Calls compute(name) once per iteration, with names of 16 bytes.
template <typename Compute>
void ForNames(benchmark::State& state, const Compute& compute) {
  const KeyNames names(0, kNames, 0);
  size_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(compute(names[next++ % kNames]));
  SetProcessed(state, state.iterations(),
               static_cast<int64_t>(state.iterations() * KeyNames::kNameBytes));
}

// The CRC16 of one name, and the search for its hash tag.
void BM_SlotOf(benchmark::State& state) {
  ForNames(state, [](std::string_view name) { return storage::SlotOf(name); });
}
BENCHMARK(BM_SlotOf);

// The SipHash-1-3 of one name.
void BM_NameHash(benchmark::State& state) {
  ForNames(state, [](std::string_view name) { return storage::NameHash(kHashSeed, name); });
}
BENCHMARK(BM_NameHash);

// Both, of a name of n bytes: the whole of what a key costs before it is looked for.
void BM_MakeKey(benchmark::State& state) {
  const std::string name(static_cast<size_t>(state.range(0)), 'n');
  std::string_view view(name);
  for (auto _ : state) {
    benchmark::DoNotOptimize(view);  // it might be another one each time
    benchmark::DoNotOptimize(storage::MakeKey(kHashSeed, view));
  }
  SetProcessed(state, state.iterations(), static_cast<int64_t>(state.iterations() * name.size()));
}
BENCHMARK(BM_MakeKey)->Arg(8)->Arg(16)->Arg(64)->Arg(256);

// The routing of one INCR in a server with n cores: slot and hash, and whose shard that is.
void BM_RouteIncr(benchmark::State& state) {
  const auto cores = static_cast<uint32_t>(state.range(0));
  const server::ShardMap shard_map(cores);
  const std::vector<server::Shard*> shards(cores, nullptr);  // routing alone touches none
  server::Router router(0, &shard_map, kHashSeed, &shards, nullptr);
  const server::Command* const incr = server::FindCommandByName("incr");
  if (incr == nullptr) {
    state.SkipWithError("there is no INCR");
    return;
  }
  ForNames(state, [&](std::string_view name) {
    const std::array args{std::string_view("INCR"), name};
    return router.TargetOf(*incr, router.Resolve(*incr, args)).shard;
  });
}
BENCHMARK(BM_RouteIncr)->Arg(1)->Arg(4);

// Once for each record of RocksDB's log, of n bytes, at a start.
void BM_Crc32c(benchmark::State& state) {
  const std::string bytes(static_cast<size_t>(state.range(0)), 'b');
  for (auto _ : state) benchmark::DoNotOptimize(storage::Crc32c(bytes));
  SetProcessed(state, state.iterations(), static_cast<int64_t>(state.iterations() * bytes.size()));
}
BENCHMARK(BM_Crc32c)->Arg(64)->Arg(32 << 10);

}  // namespace
}  // namespace tally::bench
