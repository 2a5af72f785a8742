#include "server/metric_list.h"

#include <prometheus/text_serializer.h>

#include <sstream>

namespace tally::server {

void MetricList::Begin(std::string_view name, std::string_view help, prometheus::MetricType type) {
  if (!families_.empty() && families_.back().metric.empty()) families_.pop_back();
  prometheus::MetricFamily& family = families_.emplace_back();
  family.name = "tally_" + std::string(name);
  family.help = help;
  family.type = type;
}

void MetricList::Sample(double value, std::vector<Label> labels) {
  prometheus::MetricFamily& family = families_.back();
  prometheus::ClientMetric& metric = family.metric.emplace_back();
  metric.label = std::move(labels);
  if (family.type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
}

void MetricList::Sample(Histogram histogram, std::vector<Label> labels) {
  prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
  metric.label = std::move(labels);
  metric.histogram = std::move(histogram);
}

std::string MetricList::Text() const {
  std::vector<prometheus::MetricFamily> told(families_);
  if (!told.empty() && told.back().metric.empty()) told.pop_back();
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, told);
  return std::move(text).str();
}

}  // namespace tally::server
