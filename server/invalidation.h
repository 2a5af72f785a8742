#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/reply.h"
#include "server/mailbox.h"
#include "server/tracking.h"
#include "storage/thread_annotations.h"

namespace tally::server {

/// One thing that a client which keeps copies is told, on its way to the core of whoever gets it.
struct Invalidation {
  enum class Kind : uint8_t {
    kKeys,    ///< copies of these keys are no longer true
    kAll,     ///< no copy is
    kBroken,  ///< the client to which such news shall go is gone
  };
  Kind kind = Kind::kKeys;
  std::shared_ptr<const std::vector<std::string>> keys = nullptr;  ///< of kKeys
  std::shared_ptr<ClientTracker> tracker = nullptr;                ///< whose copies they are
  uint64_t redirect = 0;  ///< the client that gets it instead; 0: itself
};

/// The channel on which clients that speak RESP2 are told.
inline constexpr std::string_view kInvalidationChannel = "__redis__:invalidate";

/// As a push of RESP3: the head, in front of an array of keys, or null for all of them.
inline void WriteInvalidationHead(protocol::ReplyWriter* reply) {
  reply->Push(2);
  reply->Bulk("invalidate");
}

/// What one core's clients have to be told. Apart from the core's other mail, since it is delivered before replies
/// that depend on the same commit leave.
///
/// Thread: `Push` any, the rest its core's. Limits: none; the core empties it each turn, and what commits put in is
/// bounded by what they may gather.
class InvalidationInbox {
 public:
  explicit InvalidationInbox(Mailbox* core) : core_(core) {}

  /// Wakes the core.
  void Push(std::vector<Invalidation> news) EXCLUDES(mutex_) {
    {
      const storage::MutexLock lock(mutex_);
      waiting_.insert(waiting_.end(), std::make_move_iterator(news.begin()),
                      std::make_move_iterator(news.end()));
      has_news_.store(true, std::memory_order_seq_cst);
    }
    core_->Wake();
  }
  /// To be looked at after the core has announced its sleep.
  [[nodiscard]] bool empty() const { return !has_news_.load(std::memory_order_seq_cst); }
  [[nodiscard]] std::vector<Invalidation> Take() EXCLUDES(mutex_) {
    const storage::MutexLock lock(mutex_);
    has_news_.store(false, std::memory_order_seq_cst);
    return std::exchange(waiting_, {});
  }

 private:
  Mailbox* const core_;
  std::atomic<bool> has_news_{false};
  storage::Mutex mutex_;
  std::vector<Invalidation> waiting_ GUARDED_BY(mutex_);
};

}  // namespace tally::server
