// server/reply_gate.h: paid on the shard's thread by what waits for a commit: an INCR of another core's client in
// a batch, or a session's run of its own.
#include <cstddef>
#include <cstdint>
#include <memory>

#include <benchmark/benchmark.h>

#include "bench/micro/processed.h"
#include "server/reply_gate.h"

namespace tally::bench {
namespace {

class CountedReply final : public server::HeldReply {
 public:
  void Release() override { ++released_; }
  [[nodiscard]] int64_t released() const { return released_; }

 private:
  int64_t released_ = 0;
};

// One reply of n in a turn: Hold, its part of CloseTurn, and Release with the virtual call that it makes.
void BM_ReplyGateHoldRelease(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  const auto replies = std::make_unique<CountedReply[]>(count);
  server::ReplyGate gate;
  storage::Ticket ticket = storage::kNoTicket;
  for (auto _ : state) {
    for (size_t i = 0; i < count; ++i) gate.Hold(storage::kOpenTicket, &replies[i]);
    gate.CloseTurn(++ticket);
    benchmark::DoNotOptimize(gate.Release(ticket));
  }
  if (replies[count - 1].released() != state.iterations()) state.SkipWithError("a reply is held");
  SetProcessed(state, state.iterations() * state.range(0));
}
BENCHMARK(BM_ReplyGateHoldRelease)->Arg(1)->Arg(16)->Arg(512);

}  // namespace
}  // namespace tally::bench
