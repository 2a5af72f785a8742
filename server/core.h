#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>

#include "server/client_door.h"
#include "server/connection.h"
#include "server/connection_socket.h"
#include "server/cycle_clock.h"
#include "server/executor.h"
#include "server/http_admin.h"
#include "server/mailbox.h"
#include "server/router.h"
#include "server/services.h"
#include "server/session.h"
#include "server/shard.h"
#include "server/statistics.h"
#include "storage/commit_log.h"

namespace tally::server {

/// A client whose socket a core is to take over.
struct NewClient {
  uint64_t id = 0;
  ClientDoor door = ClientDoor::kRedis;
  std::string unix_path;                  ///< of the socket that it came through; empty: it is TCP
  std::shared_ptr<const TlsContext> tls;  ///< null: it does not speak TLS
};

/// What all cores share.
struct CoreEnvironment {
  const Config* config = nullptr;
  Services* services = nullptr;
  const ShardMap* shard_map = nullptr;
  storage::HashSeed seed;
  storage::CommitLog* log = nullptr;
  Mailboxes* mailboxes = nullptr;
  Exchange* exchange = nullptr;
  TrackingRegistry* tracking = nullptr;
  const std::vector<Shard*>* shards = nullptr;
  const PauseState* pause = nullptr;
  const std::atomic<bool>* writes_refused = nullptr;
};

/// One worker thread: an event loop with its connections, and one shard.
///
/// It works in turns: whatever is ready (sockets, messages) is handled, up to `kHandlersPerTurn`; then
/// the turn's changes become one change set, replies that wait for nothing leave, a commit is led if
/// none is under way, and the replies that it made durable leave. The more is ready, the larger the
/// turn and the commit.
///
/// Thread: `Run`'s, for everything that does not say otherwise.
class Core final : private ConnectionHost {
 public:
  static constexpr int kHandlersPerTurn = 512;
  /// A core with nothing to do looks so often again, some 20 us, before it sleeps: whoever has work for it
  /// need not wake it then, which costs both sides more. Measured (docs/BENCHMARKS.md).
  static constexpr int kPollsBeforeSleep = 64;
  static constexpr int kTimerIntervalMs = 100;
  /// Steps of background work: objects freed or looked at for expiry in one go.
  static constexpr size_t kFreeStep = 2000;
  static constexpr size_t kExpireStep = 500;
  static constexpr int64_t kExpireBudgetUs = 1000;

  Core(uint32_t number, const CoreEnvironment& environment, Shard* shard, Executor* executor,
       CoreStatistics* statistics);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  /// The loop; returns after `Stop`.
  void Run();
  /// On this core's thread (by a message): the loop ends after this turn, connections close.
  void Stop();
  /// On this core's thread: no connection takes further requests.
  void StopInput();
  /// On this core's thread: nothing is left to tell any client, nor under way for one that has left.
  [[nodiscard]] bool IsDrained() const;
  /// On this core's thread: all connections close. What was taken from them is carried out all the same.
  void CloseClients();
  /// On this core's thread: nothing waits on its shard, neither to run nor to be told, and what its clients,
  /// connected or not, have asked of any shard has come home.
  [[nodiscard]] bool IsQuiet() const;

  /// Takes over an accepted socket.
  void Adopt(ClientSocket socket, NewClient who);
  void VisitClients(const std::function<Services::ClientAction(ClientState&)>& visit);
  /// A command that ran in another way, since `start_cycles`.
  void CountCall(const Command& command, uint64_t start_cycles) {
    session_context_.executor->CountCall(command, CycleClock::Now() - start_cycles);
  }
  /// Sessions that were held back by CLIENT PAUSE try again.
  void ResumePaused();

  /// Any thread: a commit advanced. Wakes the core if replies wait here.
  void OnDurable() {
    if (waits_.load(std::memory_order_seq_cst)) mailbox().Wake();
  }

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] Mailbox& mailbox() { return environment_.mailboxes->of(number_); }
  [[nodiscard]] uint32_t number() const { return number_; }
  [[nodiscard]] CoreStatistics& statistics() override { return *statistics_; }
  [[nodiscard]] const Config& config() const { return *environment_.config; }

 private:
  using ConnectionList =
      boost::intrusive::list<Connection, boost::intrusive::constant_time_size<true>>;
  using ConnectionPtr = boost::intrusive_ptr<Connection>;

  // ConnectionHost.
  [[nodiscard]] const SessionContext& session_context() const override { return session_context_; }
  [[nodiscard]] const HttpContent* ContentOf(ClientDoor door) const;
  void ScheduleFlush(Connection* connection) override;
  void SchedulePump(Connection* connection) override;
  void Forget(Connection* connection) override;

  void RunReadyHandlers(bool may_sleep);
  [[nodiscard]] bool MaySleep();
  void EndTurn();
  void TellInvalidations();
  void FlushScheduled();
  void PumpScheduled();
  void WatchMailbox();
  void StartTimer();
  void OnTimer();
  void ShareReplyBudget();
  void CloseIdleClients(int64_t now_ms);
  void ExpireStep(int64_t now_ms);
  void AgeStep(int64_t now_ms);
  void WakeForRoom();
  void PublishStatistics();
  void CountWhatIsSeenAtOnce();

  const uint32_t number_;
  const CoreEnvironment environment_;
  Shard* const shard_;
  CoreStatistics* const statistics_;
  const HttpAdmin admin_;
  uint64_t counted_expired_ = 0;  // of the keyspace's count, which never goes back

  boost::asio::io_context io_;
  boost::asio::posix::stream_descriptor wake_;
  uint64_t wake_count_ = 0;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer room_timer_;  // while writes wait for room
  bool room_timer_runs_ = false;
  uint64_t timer_ticks_ = 0;

  Router router_;
  std::vector<boost::intrusive_ptr<Session>> paused_;
  ReplyBudget reply_budget_;
  size_t sessions_at_work_ = 0;
  SessionContext session_context_;
  ConnectionList connections_;
  std::vector<ConnectionPtr> to_flush_;
  std::vector<ConnectionPtr> to_pump_;
  std::vector<ConnectionPtr> scratch_;

  // Where the search for expired objects goes on.
  int expire_database_ = 0;
  uint32_t expire_slot_ = 0;
  uint64_t expire_hash_ = 0;

  std::atomic<bool> waits_{false};
  bool stopping_ = false;
};

}  // namespace tally::server
