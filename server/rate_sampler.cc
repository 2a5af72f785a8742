#include "server/rate_sampler.h"

#include <algorithm>

namespace tally::server {

void RateSampler::Sample(int64_t now_us, const Totals& totals) {
  const Values values = {totals.commands, totals.bytes_in, totals.bytes_out};
  if (last_us_ < 0) {
    last_us_ = now_us;
    last_ = values;
    return;
  }
  const int64_t elapsed_us = now_us - last_us_;
  if (elapsed_us < kMinIntervalUs) return;

  std::array<double, kSeries>& sample = samples_[count_ % kSamples];
  ++count_;
  const auto taken = static_cast<double>(std::min(count_, kSamples));
  for (size_t series = 0; series < kSeries; ++series) {
    // After a reset everything that is counted now came after it.
    const uint64_t before = values[series] < last_[series] ? 0 : last_[series];
    sample[series] =
        static_cast<double>(values[series] - before) * 1e6 / static_cast<double>(elapsed_us);
    double sum = 0;
    for (const auto& one : samples_) sum += one[series];
    rates_[series].store(sum / taken);
  }
  last_us_ = now_us;
  last_ = values;
}

RateSampler::Totals TotalsOf(const std::vector<const CoreStatistics*>& cores) {
  RateSampler::Totals totals;
  for (const CoreStatistics* core : cores) {
    totals.commands += core->commands_processed.value();
    totals.bytes_in += core->bytes_in.value();
    totals.bytes_out += core->bytes_out.value();
  }
  return totals;
}

}  // namespace tally::server
