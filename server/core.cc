#include "server/core.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/asio/buffer.hpp>

#include "server/client_buffers.h"
#include "server/http_counter.h"
#include "server/monotonic_clock.h"
#include "server/subscriptions.h"
#include "server/wall_clock.h"

namespace tally::server {

namespace {

using boost::system::error_code;

constexpr uint64_t kTicksPerSecond = 1000 / Core::kTimerIntervalMs;
// A client that said nothing for so long gives its buffers back.
constexpr int64_t kQuietMs = 5000;

}  // namespace

Core::Core(uint32_t number, const CoreEnvironment& environment, Shard* shard, Executor* executor,
           CoreStatistics* statistics)
    : number_(number),
      environment_(environment),
      shard_(shard),
      statistics_(statistics),
      admin_(environment.services),
      // One thread, and nobody posts from outside (messages come through the mailbox): no locks.
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE),
      wake_(io_, ::dup(environment.mailboxes->of(number).wake_fd())),
      timer_(io_),
      room_timer_(io_),
      router_(number, environment.shard_map, environment.seed, environment.shards,
              environment.mailboxes) {
  session_context_.router = &router_;
  session_context_.executor = executor;
  session_context_.exchange = environment.exchange;
  session_context_.tracking = environment.tracking;
  session_context_.config = environment.config;
  session_context_.pause = environment.pause;
  session_context_.writes_refused = environment.writes_refused;
  session_context_.paused = &paused_;
  session_context_.reply_budget = &reply_budget_;
  session_context_.sessions_at_work = &sessions_at_work_;
  ShareReplyBudget();
  WatchMailbox();
  StartTimer();
}

Core::~Core() { CloseClients(); }

void Core::CloseClients() {
  while (!connections_.empty()) {
    const ConnectionPtr connection(&connections_.front());
    connection->Close();
  }
}

void Core::WatchMailbox() {
  wake_.async_read_some(boost::asio::buffer(&wake_count_, sizeof(wake_count_)),
                        [this](const error_code& error, size_t) {
                          if (!error) WatchMailbox();
                        });
}

void Core::Run() {
  while (!stopping_) {
    RunReadyHandlers(MaySleep());
    mailbox().DeliverAll();
    EndTurn();
  }
}

void Core::RunReadyHandlers(bool may_sleep) {
  if (may_sleep) {
    int polls = 0;
    while (polls < kPollsBeforeSleep && io_.poll_one() == 0) ++polls;
    if (polls == kPollsBeforeSleep) io_.run_one();
    mailbox().Awake();
  }
  for (int i = 0; i < kHandlersPerTurn; ++i) {
    if (io_.poll_one() == 0) break;
  }
}

// Announces the sleep first and looks for work afterwards, so that whoever brings work in between sees
// the sleeper and wakes it.
bool Core::MaySleep() {
  if (!to_pump_.empty() || !to_flush_.empty()) return false;
  const bool occupied = shard_->occupied();
  if (!occupied && (shard_->keyspace().has_garbage() || shard_->memory().wants_turn()))
    return false;
  waits_.store(shard_->gate().waits(), std::memory_order_seq_cst);
  if (!mailbox().PrepareToSleep()) return false;
  if (environment_.log->WantsLeader() || shard_->gate().CanRelease(environment_.log->durable()) ||
      !environment_.tracking->inbox(number_).empty()) {
    mailbox().Awake();
    return false;
  }
  return true;
}

void Core::EndTurn() {
  statistics_->turns.Add(1);
  PumpScheduled();
  if (!shard_->occupied()) shard_->LetIn();
  if (!shard_->occupied()) {
    shard_->CloseTurn();
    if (shard_->keyspace().has_garbage()) shard_->keyspace().FreeStep(kFreeStep);
    shard_->KeepMemory(MonotonicUs(), WallClock::NowMs());
    WakeForRoom();
  }
  if (environment_.log->WantsLeader()) {
    // Replies that wait for nothing leave before this thread waits for the disk.
    TellInvalidations();
    FlushScheduled();
    environment_.log->LeadCommit();
  }
  TellInvalidations();
  shard_->gate().Release(environment_.log->durable());
  FlushScheduled();
  CountWhatIsSeenAtOnce();
}

// What others may ask for behind the next reply.
void Core::CountWhatIsSeenAtOnce() {
  if (!paused_.empty() || statistics_->blocked_clients.value() != 0) {
    const auto waits = [](const auto& session) { return !session->is_gone(); };
    statistics_->blocked_clients.Set(static_cast<uint64_t>(std::ranges::count_if(paused_, waits)));
  }
  if (shard_->occupied()) return;
  const uint64_t expired = shard_->keyspace().expired_count();
  statistics_->expired_keys.Add(expired - std::exchange(counted_expired_, expired));
}

// What this core's clients have to be told of their copies, in front of replies that rely on it.
void Core::TellInvalidations() {
  if (environment_.tracking->inbox(number_).empty()) return;
  std::vector<ConnectionPtr> later;
  later.swap(to_flush_);
  environment_.tracking->Deliver(number_);
  to_flush_.insert(to_flush_.end(), later.begin(), later.end());
}

