#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include "protocol/read_buffer.h"
#include "protocol/request_parser.h"
#include "server/client_dialogue.h"
#include "server/client_state.h"
#include "server/config.h"
#include "server/exchange.h"
#include "server/executor.h"
#include "server/outbox.h"
#include "server/output_limit.h"
#include "server/reply_budget.h"
#include "server/reply_queue.h"
#include "server/requester.h"
#include "server/router.h"
#include "server/tracking_registry.h"
#include "server/wall_clock.h"

namespace tally::server {

/// CLIENT PAUSE, seen by every core.
struct PauseState {
  std::atomic<int64_t> until_ms{0};  // wall clock; 0 = not paused
  std::atomic<bool> writes_only{false};

  /// Of writes at least. Any thread.
  [[nodiscard]] bool IsActive() const {
    const int64_t until = until_ms.load(std::memory_order_relaxed);
    return until != 0 && WallClock::NowMs() < until;
  }
};

/// What a session asks of whoever moves its bytes.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  /// There may be output to take, or the session's end to notice.
  virtual void OnOutput() = 0;
  /// The session takes input again.
  virtual void OnReadyForInput() = 0;
};

/// Parts of a core that its sessions use.
struct SessionContext {
  Router* router = nullptr;
  Executor* executor = nullptr;
  TrackingRegistry* tracking = nullptr;
  Exchange* exchange = nullptr;
  const Config* config = nullptr;
  const PauseState* pause = nullptr;
  const std::atomic<bool>* writes_refused = nullptr;  // too little disk space
  ReplyBudget* reply_budget = nullptr;
  /// Counts the sessions that something is under way for, on this core or another.
  size_t* sessions_at_work = nullptr;
  /// Sessions that CLIENT PAUSE holds back; the core resumes them.
  std::vector<boost::intrusive_ptr<class Session>>* paused = nullptr;
};

