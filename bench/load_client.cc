// Load that redis-benchmark cannot make: keys by a skewed choice or in order, a fixed rate, for a time; any Redis server.
// One thread. Prints one JSON object: what was sent, how fast, how long replies took.

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio.hpp>
#include <fmt/format.h>

#include "bench/latency_histogram.h"
#include "bench/reply_counter.h"

namespace tally::bench {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string host = "127.0.0.1";
  uint16_t port = 6379;
  std::string command = "incr";
  std::string prefix = "counter";
  size_t digits = 12;
  uint64_t first_key = 0;
  uint64_t keys = 1;
  double hot_keys = 1;      // this share of the keys
  double hot_requests = 0;  // has at least this share of the requests
  bool in_order = false;
  size_t value_bytes = 3;
  size_t connections = 50;
  size_t pipeline = 1;
  double rate = 0;  // requests/s over all connections; 0: as fast as replies come
  uint64_t requests = 0;
  double seconds = 0;
  uint64_t seed = 1;
};

uint64_t MicrosecondsSince(Clock::time_point then) {
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - then);
  return passed.count() < 0 ? 0 : static_cast<uint64_t>(passed.count());
}

/// Which request comes next, as its bytes.
class RequestStream {
 public:
  explicit RequestStream(const Options& options)
      : options_(options), random_(options.seed), value_(options.value_bytes, 'x') {}

  void AppendNext(std::string* out) {
    const uint64_t key = options_.first_key + NextKey();
    name_.clear();
    fmt::format_to(std::back_inserter(name_), "{}:{:0{}}", options_.prefix, key, options_.digits);
    if (options_.command == "set") {
      fmt::format_to(std::back_inserter(*out), "*3\r\n$3\r\nSET\r\n${}\r\n{}\r\n${}\r\n{}\r\n",
                     name_.size(), name_, value_.size(), value_);
    } else {
      const std::string_view verb = options_.command == "get" ? "$3\r\nGET" : "$4\r\nINCR";
      fmt::format_to(std::back_inserter(*out), "*2\r\n{}\r\n${}\r\n{}\r\n", verb, name_.size(),
                     name_);
    }
  }

 private:
  uint64_t NextKey() {
    if (options_.in_order) return next_++ % options_.keys;
    uint64_t range = options_.keys;
    if (std::uniform_real_distribution<>(0, 1)(random_) < options_.hot_requests) {
      range = std::max<uint64_t>(
          1, static_cast<uint64_t>(static_cast<double>(range) * options_.hot_keys));
    }
    return std::uniform_int_distribution<uint64_t>(0, range - 1)(random_);
  }

  const Options& options_;
  std::mt19937_64 random_;
  std::string value_;
  std::string name_;
  uint64_t next_ = 0;
};

/// What all connections share.
struct Run {
  explicit Run(const Options& given) : options(given), stream(given), start(Clock::now()) {}

  /// How many of `wanted` more requests may be sent.
  uint64_t Take(uint64_t wanted) {
    if (options.seconds > 0 &&
        MicrosecondsSince(start) >= static_cast<uint64_t>(options.seconds * 1e6))
      return 0;
    if (options.requests > 0) wanted = std::min(wanted, options.requests - sent);
    sent += wanted;
    return wanted;
  }

  const Options& options;
  RequestStream stream;
  Clock::time_point start;
  uint64_t sent = 0;
  uint64_t errors = 0;
  std::string first_error;
  LatencyHistogram latencies;
};

/// One connection. At full speed it sends a pipeline of requests when the last one is answered; at a fixed rate it sends
/// when it is told to, and the wait counts from the moment when the request was due.
class LoadConnection {
 public:
  LoadConnection(asio::io_context* loop, Run* run) : socket_(*loop), run_(run) {}

  void Connect(const asio::ip::tcp::endpoint& endpoint) {
    socket_.connect(endpoint);
    socket_.set_option(asio::ip::tcp::no_delay(true));
    Read();
  }

  void SendPipeline() {
    const uint64_t count = run_->Take(run_->options.pipeline);
    if (count == 0) return socket_.close();
    const Clock::time_point now = Clock::now();
    for (uint64_t i = 0; i < count; ++i) Append(now);
    Write();
  }

  void SendOne(Clock::time_point due) {
    Append(due);
    if (!writing_) Write();
  }

  /// No more requests follow.
  void Finish() {
    finishing_ = true;
    if (waiting_.size() == answered_) socket_.close();
  }

 private:
  void Append(Clock::time_point due) {
    run_->stream.AppendNext(&next_);
    waiting_.push_back(due);
  }

  void Write() {
    writing_ = true;
    sending_.swap(next_);
    next_.clear();
    asio::async_write(socket_, asio::buffer(sending_),
                      [this](boost::system::error_code error, size_t) {
                        writing_ = false;
                        if (error) return Fail(error);
                        if (!next_.empty()) Write();
                      });
  }

  void Read() {
    socket_.async_read_some(
        asio::buffer(buffer_), [this](boost::system::error_code error, size_t bytes) {
          if (error) return Fail(error);
          const uint64_t errors_before = replies_.errors();
          for (uint64_t left = replies_.Take({buffer_.data(), bytes}); left > 0; --left) {
            run_->latencies.Add(MicrosecondsSince(waiting_.at(answered_++)));
          }
          run_->errors += replies_.errors() - errors_before;
          if (run_->first_error.empty()) run_->first_error = replies_.first_error();
          if (answered_ == waiting_.size()) EndRound();
          if (socket_.is_open()) Read();
        });
  }

