#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/input_gate.h"
#include "server/mailbox.h"
#include "server/reply_gate.h"
#include "server/requester.h"
#include "server/shard.h"
#include "server/slow_log.h"
#include "storage/key.h"

namespace tally::server {

/// The operations of one session's input that belong to one other shard: one message there, and one
/// back with their replies (two where some replies wait for a commit and others, of clean reads, do
/// not).
///
/// Operations run in order. At the first one that needs something which is not in memory, or room to write
/// when memory is full, the batch waits at the shard's input gate, and goes on from there.
///
/// Large replies go back in parts: after `kPartBytes` those of what has run do, as a batch that `has_more`, and
/// the rest waits at the input gate until the requester lets it go on (GoOnMessage). So what replies take of memory
/// is bounded by what the requester is willing to keep.
///
/// It owns copies of the arguments, since the session's read buffer stays behind. Thread: one core at a
/// time, the session's or the shard's; the mailboxes hand it over. The requester, that session, outlives
/// it.
class OperationBatch final : public Message, public HeldReply {
 public:
  /// One operation: its request, then its reply.
  struct Item {
    const Command* command;
    uint32_t argument_count;
    uint32_t key_count;
    int database;
    int resp;
    uint64_t place;        // in the session's reply queue
    bool suppressed;       // CLIENT REPLY OFF: no place
    bool remembers;        // the tracker is told when one of the keys changes
    size_t request_bytes;  // of its arguments
    size_t reply_begin;    // in replies_
    size_t reply_end;
    storage::Ticket depends_on;
  };

  /// Of replies that wait for the rest of their batch.
  static constexpr size_t kPartBytes = size_t{256} << 10;

  /// `tracker`: the client's, if it keeps copies of what it reads; else null.
  OperationBatch(Requester* requester, uint32_t origin, Shard* target, Mailboxes* mailboxes,
                 std::shared_ptr<ClientTracker> tracker = nullptr)
      : requester_(requester),
        origin_(origin),
        target_(target),
        mailboxes_(mailboxes),
        tracker_(std::move(tracker)) {}

  /// Adds an operation; `keys` are views into `args`.
  void Add(const Item& item, std::span<const std::string_view> args,
           std::span<const storage::Key> keys);
  [[nodiscard]] uint32_t target() const { return target_->number(); }
  [[nodiscard]] const ClientTracker* tracker() const { return tracker_.get(); }

  // Back on the session's core.
  [[nodiscard]] std::span<const Item> items() const {
    return std::span(items_).subspan(first_item_);
  }
  /// It is a part, and the rest halts until it is let go on. The place of the next operation.
  [[nodiscard]] bool has_more() const { return has_more_; }
  [[nodiscard]] uint64_t next_place() const { return next_place_; }
  [[nodiscard]] std::string_view ReplyOf(const Item& item) const {
    return std::string_view(replies_).substr(item.reply_begin, item.reply_end - item.reply_begin);
  }

  /// Those that were slow, for the session to say whose they are.
  [[nodiscard]] std::span<const SlowRequest> slow_requests() const { return slow_requests_; }

  void Deliver(std::unique_ptr<Message> self) override;
  /// The gate lets the replies go: sends them back.
  void Release() override;

 private:
  /// Keys whose objects are brought into the processor's caches in one go.
  static constexpr size_t kKeysToPrefetch = 16;

  [[nodiscard]] std::span<Item> items_here() { return std::span(items_).subspan(first_item_); }

  struct Extent {
    size_t offset;
    size_t size;
  };
  struct KeyPlace {
    uint32_t argument;  // counted over the whole batch
    uint16_t slot;
    uint64_t hash;
  };

  /// How far Execute came: through, or up to an operation that has to wait.
  enum class Progress : uint8_t { kDone, kCold, kNoRoom, kPart };

  void FindKeys();
  void PrefetchNextKeys();
  Progress Execute();
  struct Needed {
    std::vector<NeededKey> keys;
    size_t ahead = 0;  // of them, for later operations: the last ones
  };
  [[nodiscard]] Needed NextKeys() const;
  void EndTurn(storage::Ticket ticket);
  static void Answer(std::unique_ptr<Message> owner, OperationBatch* batch);
  std::unique_ptr<OperationBatch> TakePart();
  std::unique_ptr<OperationBatch> SplitDurable(storage::Ticket durable);

  Requester* requester_;
  uint32_t origin_;
  Shard* target_;
  Mailboxes* mailboxes_;
  std::shared_ptr<ClientTracker> tracker_;
  bool executed_ = false;
  bool has_more_ = false;
  uint64_t next_place_ = 0;
  size_t first_item_ = 0;  // those in front of it went back in parts
  // What has run; the rest waits at the input gate.
  size_t next_item_ = 0;
  size_t next_argument_ = 0;
  size_t next_key_ = 0;
  size_t prefetched_keys_ = 0;   // so far
  size_t cold_item_ = SIZE_MAX;  // the last one that waited for its keys
  bool has_room_ = false;        // the next operation may write

  std::vector<Item> items_;
  std::string bytes_;  // all arguments, one behind the other
  std::vector<Extent> arguments_;
  std::vector<KeyPlace> keys_;
  std::vector<std::string_view> views_;      // of all arguments, on the shard
  std::vector<storage::Key> resolved_keys_;  // likewise
  std::string replies_;
  std::vector<SlowRequest> slow_requests_;
};

/// From the requester to the shard where a batch of its has halted after a part: it shall go on.
class GoOnMessage final : public Message {
 public:
  GoOnMessage(Shard* shard, Requester* requester) : shard_(shard), requester_(requester) {}
  void Deliver(std::unique_ptr<Message> self) override;

 private:
  Shard* const shard_;
  Requester* const requester_;
};

}  // namespace tally::server
