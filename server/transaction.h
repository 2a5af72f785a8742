#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "server/command.h"
#include "server/request_list.h"

namespace tally::server {

/// What a client has queued since MULTI.
///
/// A request that is refused aborts it: EXEC runs nothing then, so nothing more is kept. Thread: the
/// session's core; while EXEC is under way, the thread that runs it reads.
class Transaction {
 public:
  /// As much as Redis lets a client send before it closes the connection (client-query-buffer-limit). Here
  /// the request that is too much is refused.
  static constexpr size_t kMaxQueuedBytes = size_t{1} << 30;

  explicit Transaction(size_t most_bytes = kMaxQueuedBytes) : most_bytes_(most_bytes) {}

  /// False: it would be more than the limit, and the transaction is aborted.
  [[nodiscard]] bool Queue(const Command& command, std::span<const std::string_view> args) {
    if (aborted_) return true;
    if (requests_.bytes() + RequestList::BytesOf(args) > most_bytes_) {
      Abort();
      return false;
    }
    requests_.Add(command, args);
    ++queued_;
    return true;
  }
  void Abort() {
    aborted_ = true;
    requests_.Clear();
  }
  [[nodiscard]] bool aborted() const { return aborted_; }
  /// Requests that were queued, aborted or not.
  [[nodiscard]] size_t queued() const { return queued_; }
  [[nodiscard]] RequestList& requests() { return requests_; }
  [[nodiscard]] const RequestList& requests() const { return requests_; }

 private:
  const size_t most_bytes_;
  RequestList requests_;
  size_t queued_ = 0;
  bool aborted_ = false;
};

}  // namespace tally::server
