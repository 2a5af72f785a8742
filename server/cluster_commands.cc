// Redis Cluster's commands. There is no cluster: each is checked for its arguments and refused, so that a
// client learns that it talks to a single server.
#include <array>
#include <string_view>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/operation.h"

namespace tally::server {
namespace {

void Refuse(Operation& op) { op.reply().Error(protocol::errors::kClusterDisabled); }

constexpr std::string_view kVaries = "nondeterministic_output";
constexpr std::string_view kSlotRanges =
    "{start-slot_end-slot=start-slot:integer end-slot:integer}...";

constexpr Command Row(std::string_view name, int arity, uint32_t flags, std::string_view since,
                      std::string_view summary, std::string_view syntax = {},
                      std::string_view tips = {}) {
  return {.name = name,
          .arity = arity,
          .flags = flags,
          .handler = Refuse,
          .group = "cluster",
          .since = since,
          .complexity = "O(1): refused",
          .summary = summary,
          .syntax = syntax,
          .tips = tips};
}

constexpr uint32_t kAsks = kStale;
constexpr uint32_t kAsksOperator = kAdmin | kStale;
constexpr uint32_t kChanges = kAdmin | kStale | kNoAsyncLoading;

constexpr std::array kSubcommands{
    Row("addslots", -3, kChanges, "3.0.0", "Would give slots to this node.", "slot:integer..."),
    Row("addslotsrange", -4, kChanges, "7.0.0", "Would give ranges of slots to this node.",
        kSlotRanges),
    Row("bumpepoch", 2, kChanges, "3.0.0", "Would raise the cluster's epoch.", {}, kVaries),
    Row("count-failure-reports", 3, kAsksOperator, "3.0.0",
        "Would count who thinks that a node has failed.", "node-id", kVaries),
    Row("countkeysinslot", 3, kAsks, "3.0.0", "Would count a slot's keys.", "slot:integer"),
    Row("delslots", -3, kChanges, "3.0.0", "Would take slots from this node.", "slot:integer..."),
    Row("delslotsrange", -4, kChanges, "7.0.0", "Would take ranges of slots from this node.",
        kSlotRanges),
    Row("failover", -2, kChanges, "3.0.0", "Would make this replica a master.",
        "[options=FORCE|TAKEOVER]"),
    Row("flushslots", 2, kChanges, "3.0.0", "Would take all slots from this node."),
    Row("forget", 3, kChanges, "3.0.0", "Would remove a node from the cluster.", "node-id"),
    Row("getkeysinslot", 4, kAsks, "3.0.0", "Would name keys of a slot.",
        "slot:integer count:integer", kVaries),
    Row("help", 2, kLoading | kStale, "5.0.0", "Would list the subcommands."),
    Row("info", 2, kAsks, "3.0.0", "Would tell the cluster's state.", {}, kVaries),
    Row("keyslot", 3, kAsks, "3.0.0", "Would answer a key's slot.", "key:string"),
    Row("links", 2, kAsks, "7.0.0", "Would tell this node's connections to others.", {}, kVaries),
    Row("meet", -4, kChanges, "3.0.0", "Would make two nodes know each other.",
        "ip port:integer [cluster_bus_port:integer]@4.0.0"),
    Row("myid", 2, kAsks, "3.0.0", "Would answer this node's name."),
    Row("myshardid", 2, kAsks, "7.2.0", "Would answer the name of this node's shard.", {}, kVaries),
    Row("nodes", 2, kAsks, "3.0.0", "Would describe all nodes.", {}, kVaries),
    Row("replicas", 3, kAsksOperator, "5.0.0", "Would name a node's replicas.", "node-id", kVaries),
    Row("replicate", 3, kChanges, "3.0.0", "Would make this node a replica.", "node-id"),
    Row("reset", -2, kAdmin | kNoScript | kStale, "3.0.0", "Would make this node forget others.",
        "[hard_soft=HARD|SOFT]"),
    Row("saveconfig", 2, kChanges, "3.0.0", "Would write the node's view of the cluster."),
    Row("set-config-epoch", 3, kChanges, "3.0.0", "Would set a new node's epoch.",
        "config-epoch:integer"),
    Row("setslot", -4, kChanges, "3.0.0", "Would say whose a slot is.",
        "slot:integer <subcommand=IMPORTING node-id|MIGRATING node-id|NODE node-id|STABLE>"),
    Row("shards", 2, kAsks, "7.0.0", "Would tell which nodes have which slots.", {}, kVaries),
    Row("slaves", 3, kAsksOperator, "3.0.0", "The former name of CLUSTER REPLICAS.", "node-id",
        kVaries),
    Row("slots", 2, kAsks, "3.0.0", "The older form of CLUSTER SHARDS.", {}, kVaries),
};

constexpr Command OfConnection(Command row) {
  row.acl = kAclConnection;
  return row;
}

constexpr std::array kRows{
    OfConnection(Row("asking", 1, kFast, "3.0.0",
                     "Would let the next command use a slot that is on its way here.")),
    Command{.name = "cluster",
            .arity = -2,
            .group = "cluster",
            .since = "3.0.0",
            .complexity = "O(1): refused",
            .summary = "Commands of a cluster; this is none.",
            .subcommands = kSubcommands},
    OfConnection(Row("readonly", 1, kLoading | kStale | kFast, "3.0.0",
                     "Would let this connection read from a replica in a cluster.")),
    OfConnection(Row("readwrite", 1, kLoading | kStale | kFast, "3.0.0", "Would undo READONLY.")),
};

}  // namespace

std::span<const Command> ClusterCommands() { return kRows; }

}  // namespace tally::server
