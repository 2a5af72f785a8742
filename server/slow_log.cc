#include "server/slow_log.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "server/redaction.h"

namespace tally::server {

SlowRequest SlowRequest::Of(const Command& command, std::span<const std::string_view> args,
                            int64_t time_s, int64_t duration_us) {
  SlowRequest request;
  request.time_s = time_s;
  request.duration_us = duration_us;
  const bool is_cut = args.size() > kMostArguments;
  const size_t shown = is_cut ? kMostArguments - 1 : args.size();
  for (size_t i = 0; i < shown; ++i) {
    const std::string_view argument = ShownArgument(command, args, i);
    std::string& copy = request.arguments.emplace_back(argument.substr(0, kMostArgumentBytes));
    if (argument.size() <= kMostArgumentBytes) continue;
    copy += fmt::format("... ({} more bytes)", argument.size() - kMostArgumentBytes);
  }
  if (is_cut) {
    request.arguments.push_back(fmt::format("... ({} more arguments)", args.size() - shown));
  }
  return request;
}

void SlowLog::SetLimit(uint64_t entries) {
  const storage::MutexLock lock(mutex_);
  limit_ = entries;
  if (requests_.size() > limit_) requests_.resize(limit_);
}

void SlowLog::Add(SlowRequest request) {
  const storage::MutexLock lock(mutex_);
  request.id = next_id_++;
  requests_.push_front(std::move(request));
  if (requests_.size() > limit_) requests_.pop_back();
}

std::vector<SlowRequest> SlowLog::Newest(uint64_t count) const {
  const storage::MutexLock lock(mutex_);
  const auto end =
      requests_.begin() + static_cast<std::ptrdiff_t>(std::min<uint64_t>(count, requests_.size()));
  return {requests_.begin(), end};
}

size_t SlowLog::size() const {
  const storage::MutexLock lock(mutex_);
  return requests_.size();
}

void SlowLog::Clear() {
  const storage::MutexLock lock(mutex_);
  requests_.clear();
}

}  // namespace tally::server