// Writes that wait for room look again soon, even if nothing else happens.
void Core::WakeForRoom() {
  if (room_timer_runs_ || !shard_->input_gate().has_delayed()) return;
  room_timer_runs_ = true;
  room_timer_.expires_after(std::chrono::microseconds(MemoryBudget::kPortionUs));
  room_timer_.async_wait([this](const error_code&) { room_timer_runs_ = false; });
}

void Core::ScheduleFlush(Connection* connection) {
  if (std::exchange(connection->flush_scheduled_, true)) return;
  to_flush_.emplace_back(connection);
}

void Core::SchedulePump(Connection* connection) {
  if (std::exchange(connection->pump_scheduled_, true)) return;
  to_pump_.emplace_back(connection);
}

void Core::FlushScheduled() {
  scratch_.swap(to_flush_);
  for (const ConnectionPtr& connection : scratch_) {
    connection->flush_scheduled_ = false;
    connection->Flush();
  }
  scratch_.clear();
}

void Core::PumpScheduled() {
  std::vector<ConnectionPtr> ready;
  ready.swap(to_pump_);
  for (const ConnectionPtr& connection : ready) {
    connection->pump_scheduled_ = false;
    connection->Pump();
  }
  // Keeps the memory, unless pumping has scheduled more.
  ready.clear();
  if (to_pump_.empty()) to_pump_.swap(ready);
}

const HttpContent* Core::ContentOf(ClientDoor door) const {
  static constexpr HttpCounter kCounter;
  if (SpeaksRedis(door)) return nullptr;
  return door == ClientDoor::kAdmin ? static_cast<const HttpContent*>(&admin_) : &kCounter;
}

void Core::Adopt(ClientSocket socket, NewClient who) {
  ClientState client;
  client.id = who.id;
  if (who.unix_path.empty()) {
    error_code ignored;
    client.address = TextOf(socket.remote_endpoint(ignored));
    client.local_address = TextOf(socket.local_endpoint(ignored));
  } else {
    client.unix_socket = true;
    client.address = client.local_address = who.unix_path + ":0";
  }
  client.file_descriptor = socket.native_handle();
  client.created_ms = client.last_interaction_ms = WallClock::NowMs();
  // HTTP's requests are checked one by one.
  client.is_checked_at_door = !SpeaksRedis(who.door);
  client.authenticated = !SpeaksRedis(who.door) || !environment_.config->users().asks_for_login();

  const ConnectionPtr connection(
      new Connection(this, std::move(socket), std::move(client),
                     {.http = ContentOf(who.door), .tls = std::move(who.tls)}));
  intrusive_ptr_add_ref(connection.get());  // the list's, given back by Forget
  connections_.push_back(*connection);
  statistics_->connections_received.Add(1);
  statistics_->connected_clients.Add(1);
  connection->Start();
}

void Core::Forget(Connection* connection) {
  if (!connection->is_linked()) return;
  connections_.erase(connections_.iterator_to(*connection));
  statistics_->connected_clients.Subtract(1);
  intrusive_ptr_release(connection);
}

void Core::VisitClients(const std::function<Services::ClientAction(ClientState&)>& visit) {
  for (auto place = connections_.begin(); place != connections_.end();) {
    const ConnectionPtr connection(&*place++);
    switch (visit(connection->session().client())) {
      case Services::ClientAction::kKeep:
        break;
      case Services::ClientAction::kClose:
        connection->Close();
        break;
      case Services::ClientAction::kCloseAfterReplies:
        connection->CloseAfterReplies();
        break;
    }
  }
}

void Core::ResumePaused() {
  std::vector<boost::intrusive_ptr<Session>> paused;
  paused.swap(paused_);
  for (const boost::intrusive_ptr<Session>& session : paused) session->Resume();
}

void Core::StopInput() {
  for (Connection& connection : connections_) connection.StopInput();
}

bool Core::IsDrained() const {
  if (sessions_at_work_ != 0) return false;  // be it for a client that has left
  for (const Connection& connection : connections_) {
    if (!connection.IsDrained()) return false;
  }
  return true;
}

bool Core::IsQuiet() const {
  return sessions_at_work_ == 0 && shard_->input_gate().waiting() == 0 && !shard_->gate().waits();
}

void Core::Stop() { stopping_ = true; }

void Core::StartTimer() {
  timer_.expires_after(std::chrono::milliseconds(kTimerIntervalMs));
  timer_.async_wait([this](const error_code& error) {
    if (error) return;
    OnTimer();
    StartTimer();
  });
}

// maxmemory may be changed while the server runs.
void Core::ShareReplyBudget() {
  reply_budget_.Share(environment_.config->maxmemory_bytes.load(std::memory_order_relaxed),
                      environment_.mailboxes->size());
}

