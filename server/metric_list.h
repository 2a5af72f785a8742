#pragma once

#include <prometheus/metric_family.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tally::server {

/// Metrics in Prometheus's form while they are put together. Names come without their prefix `tally_`, in base units;
/// those of counters end in `_total`. What is told under one name is told in one go.
class MetricList {
 public:
  using Label = prometheus::ClientMetric::Label;
  using Histogram = prometheus::ClientMetric::Histogram;

  /// Begins a family; the following samples are its.
  void Counters(std::string_view name, std::string_view help) {
    Begin(name, help, prometheus::MetricType::Counter);
  }
  void Gauges(std::string_view name, std::string_view help) {
    Begin(name, help, prometheus::MetricType::Gauge);
  }
  void Histograms(std::string_view name, std::string_view help) {
    Begin(name, help, prometheus::MetricType::Histogram);
  }
  void Sample(double value, std::vector<Label> labels = {});
  void Sample(Histogram histogram, std::vector<Label> labels);

  /// A family of one sample.
  void Counter(std::string_view name, std::string_view help, double value) {
    Counters(name, help);
    Sample(value);
  }
  void Gauge(std::string_view name, std::string_view help, double value) {
    Gauges(name, help);
    Sample(value);
  }

  /// In the text format, version 0.0.4. Families without samples are left out.
  [[nodiscard]] std::string Text() const;

 private:
  void Begin(std::string_view name, std::string_view help, prometheus::MetricType type);

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace tally::server
