#include "server/executor.h"

#include <utility>

#include "protocol/reply.h"
#include "server/config.h"
#include "server/cycle_clock.h"
#include "server/services.h"
#include "server/wall_clock.h"

namespace tally::server {

Executor::Executor(const ShardMap* shard_map, Services* services, CoreStatistics* statistics)
    : shard_map_(shard_map),
      services_(services),
      statistics_(statistics),
      slow_watch_(&services->slow_watch()),
      monitors_(&services->monitors()),
      rights_(&services->config(), &services->acl_log()),
      key_events_(&services->config().notify_keyspace_events),
      invalidations_(&services->tracking()) {}

void Request::TrackFor(const ClientState& state) {
  const Tracking* const tracking = state.tracking.get();
  tracker = tracking == nullptr ? nullptr : &tracking->tracker();
  remembers = tracking != nullptr && (command->flags & kReadonly) != 0 &&
              tracking->Remembers(state.caching);
}

Outcome Executor::Run(const Request& request, storage::Keyspace* const* keyspaces,
                      std::string* out) {
  const size_t begin = out->size();
  protocol::ReplyWriter reply(out, request.resp);
  Operation operation(*request.command, request.args, request.keys, request.database,
                      request.now_ms, &reply, keyspaces, shard_map_, services_, request.client);
  operation.set_deferred_factory(request.deferred_factory, request.deferred_context);
  operation.set_walker(request.walker);
  operation.set_was_cold(request.was_cold);
  operation.set_key_events(&key_events_);

  if (request.tracker != nullptr) [[unlikely]]
    invalidations_.Begin(request.tracker);
  const uint64_t start = CycleClock::Now();
  request.command->handler(operation);
  const uint64_t nanoseconds = CountCall(*request.command, CycleClock::Now() - start);
  if (slow_watch_->IsSlow(nanoseconds)) [[unlikely]]
    NoteSlow(request, nanoseconds);
  if (request.tracker != nullptr) [[unlikely]]
    Remember(request, keyspaces);
  if (operation.hits() != 0) statistics_->keyspace_hits.Add(operation.hits());
  if (operation.misses() != 0) statistics_->keyspace_misses.Add(operation.misses());
  if (out->size() > begin && (*out)[begin] == '-') {
    statistics_->commands[request.command->id].failed.Add(1);
    statistics_->error_replies.Add(1);
    statistics_->CountError(std::string_view(*out).substr(begin + 1));
  }
  return {operation.depends_on(), operation.deferred()};
}

// In the operation's own turn on the shard, so no change comes between what it has read and this.
void Executor::Remember(const Request& request, storage::Keyspace* const* keyspaces) {
  if (request.remembers) {
    const std::shared_ptr<ClientTracker> tracker = request.tracker->shared_from_this();
    for (const storage::Key& key : request.keys) {
      keyspaces[shard_map_->ShardOf(key.slot)]->tracking().Remember(key, tracker);
    }
  }
  invalidations_.End();
}

uint64_t Executor::CountCall(const Command& command, uint64_t cycles) {
  statistics_->commands_processed.Add(1);
  CommandCounters& counters = statistics_->commands[command.id];
  counters.calls.Add(1);
  const uint64_t nanoseconds = CycleClock::ToNanoseconds(cycles);
  counters.nanoseconds.Add(nanoseconds);
  if (slow_watch_->tracks_latency()) counters.latency().Add(nanoseconds);
  return nanoseconds;
}

void Executor::NoteSlow(const Request& request, uint64_t nanoseconds) {
  const int64_t now_s = WallClock::NowMs() / 1000;
  slow_watch_->Sample(*request.command, now_s, nanoseconds);
  const bool is_left_out = (request.command->flags & kSkipSlowlog) != 0;
  if (is_left_out || !slow_watch_->IsForLog(nanoseconds)) return;
  SlowRequest slow = SlowRequest::Of(*request.command, request.args, now_s,
                                     static_cast<int64_t>(nanoseconds / 1000));
  if (request.client != nullptr) {
    NoteSlow(std::move(slow), *request.client);
  } else if (request.slow_requests != nullptr) {
    request.slow_requests->push_back(std::move(slow));
  }
}

void Executor::NoteSlow(SlowRequest request, const ClientState& client) {
  request.address = client.address;
  request.client_name = client.name;
  slow_watch_->log().Add(std::move(request));
}

void Executor::Refuse(const Command* command, std::string_view error, int resp, std::string* out) {
  protocol::ReplyWriter(out, resp).Error(error);
  if (command != nullptr) statistics_->commands[command->id].rejected.Add(1);
  statistics_->error_replies.Add(1);
  statistics_->CountError(error);
}

}  // namespace tally::server
