#include "server/subscription_directory.h"

#include "server/glob.h"
#include "storage/invariant.h"

namespace tally::server {

void SubscriptionDirectory::Add(SubscriptionKind kind, std::string_view name) {
  const std::lock_guard lock(mutex_);
  Counts& counts = counts_[static_cast<size_t>(kind)];
  if (const auto found = counts.find(name); found != counts.end()) {
    ++found->second;
  } else {
    counts.emplace(std::string(name), 1);
  }
}

void SubscriptionDirectory::Remove(SubscriptionKind kind, std::string_view name) {
  const std::lock_guard lock(mutex_);
  Counts& counts = counts_[static_cast<size_t>(kind)];
  const auto found = counts.find(name);
  TALLY_ASSERT(found != counts.end(), "what ends had begun");
  if (--found->second == 0) counts.erase(found);
}

size_t SubscriptionDirectory::size(SubscriptionKind kind) const {
  const std::lock_guard lock(mutex_);
  return counts_[static_cast<size_t>(kind)].size();
}

size_t SubscriptionDirectory::subscribers(SubscriptionKind kind, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const Counts& counts = counts_[static_cast<size_t>(kind)];
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

std::vector<std::string> SubscriptionDirectory::Matching(
    SubscriptionKind kind, std::optional<std::string_view> pattern) const {
  std::vector<std::string> names;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, count] : counts_[static_cast<size_t>(kind)]) {
    if (!pattern || GlobMatch(*pattern, name, /*ignore_case=*/false)) names.push_back(name);
  }
  return names;
}

}  // namespace tally::server
