// Replication: what a server answers that is everybody's master and has no replicas.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/command_families.h"
#include "server/operation.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

void Role(Operation& op) {
  op.reply().Array(3);
  op.reply().Bulk("master");
  op.reply().Integer(0);  // nothing is sent to replicas, so there is no offset
  op.reply().EmptyArray();
}

void ReplicaOf(Operation& op) {
  if (EqualsIgnoreCase(op.arg(1), "NO") && EqualsIgnoreCase(op.arg(2), "ONE")) {
    return op.reply().Ok();
  }
  constexpr int64_t kLargestPort = 65535;
  const std::optional<int64_t> port = protocol::ParseInt64(op.arg(2));
  if (!port || *port < 0 || *port > kLargestPort) {
    return op.reply().Error(errors::kInvalidMasterPort);
  }
  op.reply().Error(errors::kNoReplication);
}

// What is wrong with the options; "" when nothing is.
std::string_view CheckFailover(const Operation& op) {
  bool has_timeout = false;
  bool has_target = false;
  bool has_force = false;
  for (size_t i = 1; i < op.argc(); ++i) {
    const size_t values = op.argc() - i - 1;
    if (EqualsIgnoreCase(op.arg(i), "TIMEOUT") && values >= 1 && !has_timeout) {
      const std::optional<int64_t> timeout_ms = protocol::ParseInt64(op.arg(++i));
      if (!timeout_ms) return errors::kNotAnInteger;
      if (*timeout_ms <= 0) return errors::kFailoverTimeout;
      has_timeout = true;
    } else if (EqualsIgnoreCase(op.arg(i), "TO") && values >= 2 && !has_target) {
      i += 2;
      if (!protocol::ParseInt64(op.arg(i))) return errors::kNotAnInteger;
      has_target = true;
    } else if (EqualsIgnoreCase(op.arg(i), "FORCE") && !has_force) {
      has_force = true;
    } else {
      return errors::kSyntax;
    }
  }
  return {};
}

void Failover(Operation& op) {
  if (op.argc() == 2 && EqualsIgnoreCase(op.arg(1), "ABORT")) {
    return op.reply().Error(errors::kNoFailover);
  }
  const std::string_view problem = CheckFailover(op);
  op.reply().Error(problem.empty() ? errors::kFailoverNeedsReplicas : problem);
}

void Sync(Operation& op) { op.reply().Error(errors::kNoReplication); }

// What a replica tells about itself is taken and makes no difference. As in Redis an acknowledgement, or
// the request for one, gets no reply at all.
void ReplConf(Operation& op) {
  if (op.argc() % 2 == 0) return op.reply().Error(errors::kSyntax);
  for (size_t i = 1; i < op.argc(); i += 2) {
    const std::string_view option = op.arg(i);
    if (EqualsIgnoreCase(option, "ACK") || EqualsIgnoreCase(option, "GETACK")) return;
    const bool takes_number =
        EqualsIgnoreCase(option, "listening-port") || EqualsIgnoreCase(option, "rdb-only");
    if (takes_number) {
      if (!protocol::ParseInt64(op.arg(i + 1))) return op.reply().Error(errors::kNotAnInteger);
    } else if (!EqualsIgnoreCase(option, "ip-address") && !EqualsIgnoreCase(option, "capa") &&
               !EqualsIgnoreCase(option, "rdb-filter-only")) {
      return op.reply().Error(errors::UnrecognizedReplConf(option));
    }
  }
  op.reply().Ok();
}

constexpr uint32_t kChangesRole = kAdmin | kNoScript | kStale;
constexpr std::string_view kMasterSyntax = "<args={host-port=host port:integer}|{no-one=NO ONE}>";

constexpr Command Row(Command row) {
  row.group = "server";
  row.complexity = "O(1)";
  return row;
}

constexpr std::array kRows{
    Row({.name = "role",
         .arity = 1,
         .flags = kNoScript | kLoading | kStale | kFast,
         .acl = kAclAdmin | kAclDangerous,
         .handler = Role,
         .since = "2.8.12",
         .summary = "Answers that this is a master, and that it has no replicas."}),
    Row({.name = "replicaof",
         .arity = 3,
         .flags = kChangesRole | kNoAsyncLoading,
         .handler = ReplicaOf,
         .since = "5.0.0",
         .summary = "Takes NO ONE, which the server is a replica of; refuses anything else.",
         .syntax = kMasterSyntax}),
    Row({.name = "slaveof",
         .arity = 3,
         .flags = kChangesRole | kNoAsyncLoading,
         .handler = ReplicaOf,
         .since = "1.0.0",
         .summary = "The former name of REPLICAOF.",
         .syntax = kMasterSyntax,
         .deprecated_since = "5.0.0",
         .replaced_by = "`REPLICAOF`"}),
    Row({.name = "failover",
         .arity = -1,
         .flags = kChangesRole,
         .handler = Failover,
         .since = "6.2.0",
         .summary = "Would hand over to a replica; there is none.",
         .syntax = "[TO {target=host port:integer [FORCE]}] [ABORT] "
                   "[TIMEOUT milliseconds:integer]"}),
    Row({.name = "psync",
         .arity = -3,
         .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti,
         .handler = Sync,
         .since = "2.8.0",
         .summary = "Would begin to feed a replica; always refused.",
         .syntax = "replicationid offset:integer"}),
    Row({.name = "sync",
         .arity = 1,
         .flags = kAdmin | kNoScript | kNoAsyncLoading | kNoMulti,
         .handler = Sync,
         .since = "1.0.0",
         .summary = "Would begin to feed a replica; always refused."}),
    Row({.name = "replconf",
         .arity = -1,
         .flags = kAdmin | kNoScript | kLoading | kStale | kAllowBusy,
         .handler = ReplConf,
         .since = "3.0.0",
         .summary = "Takes what a replica says about itself; it makes no difference."}),
};

}  // namespace

std::span<const Command> ReplicationCommands() { return kRows; }

}  // namespace tally::server
