#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/errors.h"
#include "protocol/reply.h"
#include "server/command.h"
#include "server/operation.h"
#include "storage/key.h"
#include "storage/keyspace.h"
#include "tests/server/fake_services.h"

namespace tally::server {

/// Runs commands one after another on a few shards, without threads, sockets or a disk. The clock
/// stands where the test puts it.
class OperationTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kShards = 3;
  static constexpr int kDatabases = 16;

  OperationTest() : shard_map_(kShards) {
    for (uint32_t shard = 0; shard < kShards; ++shard) {
      keyspaces_.push_back(
          std::make_unique<storage::Keyspace>(shard_map_.SlotsOf(shard), kDatabases));
      entered_.push_back(keyspaces_.back().get());
    }
  }

  /// The reply, encoded. Afterwards `depends_on`, `hits` and `misses` tell of this command.
  std::string Run(std::span<const std::string_view> args) {
    std::string out;
    protocol::ReplyWriter reply(&out, resp);
    bool unknown_subcommand = false;
    const Command* command = FindCommand(args, &unknown_subcommand);
    if (command == nullptr) {
      reply.Error(unknown_subcommand ? protocol::errors::UnknownSubcommand(
                                           args[1], FindCommandByName(args[0])->name)
                                     : protocol::errors::UnknownCommand(args));
      return out;
    }
    if (!ArityFits(*command, args.size())) {
      reply.Error(protocol::errors::WrongArgumentCount(FullName(*command)));
      return out;
    }
    const std::vector<storage::Key> keys = KeysOf(*command, args);
    Operation operation = MakeOperation(*command, args, keys, &reply);
    command->handler(operation);
    depends_on = operation.depends_on();
    hits = operation.hits();
    misses = operation.misses();
    return out;
  }
  std::string Run(std::initializer_list<std::string_view> args) {
    return Run(std::span(args.begin(), args.size()));
  }
  template <typename... Args>
  std::string Run(std::string_view name, const Args&... args) {
    return Run({name, std::string_view(args)...});
  }

  Operation MakeOperation(const Command& command, std::span<const std::string_view> args,
                          std::span<const storage::Key> keys, protocol::ReplyWriter* reply) {
    return Operation(command, args, keys, database, now_ms, reply, entered_.data(), &shard_map_,
                     &services, nullptr);
  }

  /// When the object was last used, as it says itself; the key must exist.
  storage::AccessClock AccessClockOf(std::string_view name) {
    const std::array<std::string_view, 2> args{"TYPE", name};
    const Command& command = *FindCommandByName("type");
    const std::vector<storage::Key> keys = KeysOf(command, args);
    std::string unused;
    protocol::ReplyWriter reply(&unused, resp);
    return MakeOperation(command, args, keys, &reply).FindUntouched(0)->access_clock();
  }

  /// Whether anything waits to be committed.
  bool HasChanges() const {
    for (const auto& keyspace : keyspaces_) {
      if (keyspace->has_changes()) return true;
    }
    return false;
  }
  /// Ends the turn: all changes get one ticket.
  storage::Ticket Commit() {
    ++last_ticket_;
    for (const auto& keyspace : keyspaces_) keyspace->Stamp(last_ticket_);
    return last_ticket_;
  }
  /// Runs the command in a turn of its own: whether it changed anything.
  template <typename... Args>
  bool Changes(std::string_view name, const Args&... args) {
    Commit();
    Run(name, args...);
    const bool changed = HasChanges();
    Commit();
    return changed;
  }

  int resp = 2;
  int database = 0;
  int64_t now_ms = 1'700'000'000'000;
  storage::Ticket depends_on = storage::kNoTicket;
  uint32_t hits = 0;
  uint32_t misses = 0;
  FakeServices services;

 private:
  static std::vector<storage::Key> KeysOf(const Command& command,
                                          std::span<const std::string_view> args) {
    std::vector<storage::Key> keys;
    if (command.keys.first == 0) return keys;
    const int count = static_cast<int>(args.size());
    const int last = command.keys.last < 0 ? count + command.keys.last : command.keys.last;
    for (int i = command.keys.first; i <= last; i += command.keys.step) {
      keys.push_back(storage::MakeKey({}, args[static_cast<size_t>(i)]));
    }
    return keys;
  }

  ShardMap shard_map_;
  std::vector<std::unique_ptr<storage::Keyspace>> keyspaces_;
  std::vector<storage::Keyspace*> entered_;
  storage::Ticket last_ticket_ = 0;
};

}  // namespace tally::server
