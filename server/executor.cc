#include "server/executor.h"

#include "protocol/reply.h"
#include "server/cycle_clock.h"

namespace tally::server {

Outcome Executor::Run(const Request& request, storage::Keyspace* const* keyspaces,
                      std::string* out) {
  const size_t begin = out->size();
  protocol::ReplyWriter reply(out, request.resp);
  Operation operation(*request.command, request.args, request.keys, request.database,
                      request.now_ms, &reply, keyspaces, shard_map_, services_, request.client);
  operation.set_deferred_factory(request.deferred_factory, request.deferred_context);
  operation.set_walker(request.walker);

  const uint64_t start = CycleClock::Now();
  request.command->handler(operation);
  CountCall(*request.command, CycleClock::Now() - start);
  if (operation.hits() != 0) statistics_->keyspace_hits.Add(operation.hits());
  if (operation.misses() != 0) statistics_->keyspace_misses.Add(operation.misses());
  if (out->size() > begin && (*out)[begin] == '-') {
    statistics_->commands[request.command->id].failed.Add(1);
    statistics_->error_replies.Add(1);
    statistics_->CountError(std::string_view(*out).substr(begin + 1));
  }
  return {operation.depends_on(), operation.deferred()};
}

void Executor::CountCall(const Command& command, uint64_t cycles) {
  statistics_->commands_processed.Add(1);
  CommandCounters& counters = statistics_->commands[command.id];
  counters.calls.Add(1);
  counters.nanoseconds.Add(CycleClock::ToNanoseconds(cycles));
}

void Executor::Refuse(const Command* command, std::string_view error, int resp, std::string* out) {
  protocol::ReplyWriter(out, resp).Error(error);
  if (command != nullptr) statistics_->commands[command->id].rejected.Add(1);
  statistics_->error_replies.Add(1);
  statistics_->CountError(error);
}

}  // namespace tally::server
