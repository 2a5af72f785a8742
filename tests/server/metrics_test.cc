#include "server/metrics.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/server/fake_services.h"

namespace tally::server {
namespace {

// The text format as its description has it, and what promtool asks for beyond: every family has its HELP and TYPE in
// front, once; names and labels are well formed; histograms rise, and end with their count.
class Exposition {
 public:
  explicit Exposition(const std::string& text) {
    EXPECT_TRUE(text.ends_with('\n'));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) Read(line);
  }
  [[nodiscard]] double operator[](const std::string& sample) const {
    const auto found = samples_.find(sample);
    EXPECT_NE(found, samples_.end()) << sample;
    return found == samples_.end() ? -1 : found->second;
  }
  [[nodiscard]] bool Has(const std::string& sample) const { return samples_.contains(sample); }
  [[nodiscard]] const std::map<std::string, double>& samples() const { return samples_; }

 private:
  void Read(const std::string& line) {
    std::istringstream words(line);
    if (line.starts_with("# ")) {
      std::string mark;
      std::string kind;
      std::string name;
      words >> mark >> kind >> name;
      EXPECT_TRUE(name.starts_with("tally_")) << line;
      if (kind == "HELP") {
        EXPECT_TRUE(helped_.insert(name).second) << "twice: " << line;
        family_ = name;
        return;
      }
      EXPECT_EQ(kind, "TYPE") << line;
      EXPECT_EQ(name, family_) << line;
      words >> type_;
      EXPECT_EQ(type_ == "counter", name.ends_with("_total")) << line;
      return;
    }
    const size_t end = line.rfind(' ');
    const std::string sample = line.substr(0, end);
    const std::string name = sample.substr(0, sample.find('{'));
    if (type_ == "histogram") {
      EXPECT_TRUE(name == family_ + "_bucket" || name == family_ + "_sum" ||
                  name == family_ + "_count")
          << line;
    } else {
      EXPECT_EQ(name, family_) << line;
    }
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string::npos) << line;
    size_t read = 0;
    const double value = std::stod(line.substr(end + 1), &read);
    EXPECT_EQ(read, line.size() - end - 1) << line;
    EXPECT_TRUE(samples_.emplace(sample, value).second) << "twice: " << line;
  }

  std::string family_;
  std::string type_;
  std::set<std::string> helped_;
  std::map<std::string, double> samples_;
};

class MetricsTest : public ::testing::Test {
 protected:
  Exposition Read() { return Exposition(MetricsText(&services)); }
  CommandCounters& Counters(const char* name) {
    return services.core.commands[FindCommandByName(name)->id];
  }

  FakeServices services;
};

TEST_F(MetricsTest, WhatTheCoresCountIsTold) {
  services.core.bytes_in.Set(17);
  services.core.held_us.Set(2'500'000);
  services.core.waiting_operations.Set(3);
  services.core.objects.Set(9);
  const Exposition metrics = Read();
  EXPECT_EQ(metrics["tally_received_bytes_total{shard=\"0\"}"], 17);
  EXPECT_EQ(metrics["tally_held_reply_seconds_total{shard=\"0\"}"], 2.5);
  EXPECT_EQ(metrics["tally_waiting_operations{shard=\"0\"}"], 3);
  EXPECT_EQ(metrics["tally_objects"], 9);
  EXPECT_EQ(metrics["tally_rejected_connections_total"], 7);
}

TEST_F(MetricsTest, CommandsAreToldOnceTheyWereUsed) {
  EXPECT_FALSE(Read().Has("tally_commands_total{command=\"incr\"}"));
  Counters("incr").calls.Set(5);
  Counters("get").rejected.Set(2);
  Counters("config|get").failed.Set(1);
  services.core.CountError("-WRONGTYPE no");
  const Exposition metrics = Read();
  EXPECT_EQ(metrics["tally_commands_total{command=\"incr\"}"], 5);
  EXPECT_EQ(metrics["tally_command_errors_total{command=\"get\",kind=\"rejected\"}"], 2);
  EXPECT_EQ(metrics["tally_command_errors_total{command=\"config|get\",kind=\"failed\"}"], 1);
  EXPECT_EQ(metrics["tally_errors_total{kind=\"WRONGTYPE\"}"], 1);
  EXPECT_FALSE(metrics.Has("tally_command_duration_seconds_count{command=\"incr\"}"))
      << "with latency-tracking off there is no histogram";
}

TEST_F(MetricsTest, AHistogramHasEveryCallInItsClass) {
  Counters("incr").calls.Set(6);
  Counters("incr").nanoseconds.Set(3'000'000'000);
  LatencyHistogram& latency = Counters("incr").latency();
  latency.Add(1);
  latency.Add(1'023);              // the last below the first bound
  latency.Add(1'024);              // and the first beyond it
  latency.Add(16'000);             // below 16.384 us
  latency.Add(17'000'000'000);     // below the last bound
  latency.Add(4'000'000'000'000);  // beyond all
  const Exposition metrics = Read();
  const auto bucket = [&](const std::string& bound) {
    return metrics["tally_command_duration_seconds_bucket{command=\"incr\",le=\"" + bound + "\"}"];
  };
  EXPECT_EQ(bucket("1.024e-06"), 2);
  EXPECT_EQ(bucket("4.096e-06"), 3);
  EXPECT_EQ(bucket("1.6384e-05"), 4);
  EXPECT_EQ(bucket("+Inf"), 6);
  EXPECT_EQ(metrics["tally_command_duration_seconds_count{command=\"incr\"}"], 6);
  EXPECT_EQ(metrics["tally_command_duration_seconds_sum{command=\"incr\"}"], 3);
  double before = 0;
  int classes = 0;
  double last_finite = 0;
  std::map<double, double> counts;  // by bound
  for (const auto& [sample, count] : metrics.samples()) {
    const size_t at = sample.find("le=\"");
    if (at == std::string::npos) continue;
    counts[std::stod(sample.substr(at + 4))] = count;
  }
  for (const auto& [bound, count] : counts) {
    EXPECT_GE(count, before) << bound;
    before = count;
    if (std::isfinite(bound)) last_finite = count;
    ++classes;
  }
  EXPECT_EQ(classes, 14);
  EXPECT_EQ(last_finite, 5);
}

TEST_F(MetricsTest, CommitsAndCheckpointsAreTold) {
  services.commit.commits = 4;
  services.commit.appended = 9;
  services.commit.durable = 7;
  services.commit.sync_seconds = 0.25;
  services.checkpoint.running = true;
  services.checkpoint.last_ok = false;
  services.figures = {{"log_syncs_total", "Syncs.", 8}};
  const Exposition metrics = Read();
  EXPECT_EQ(metrics["tally_commits_total"], 4);
  EXPECT_EQ(metrics["tally_change_sets_total"], 9);
  EXPECT_EQ(metrics["tally_uncommitted_change_sets"], 2);
  EXPECT_EQ(metrics["tally_sync_seconds_total"], 0.25);
  EXPECT_EQ(metrics["tally_checkpoint_running"], 1);
  EXPECT_EQ(metrics["tally_checkpoint_last_success"], 0);
  EXPECT_FALSE(metrics.Has("tally_checkpoint_last_duration_seconds")) << "there was none";
  EXPECT_EQ(metrics["tally_store_log_syncs_total"], 8);
}

TEST_F(MetricsTest, ReadinessIsAMetricToo) {
  EXPECT_EQ(Read()["tally_ready"], 1);
  services.writes_refused = true;
  EXPECT_EQ(Read()["tally_ready"], 0);
}

}  // namespace
}  // namespace tally::server