void Core::OnTimer() {
  ++timer_ticks_;
  const int64_t now_ms = WallClock::NowMs();
  if (!paused_.empty()) ResumePaused();
  ShareReplyBudget();
  if (!shard_->occupied()) {
    ExpireStep(now_ms);
    AgeStep(now_ms);
    shard_->keyspace().tracking().Step();
    PublishStatistics();
  }
  if (timer_ticks_ % kTicksPerSecond == 0) CloseIdleClients(now_ms);
}

// All objects in a quarter of the time in which each has to be seen once, slots that hold nothing and
// databases included.
void Core::AgeStep(int64_t now_ms) {
  constexpr uint64_t kSteps = storage::kMaxIdleSeconds / 4 * kTicksPerSecond;
  storage::Keyspace& keyspace = shard_->keyspace();
  const uint64_t slots = storage::kSlotCount * static_cast<uint64_t>(keyspace.databases());
  keyspace.AgeStep((keyspace.resident_objects() + slots) / kSteps + 1, now_ms);
}

void Core::PublishStatistics() {
  const storage::Keyspace& keyspace = shard_->keyspace();
  statistics_->object_bytes.Set(keyspace.object_bytes());
  statistics_->table_bytes.Set(keyspace.table_bytes());
  statistics_->dirty_bytes.Set(keyspace.dirty_bytes());
  statistics_->resident_objects.Set(keyspace.resident_objects());
  statistics_->incomplete_slots.Set(keyspace.incomplete_slots());
  statistics_->evicted_objects.Set(keyspace.evicted_count());
  statistics_->object_loads.Set(shard_->input_gate().loads());
  statistics_->object_memory_hits.Set(shard_->input_gate().answered_from_memory());
  statistics_->waiting_operations.Set(shard_->input_gate().waiting());
  int64_t cold_expiring = 0;
  int64_t objects = 0;
  for (int database = 0; database < keyspace.databases(); ++database) {
    objects += keyspace.counts(database).live;
    cold_expiring += keyspace.counts(database).expiring;
    cold_expiring -= static_cast<int64_t>(keyspace.expiring_here(database));
  }
  statistics_->objects.Set(static_cast<uint64_t>(objects));
  statistics_->cold_expiring.Set(static_cast<uint64_t>(cold_expiring));
  statistics_->held_replies.Set(shard_->gate().held_count());
  statistics_->held_us.Set(shard_->gate().held_us());
}

void Core::CloseIdleClients(int64_t now_ms) {
  const int64_t limit_ms = 1000 * environment_.config->timeout_s.load(std::memory_order_relaxed);
  ClientBuffers buffers;
  for (auto place = connections_.begin(); place != connections_.end();) {
    const ConnectionPtr connection(&*place++);
    Session& session = connection->session();
    connection->OnSecond();
    const int64_t quiet_ms = now_ms - session.client().last_interaction_ms;
    const bool listens = IsSubscriber(session.client()) || session.client().monitoring;
    const bool is_idle = limit_ms > 0 && quiet_ms > limit_ms && session.idle() && !listens;
    const bool is_stuck = connection->IsToBeCutOff();
    if (is_idle || is_stuck || session.IsOverLimit(now_ms)) {
      connection->Close();
    } else if (quiet_ms > kQuietMs) {
      connection->ShrinkIfIdle();
    }
    buffers.Count(session.client());
  }
  buffers.Publish(statistics_);
}

void Core::ExpireStep(int64_t now_ms) {
  if (!environment_.config->active_expire.load(std::memory_order_relaxed)) return;
  if (environment_.pause->IsActive()) return;
  storage::Keyspace& keyspace = shard_->keyspace();
  const storage::SlotRange slots = keyspace.slots();
  const auto begin = std::chrono::steady_clock::now();
  const auto end = begin + std::chrono::microseconds(kExpireBudgetUs);
  // At most one round over everything, and not longer than the budget.
  for (int databases_done = 0; databases_done <= keyspace.databases();) {
    if (keyspace.expiring_here(expire_database_) == 0 || expire_slot_ >= slots.end) {
      expire_database_ = (expire_database_ + 1) % keyspace.databases();
      expire_slot_ = slots.first;
      expire_hash_ = 0;
      ++databases_done;
      continue;
    }
    expire_slot_ = std::max(expire_slot_, slots.first);
    size_t looked_at = 0;
    while (looked_at < kExpireStep && expire_slot_ < slots.end) {
      expire_hash_ = keyspace.ExpireFrom(expire_database_, expire_slot_, now_ms, expire_hash_,
                                         kExpireStep, &looked_at);
      if (expire_hash_ < storage::SlotTable::kHashEnd) continue;
      expire_hash_ = 0;
      ++expire_slot_;
      ++looked_at;  // a slot costs something, too
    }
    if (std::chrono::steady_clock::now() > end) break;
  }
  const auto spent = std::chrono::steady_clock::now() - begin;
  statistics_->expire_us.Add(
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(spent).count()));
}

}  // namespace tally::server
