#pragma once

#include <cstdint>

#include <benchmark/benchmark.h>

namespace tally::bench {

/// Says what all iterations together have done. Beside the rates, the output has `per_item`: the time
/// that one item takes.
inline void SetProcessed(benchmark::State& state, int64_t items, int64_t bytes = 0) {
  state.SetItemsProcessed(items);
  if (bytes != 0) state.SetBytesProcessed(bytes);
  state.counters["per_item"] = benchmark::Counter(
      static_cast<double>(items), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

}  // namespace tally::bench
