// protocol/reply.h: what a handler pays at its end, on the shard's thread. A reply is encoded once, into the
// string that the connection writes from (or, of another shard, into the batch that goes back).
#include <cstddef>
#include <cstdint>
#include <string>

#include <benchmark/benchmark.h>

#include "bench/micro/processed.h"
#include "protocol/reply.h"

namespace tally::bench {
namespace {

constexpr int kResp2 = 2;
// As many replies lie in a string before it is sent.
constexpr int kRepliesPerOutput = 64;

// Encodes `kRepliesPerOutput` replies into a warm string per iteration; `write(writer, i)` writes one.
template <typename Write>
void WriteReplies(benchmark::State& state, const Write& write) {
  std::string out;
  size_t bytes = 0;
  for (auto _ : state) {
    out.clear();
    for (int i = 0; i < kRepliesPerOutput; ++i) {
      protocol::ReplyWriter reply(&out, kResp2);
      write(reply, i);
    }
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
    bytes += out.size();
  }
  SetProcessed(state, state.iterations() * kRepliesPerOutput, static_cast<int64_t>(bytes));
}

// The reply of one INCR whose counter has n as its value.
void BM_ReplyInteger(benchmark::State& state) {
  const int64_t value = state.range(0);
  WriteReplies(state, [&](protocol::ReplyWriter& reply, int i) { reply.Integer(value + i); });
}
BENCHMARK(BM_ReplyInteger)->Arg(1)->Arg(1'000'000)->Arg(1'000'000'000'000);

// The reply of one GET of n bytes.
void BM_ReplyBulk(benchmark::State& state) {
  const std::string value(static_cast<size_t>(state.range(0)), 'v');
  WriteReplies(state, [&](protocol::ReplyWriter& reply, int /*i*/) { reply.Bulk(value); });
}
BENCHMARK(BM_ReplyBulk)->Arg(3)->Arg(1024);

// The reply of one GET of a counter: bulk strings, but the objects hold integers.
void BM_ReplyBulkInteger(benchmark::State& state) {
  WriteReplies(state,
               [&](protocol::ReplyWriter& reply, int i) { reply.BulkInteger(1'000'000 + i); });
}
BENCHMARK(BM_ReplyBulkInteger);

// The reply of one MGET of n values of 16 bytes, heading and all.
void BM_ReplyArray(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0));
  const std::string value(16, 'v');
  WriteReplies(state, [&](protocol::ReplyWriter& reply, int /*i*/) {
    reply.Array(size);
    for (size_t i = 0; i < size; ++i) reply.Bulk(value);
  });
}
BENCHMARK(BM_ReplyArray)->Arg(1)->Arg(16);

}  // namespace
}  // namespace tally::bench