  void EndRound() {
    waiting_.clear();
    answered_ = 0;
    if (finishing_) return socket_.close();
    if (run_->options.rate == 0) SendPipeline();
  }

  void Fail(boost::system::error_code error) {
    if (error == asio::error::operation_aborted) return;
    fmt::print(stderr, "the connection failed: {}\n", error.message());
    std::exit(1);
  }

  asio::ip::tcp::socket socket_;
  Run* run_;
  std::array<char, 65536> buffer_;
  std::string next_;
  std::string sending_;
  bool writing_ = false;
  bool finishing_ = false;
  std::vector<Clock::time_point> waiting_;  // when each request since the last quiet moment was due
  size_t answered_ = 0;                     // of these
  ReplyCounter replies_;
};

/// Tells connections when to send.
class Pacer {
 public:
  Pacer(asio::io_context* loop, Run* run, std::vector<std::unique_ptr<LoadConnection>>* connections)
      : timer_(*loop), run_(run), connections_(connections), due_(Clock::now()) {}

  void Start() {
    while (due_ <= Clock::now()) {
      if (run_->Take(1) == 0) {
        for (auto& connection : *connections_) connection->Finish();
        return;
      }
      (*connections_)[turn_++ % connections_->size()]->SendOne(due_);
      due_ += std::chrono::duration_cast<Clock::duration>(
          std::chrono::duration<double>(1 / run_->options.rate));
    }
    timer_.expires_at(due_);
    timer_.async_wait([this](boost::system::error_code) { Start(); });
  }

 private:
  asio::steady_timer timer_;
  Run* run_;
  std::vector<std::unique_ptr<LoadConnection>>* connections_;
  Clock::time_point due_;
  size_t turn_ = 0;
};

void PrintResult(const Run& run) {
  const LatencyHistogram& took = run.latencies;
  const double seconds = static_cast<double>(MicrosecondsSince(run.start)) / 1e6;
  fmt::print(
      "{{\"requests\": {}, \"errors\": {}, \"seconds\": {:.3f}, \"rps\": {:.1f}, \"p50_us\": {}, "
      "\"p99_us\": {}, "
      "\"p999_us\": {}, \"max_us\": {}}}\n",
      took.total(), run.errors, seconds, static_cast<double>(took.total()) / seconds,
      took.Percentile(0.5), took.Percentile(0.99), took.Percentile(0.999), took.max_us());
  if (run.errors > 0) fmt::print(stderr, "{} errors, the first: {}\n", run.errors, run.first_error);
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app{
      "Load for a Redis server: skewed keys, keys in order, fixed rates. Prints one JSON object."};
  app.add_option("--host", options.host, "an address");
  app.add_option("--port", options.port);
  app.add_option("--command", options.command)->check(CLI::IsMember({"incr", "get", "set"}));
  app.add_option("--prefix", options.prefix, "keys are PREFIX:000000000042");
  app.add_option("--digits", options.digits, "at least, in the names of keys")
      ->check(CLI::Range(1, 20));
  app.add_option("--first-key", options.first_key);
  app.add_option("--keys", options.keys)->check(CLI::Range(uint64_t{1}, uint64_t{999'999'999'999}));
  app.add_option("--hot-keys", options.hot_keys, "share of the keys that is hot, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--hot-requests", options.hot_requests,
                 "share of the requests to these; all others go to any key")
      ->check(CLI::Range(0.0, 1.0));
  app.add_flag("--in-order", options.in_order, "one key after the other");
  app.add_option("--value-bytes", options.value_bytes, "of SET");
  app.add_option("--connections", options.connections)->check(CLI::Range(1, 10'000));
  app.add_option("--pipeline", options.pipeline, "without --rate")->check(CLI::Range(1, 1'000'000));
  app.add_option("--rate", options.rate, "requests/s, sent when due whether or not replies came")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--requests", options.requests);
  app.add_option("--seconds", options.seconds)->check(CLI::NonNegativeNumber);
  app.add_option("--seed", options.seed);
  CLI11_PARSE(app, argc, argv);
  if (options.requests == 0 && options.seconds == 0) {
    fmt::print(stderr, "--requests or --seconds says when to stop\n");
    return 2;
  }

  asio::io_context loop{1};
  Run run{options};
  std::vector<std::unique_ptr<LoadConnection>> connections;
  const asio::ip::tcp::endpoint endpoint{asio::ip::make_address(options.host), options.port};
  for (size_t i = 0; i < options.connections; ++i) {
    connections.push_back(std::make_unique<LoadConnection>(&loop, &run));
    connections.back()->Connect(endpoint);
  }
  run.start = Clock::now();
  Pacer pacer{&loop, &run, &connections};
  if (options.rate > 0) {
    pacer.Start();
  } else {
    for (auto& connection : connections) connection->SendPipeline();
  }
  loop.run();
  PrintResult(run);
  return run.errors == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tally::bench

int main(int argc, char** argv) {
  try {
    return tally::bench::Main(argc, argv);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "{}\n", failure.what());
    return 1;
  }
}
