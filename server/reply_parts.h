#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "server/operation.h"
#include "server/requester.h"

namespace tally::server {

/// One reply of which parts come later, from any thread, while the rest is written at once.
///
/// The writer adds a part for each place in its text where one is missing, and either finds at its end
/// that all have come (`Join`), or leaves the rest to the last of them (`SendTo`). It counts as a part
/// itself until `Arrive`: what it wrote may have to wait for a commit.
///
/// Thread: the writer's, one at a time; the tokens that `Add` gives belong to anybody. Limits: one part for
/// each command of a transaction that answers later.
class ReplyParts : public std::enable_shared_from_this<ReplyParts> {
 public:
  /// `requester` lives until the whole reply is sent.
  explicit ReplyParts(const Requester* requester) : requester_(requester) {}

  /// A part that belongs at `offset` of the text, behind all added before.
  [[nodiscard]] std::shared_ptr<DeferredReply> Add(size_t offset, int resp);
  /// `moved` learns where the text at `offset` is in the whole: called before that is sent. Order as for Add.
  void Mark(size_t offset, std::function<void(size_t)> moved) {
    parts_.push_back({offset, {}, false, std::move(moved)});
  }
  /// The part added last is not told: CLIENT REPLY.
  void DropLast() { parts_.back().dropped = true; }

  /// True: all parts have come (or there are none), and are in `*text` now.
  [[nodiscard]] bool Join(std::string* text);
  /// The whole reply goes to `token` when all parts have come and the writer has arrived.
  void SendTo(std::shared_ptr<DeferredReply> token, std::string text);
  void Arrive();

 private:
  struct Part {
    size_t offset;
    std::string bytes;
    bool dropped = false;
    std::function<void(size_t)> moved = {};  // a mark
  };
  class Token;

  [[nodiscard]] std::string Joined(const std::string& text) const;

  const Requester* const requester_;
  std::deque<Part> parts_;          // stay where they are
  std::atomic<size_t> missing_{1};  // the writer
  std::shared_ptr<DeferredReply> whole_;
  std::string text_;
};

}  // namespace tally::server
