#include "storage/watch_table.h"

#include "storage/object.h"

namespace tally::storage {

void WatchTable::Add(int database, uint32_t slot, uint64_t hash, std::shared_ptr<Watcher> watcher,
                     bool exists, int64_t expires_at_ms) {
  const Place place{IdOf(database, hash), watcher.get()};
  watches_.try_emplace(place, Watch{std::move(watcher), slot, exists, expires_at_ms});
}

void WatchTable::OnChange(int database, uint64_t hash) {
  const uint64_t id = IdOf(database, hash);
  for (auto at = watches_.lower_bound({id, nullptr});
       at != watches_.end() && at->first.first == id;) {
    at->second.watcher->OnChange();
    at = watches_.erase(at);
  }
}

void WatchTable::OnFlush(int database) {
  const auto end = watches_.lower_bound({IdOf(database + 1, 0), nullptr});
  for (auto at = watches_.lower_bound({IdOf(database, 0), nullptr}); at != end;) {
    if (!at->second.exists) {
      ++at;
      continue;
    }
    at->second.watcher->OnChange();
    at = watches_.erase(at);
  }
}

WatchTable::Watches WatchTable::TakeAll(int database) {
  Watches taken;
  const auto end = watches_.lower_bound({IdOf(database + 1, 0), nullptr});
  for (auto at = watches_.lower_bound({IdOf(database, 0), nullptr}); at != end;) {
    taken.insert(watches_.extract(at++));
  }
  return taken;
}

void WatchTable::OnSwap(
    int a, int b,
    const std::function<bool(int database, uint32_t slot, uint64_t hash)>& may_exist) {
  std::pair<Watches, int> moves[] = {{TakeAll(a), b}, {TakeAll(b), a}};
  for (auto& [watches, other] : moves) {
    for (auto& [place, watch] : watches) {
      const uint64_t hash = place.first & ((uint64_t{1} << kNameHashBits) - 1);
      if (watch.exists || may_exist(other, watch.slot, hash)) {
        watch.watcher->OnChange();
      } else {
        watches_.emplace(Place{IdOf(other, hash), place.second}, std::move(watch));
      }
    }
  }
}

bool WatchTable::End(int database, uint64_t hash, const Watcher* watcher, int64_t now_ms) {
  const auto found = watches_.find({IdOf(database, hash), watcher});
  if (found == watches_.end()) return false;
  const int64_t expires_at_ms = found->second.expires_at_ms;
  watches_.erase(found);
  return expires_at_ms != kNoExpiry && now_ms > expires_at_ms;
}

}  // namespace tally::storage
