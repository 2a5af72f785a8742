#include "server/request_list.h"

#include <numeric>
#include <optional>
#include <utility>

#include "server/selected_database.h"

namespace tally::server {

size_t RequestList::BytesOf(std::span<const std::string_view> args) {
  size_t bytes = kRequestBytes + kArgumentBytes * args.size();
  for (const std::string_view argument : args) bytes += argument.size();
  return bytes;
}

void RequestList::Add(const Command& command, std::span<const std::string_view> args) {
  items_.push_back({&command, ends_.size(), 0, 0});
  for (const std::string_view argument : args) {
    bytes_.append(argument);
    ends_.push_back(bytes_.size());
  }
  bytes_used_ += BytesOf(args);
  flags_ |= command.flags;
  subscribes_ |= command.replies_are_pushes;
  needs_all_shards_ |= command.scope == Scope::kAllShards || command.scope == Scope::kWalk;
}

void RequestList::Clear() { *this = RequestList(); }

void RequestList::Seal(int database, int databases, const KeysOf& keys_of) {
  args_.reserve(ends_.size());
  size_t begin = 0;
  for (const size_t end : ends_) {
    args_.push_back(std::string_view(bytes_).substr(begin, end - begin));
    begin = end;
  }
  // The number that each database has now, by the one that it will have.
  std::vector<int> before(static_cast<size_t>(databases));
  std::iota(before.begin(), before.end(), 0);
  const auto number_now = [&before](int number) { return before[static_cast<size_t>(number)]; };
  for (size_t i = 0; i < items_.size(); ++i) {
    Item& item = items_[i];
    item.database = database;
    item.first_key = keys_.size();
    for (const storage::Key& key : keys_of(*item.command, args(i))) {
      keys_.push_back(key);
      needed_.push_back({number_now(database), key});
    }
    if (item.command->other_database != nullptr) {
      const std::optional<int> other = item.command->other_database(args(i), databases);
      if (other) needed_.push_back({number_now(*other), keys_.back()});
    }
    if (IsSelect(*item.command)) {
      database = SelectedDatabase(args(i)[1], databases).value_or(database);
    } else if (IsSwapDb(*item.command)) {
      const std::optional<int> a = SelectedDatabase(args(i)[1], databases);
      const std::optional<int> b = SelectedDatabase(args(i)[2], databases);
      if (a && b) std::swap(before[static_cast<size_t>(*a)], before[static_cast<size_t>(*b)]);
    }
  }
}

std::span<const std::string_view> RequestList::args(size_t index) const {
  const size_t begin = items_[index].first_argument;
  const size_t end = index + 1 < items_.size() ? items_[index + 1].first_argument : args_.size();
  return std::span(args_).subspan(begin, end - begin);
}

std::span<const storage::Key> RequestList::keys(size_t index) const {
  const size_t begin = items_[index].first_key;
  const size_t end = index + 1 < items_.size() ? items_[index + 1].first_key : keys_.size();
  return std::span(keys_).subspan(begin, end - begin);
}

}  // namespace tally::server
