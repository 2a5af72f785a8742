// protocol/request_parser.h: the first thing that every request pays, on its connection's core. Nothing
// else looks at the bytes between the socket and the handler.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/micro/key_names.h"
#include "bench/micro/processed.h"
#include "protocol/request_parser.h"

namespace tally::bench {
namespace {

using protocol::RequestParser;

constexpr std::string_view kName = "key:000000000042";

std::string Multibulk(std::string_view command, std::string_view key, std::string_view value) {
  std::string request =
      fmt::format("*{}\r\n${}\r\n{}\r\n", value.empty() ? 2 : 3, command.size(), command);
  request += fmt::format("${}\r\n{}\r\n", key.size(), key);
  if (!value.empty()) request += fmt::format("${}\r\n{}\r\n", value.size(), value);
  return request;
}

// Parses all of `input`, which ends with a request, once per iteration.
void ParseAll(benchmark::State& state, std::string_view input) {
  RequestParser parser;
  int64_t requests = 0;
  for (auto _ : state) {
    for (std::string_view unread = input; !unread.empty(); ++requests) {
      if (parser.Parse(unread) != RequestParser::Result::kRequest) {
        state.SkipWithError("not a request");
        return;
      }
      benchmark::DoNotOptimize(parser.args().data());
      unread.remove_prefix(parser.consumed());
    }
  }
  SetProcessed(state, requests, static_cast<int64_t>(state.iterations() * input.size()));
}

// One INCR of a pipeline that arrived whole: what `redis-benchmark -t incr -P n` makes each request cost
// here.
void BM_ParseIncrPipeline(benchmark::State& state) {
  const KeyNames names(0, static_cast<size_t>(state.range(0)), 0);
  std::string input;
  for (size_t i = 0; i < names.size(); ++i) input += Multibulk("INCR", names[i], {});
  ParseAll(state, input);
}
BENCHMARK(BM_ParseIncrPipeline)->Arg(1)->Arg(16)->Arg(64);

// One SET with a value of n bytes. The value is not looked at, so its length should cost nothing.
void BM_ParseSet(benchmark::State& state) {
  const std::string value(static_cast<size_t>(state.range(0)), 'v');
  ParseAll(state, Multibulk("SET", kName, value));
}
BENCHMARK(BM_ParseSet)->Arg(3)->Arg(1024);

// One request of a person at a telnet prompt; every byte is looked at.
void BM_ParseInline(benchmark::State& state) { ParseAll(state, fmt::format("INCR {}\r\n", kName)); }
BENCHMARK(BM_ParseInline);

// One INCR of which n bytes more are there at each call: what a request pays that a slow network cut, for
// all its calls together.
void BM_ParseIncrInPieces(benchmark::State& state) {
  const auto piece_bytes = static_cast<size_t>(state.range(0));
  const std::string input = Multibulk("INCR", kName, {});
  RequestParser parser;
  for (auto _ : state) {
    RequestParser::Result result = RequestParser::Result::kIncomplete;
    for (size_t arrived = 0; arrived < input.size();) {
      arrived = std::min(input.size(), arrived + piece_bytes);
      result = parser.Parse(std::string_view(input).substr(0, arrived));
    }
    if (result != RequestParser::Result::kRequest) {
      state.SkipWithError("not a request");
      return;
    }
    benchmark::DoNotOptimize(parser.args().data());
  }
  SetProcessed(state, state.iterations(), static_cast<int64_t>(state.iterations() * input.size()));
}
BENCHMARK(BM_ParseIncrInPieces)->Arg(1)->Arg(16);

}  // namespace
}  // namespace tally::bench
