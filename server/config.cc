#include "server/config.h"

#include <cstddef>
#include <utility>

namespace tally::server {

std::string Config::requirepass() const {
  const std::scoped_lock lock(mutex_);
  return requirepass_;
}

void Config::set_requirepass(std::string password) {
  const std::scoped_lock lock(mutex_);
  users_.SetDefaultPassword(password);
  requirepass_ = std::move(password);
}

OutputBoundsByClass Config::output_bounds() const {
  const std::scoped_lock lock(mutex_);
  return output_bounds_;
}

void Config::set_output_bounds(const OutputBoundsByClass& bounds) {
  const std::scoped_lock lock(mutex_);
  output_bounds_ = bounds;
  smallest_output_bound_.store(bounds.SmallestBytes(), std::memory_order_relaxed);
}

std::optional<std::string> Config::remembered(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = remembered_.find(name);
  if (found == remembered_.end()) return std::nullopt;
  return found->second;
}

void Config::Remember(std::string_view name, std::string value) {
  const std::scoped_lock lock(mutex_);
  remembered_.insert_or_assign(std::string(name), std::move(value));
}

TlsSettings Config::tls() const {
  const std::lock_guard lock(mutex_);
  return tls_;
}

void Config::set_tls(TlsSettings settings) {
  const std::lock_guard lock(mutex_);
  tls_ = std::move(settings);
}

std::vector<double> Config::latency_percentiles() const {
  const std::scoped_lock lock(mutex_);
  return latency_percentiles_;
}

void Config::set_latency_percentiles(std::vector<double> percentiles) {
  const std::scoped_lock lock(mutex_);
  latency_percentiles_ = std::move(percentiles);
}

std::vector<SavePoint> Config::save_points() const {
  const std::scoped_lock lock(mutex_);
  return save_points_;
}

void Config::set_save_points(std::vector<SavePoint> points) {
  const std::scoped_lock lock(mutex_);
  save_points_ = std::move(points);
}

std::string_view Name(FsyncPolicy policy) {
  switch (policy) {
    case FsyncPolicy::kAlways:
      return "always";
    case FsyncPolicy::kEverySecond:
      return "everysec";
    case FsyncPolicy::kNo:
      return "no";
  }
  return {};
}

std::string_view Name(TlsClientAuth auth) {
  switch (auth) {
    case TlsClientAuth::kNo:
      return "no";
    case TlsClientAuth::kYes:
      return "yes";
    case TlsClientAuth::kOptional:
      return "optional";
  }
  return "";
}

std::string_view Name(DebugCommand who) {
  switch (who) {
    case DebugCommand::kNo:
      return "no";
    case DebugCommand::kYes:
      return "yes";
    case DebugCommand::kLocal:
      return "local";
  }
  return {};
}

std::string_view Name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kVerbose:
      return "verbose";
    case LogLevel::kNotice:
      return "notice";
    case LogLevel::kWarning:
      return "warning";
  }
  return {};
}

std::string_view Name(LogFormat format) { return format == LogFormat::kJson ? "json" : "text"; }

}  // namespace tally::server