/// One client: parses its requests, runs or sends them on, and puts the replies into order. Knows no
/// socket.
///
/// Thread: its core's. Requests are taken in order. Those for this core's shard run at once, unless they
/// need something that is not in memory; those, and those for other shards, are gathered and sent when
/// the input is through; a command that spans shards, or whose reply comes later, stalls the session: the
/// rest of the input stays unread until it has run.
///
/// Limits: `kMaxOperationsInFlight`, `kMaxRequestBytesInFlight` and the core's ReplyBudget; beyond one of
/// them no request is taken until replies have come or left (`AcceptsInput`). Before login the last is much
/// smaller. Other shards send replies in parts, and make the next one when the session, within the same
/// budget, lets them go on.
///
/// What it publishes goes out when the replies to all that was asked before may be told (session_messages.cc).
/// Messages for its client stand between replies, behind those of what has run; a client that does not take
/// them loses its connection (OutputLimit).
///
/// Lifetime: reference-counted on its core; messages that are under way count through `in_flight_`, so a
/// session outlives its connection until they are back.
class Session final : public ClientDialogue,
                      public Requester,
                      public Subscriber,
                      public InvalidationReceiver,
                      public boost::intrusive_ref_counter<Session, boost::thread_unsafe_counter> {
 public:
  /// Operations that are under way, and places for replies that were not taken.
  static constexpr size_t kMaxOperationsInFlight = 16384;
  /// Arguments of operations that are under way to other shards.
  static constexpr size_t kMaxRequestBytesInFlight = size_t{16} << 20;
  static constexpr size_t kMaxReplyBytesBeforeLogin = size_t{64} << 10;

  Session(const SessionContext& context, SessionHost* host, ClientState client);
  ~Session();

  /// Takes the complete requests out of `in`, as far as the session accepts them now.
  void OnInput(protocol::ReadBuffer* in) override;
  /// Whether OnInput would do something with a complete request.
  [[nodiscard]] bool AcceptsInput() const override;
  /// Appends the replies that may be told now to `*out`. They count as owed until `OnWritten`.
  void TakeOutput(std::string* out) override;
  /// So many bytes of what was taken out are written.
  void OnWritten(size_t bytes) override;
  /// Bytes of replies and messages that were made and not written yet.
  [[nodiscard]] size_t owed_bytes() const { return owed_.bytes(); }
  [[nodiscard]] bool has_output() const override { return replies_.has_ready(); }
  /// All is said: the connection closes once what was taken is written.
  [[nodiscard]] bool finished() const override {
    return client_.close_after_replies && replies_.empty();
  }
  /// Nothing is under way: all taken requests are answered and their replies taken.
  [[nodiscard]] bool idle() const override { return stall_ == Stall::kNone && replies_.empty(); }
  /// Nothing is under way but a request that CLIENT PAUSE holds back.
  [[nodiscard]] bool only_paused() const { return stall_ == Stall::kPaused && replies_.empty(); }
  /// The client says nothing more, and perhaps is gone: what would wait for ever may end.
  void OnEndOfInput() { left_.store(true); }
  [[nodiscard]] bool has_left() const override { return left_.load(); }
  [[nodiscard]] bool is_gone() const override { return gone_.load(); }
  /// The connection is gone; replies that still come are dropped.
  void Detach();
  /// Others wait until this client has read what it asked for.
  [[nodiscard]] bool is_in_the_way() const { return hold_ != nullptr && hold_->IsInTheWay(); }
  /// Frees recycled memory of a quiet session.
  void ShrinkIfIdle() override { replies_.ShrinkIfIdle(); }

  [[nodiscard]] ClientState& client() { return client_; }
  /// For who makes requests in the name of others.
  [[nodiscard]] const ClientRights& rights() const { return context_.executor->rights(); }
  [[nodiscard]] bool stalled() const { return stall_ != Stall::kNone; }
  /// The client leaves more untaken than it may: the connection shall close. To be asked with the time now and then,
  /// since what is little may be too much after a while.
  bool IsOverLimit(int64_t now_ms);
  /// Whether it is worth asking at all; cheap.
  [[nodiscard]] bool MayBeOverLimit() const {
    return owed_.bytes() > context_.config->smallest_output_bound();
  }
  [[nodiscard]] bool is_over_limit() const { return over_limit_; }

  // Requester: what was under way comes back to this core.
  void OnBatchReplies(const OperationBatch& batch) override;
  void OnSpanningExecuted(bool deferred, const ClientState* client) override;
  void OnSpanningReply(const SpanningOperation& operation) override;
  void OnDeferredReply(std::string bytes, std::shared_ptr<ReplyHold> hold) override;
  void OnLocalRelease(uint64_t place) override;
  void OnPublished(const Broadcast& broadcast) override;
  // Subscriber.
  void OnMessage(EncodedMessage* message) override;
  // InvalidationReceiver (session_tracking.cc).
  void OnInvalidation(const Invalidation& invalidation) override;
  /// The shard is free again, or the pause is over.
  void Resume();

 private:
  static constexpr uint64_t kNoPlace = ~uint64_t{0};
  enum class Stall : uint8_t {
    kNone,
    kRetry,     // the request was not run: the shard is occupied
    kPaused,    // the request was not run: CLIENT PAUSE holds it back
    kSpanning,  // a spanning operation is under way
    kDeferred,  // a reply comes later
    kOrder,     // the request was not run: what was sent before it has to be answered first
  };

  // False: the request has to be run again later.
  bool Take(std::span<const std::string_view> args);
  bool Dispatch(std::span<const std::string_view> args);
  bool DispatchTo(const Router::Target& target, const Request& request);
  bool MayRunHere(const Request& request);
  bool HasToWaitForEarlier(const Router::Target& target, const Request& request) const;
  const Command* Lookup(std::span<const std::string_view> args);
  std::string_view Refusal(const Command* command, std::span<const std::string_view> args);
  bool PausedNow(const Command& command);
  void RunHere(const Request& request, bool on_shard);
  void LetWait(size_t begin, storage::Ticket depends_on);
  void SendAway(uint32_t shard, const Request& request);
  void RunSpanning(const Request& request);
  void RefuseHere(const Command* command, std::string_view error);
  void ReplyHere(std::string_view reply);

  // Transactions, and what else spans shards (session_spanning.cc).
  [[nodiscard]] uint32_t FlagsOf(const Command& command) const;
  [[nodiscard]] bool RunsTransaction(const Command& command) const;
  void RefuseToQueue(const Command* command, std::string_view error);
  void Queue(const Command& command, std::span<const std::string_view> args);
  void RunTransaction(const Request& request);
  void TakeOver(const ClientState& client);

  // CLIENT TRACKING (session_tracking.cc).
  [[nodiscard]] ClientTracker* tracker() const;
  void ForgetCaching(std::span<const std::string_view> args);
  void PutPush(std::string_view bytes);

  // MONITOR (session_monitor.cc).
  struct MonitorLink;
  void AfterRun(const Request& request);
  void StopMonitoring();
  void OnMonitorLine(const std::string& line);

  // Messages (session_messages.cc).
  [[nodiscard]] bool HasToWaitForMessages(const Command& command) const;
  [[nodiscard]] bool MayNotSubscribed(const Command& command) const;
  void AfterMessageCommand();
  void PublishHere();
  void PublishFrom(uint64_t place, std::string_view reply, Publications publications);
  void SendDue();
  void TakeOverSubscriptions(const ClientState& client);

  void OpenLocalPlace();
  void CloseLocalPlace();
  [[nodiscard]] bool RepliesSuppressed() const;
  void Owe(size_t bytes);
  /// The client has been written all that it can be told now.
  [[nodiscard]] bool HasReadAll() const { return unwritten_bytes_ == 0 && !has_output(); }
  void OnOutputMoved();
  void LetBatchesGoOn();
  void Finish(uint64_t place, std::string_view bytes);
  void Fill(uint64_t place);
  void AddInFlight(uint64_t count);
  void RemoveInFlight(uint64_t count);
  void EndStall();
  static std::shared_ptr<DeferredReply> MakeDeferred(void* session, int resp);

  const SessionContext context_;
  SessionHost* host_;  // null once detached
  ClientState client_;
  protocol::RequestParser parser_;
  ReplyQueue replies_;
  Stall stall_ = Stall::kNone;
  std::atomic<bool> left_{false};
  std::atomic<bool> gone_{false};
  int64_t now_ms_ = 0;
  uint64_t in_flight_ = 0;  // what is under way and comes back here
  // Of them, operations sent to this core's own shard because they have to wait there. What comes behind
  // them for that shard is sent after them.
  uint64_t own_in_flight_ = 0;
  size_t request_bytes_in_flight_ = 0;
  OwedReplies owed_;
  size_t unwritten_bytes_ = 0;  // of owed_, that were taken out
  size_t pushed_bytes_ = 0;     // of owed_, at most: what was told of copies
  // Batches that have more to do and wait for the client to read: where, and the place of what they do next.
  struct HaltedBatch {
    uint32_t shard;
    uint64_t next_place;
  };
  std::vector<HaltedBatch> halted_batches_;
  Outbox outbox_;
  uint32_t publishing_transactions_ =
      0;                               // have run, and what they publish is not in the outbox yet
  uint64_t sending_place_ = kNoPlace;  // of what is being sent: this client's own messages go there
  OutputLimit reply_limit_;
  OutputLimit message_limit_;
  bool over_limit_ = false;
  uint64_t deferred_place_ = 0;
  std::shared_ptr<Publications> deferred_publications_;
  bool deferred_suppressed_ = false;
  std::shared_ptr<ReplyHold> hold_;  // of a deferred reply that is not written yet

  // The place to which operations that run here append, while it is the last one.
  bool local_open_ = false;
  bool local_pending_ = false;  // it waits for a commit
  uint64_t local_place_ = 0;
  storage::Ticket local_depends_on_ = storage::kNoTicket;

  // The last command's name as it came, and its row: pipelines repeat themselves.
  std::string last_name_;
  const Command* last_command_ = nullptr;
  std::string refusal_;
  std::shared_ptr<MonitorLink> monitor_link_;  // while the client watches
};

}  // namespace tally::server
