#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "protocol/errors.h"
#include "protocol/reply.h"
#include "server/command.h"
#include "server/operation.h"
#include "storage/keyspace.h"
#include "tests/server/fake_services.h"

namespace tally::server {

/// Runs commands that are about the connection or the server, for one client, without threads, sockets
/// or a disk.
class SessionCommandTest : public ::testing::Test {
 protected:
  static constexpr int64_t kNowMs = 1'700'000'000'500;

  SessionCommandTest()
      : keyspace(storage::SlotRange{}, services.config().databases), entered_{&keyspace} {
    client.id = 5;
    client.address = "127.0.0.1:40612";
    client.local_address = "127.0.0.1:6379";
    client.created_ms = kNowMs - 3000;
    client.last_interaction_ms = kNowMs;
    services.clients.push_back(&client);
  }

  /// The reply, encoded; "" if there is none, or not yet: then `later()` has it when it comes.
  std::string Run(std::span<const std::string_view> args) {
    std::string out;
    protocol::ReplyWriter reply(&out, client.resp);
    bool unknown_subcommand = false;
    const Command* const command = FindCommand(args, &unknown_subcommand);
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
    client.last_command = command;
    const ShardMap shard_map(1);
    Operation operation(*command, args, {}, client.database, kNowMs, &reply, entered_.data(),
                        &shard_map, &services, &client);
    deferred_ = nullptr;
    operation.set_deferred_factory(
        [](void* self, int resp) -> std::shared_ptr<DeferredReply> {
          auto token = std::make_shared<Token>(resp);
          static_cast<SessionCommandTest*>(self)->deferred_ = token;
          return token;
        },
        this);
    command->handler(operation);
    depends_on = operation.depends_on();
    EXPECT_TRUE(out.empty() || !operation.deferred()) << "two replies: " << out;
    return operation.deferred() ? later() : out;
  }
  std::string Run(std::initializer_list<std::string_view> args) {
    return Run(std::span(args.begin(), args.size()));
  }
  template <typename... Args>
  std::string Run(std::string_view name, const Args&... args) {
    return Run({name, std::string_view(args)...});
  }

  /// The same of what is put aside: it is carried out, too.
  std::string RunAside(std::string_view name, std::string_view subcommand) {
    const std::string at_once = Run(name, subcommand);
    if (services.aside.empty()) return at_once;
    EXPECT_EQ(at_once, "");
    services.aside.front()();
    services.aside.clear();
    return later();
  }

  /// What was sent through the last deferred reply.
  [[nodiscard]] std::string later() const { return deferred_ == nullptr ? "" : deferred_->bytes; }
  [[nodiscard]] bool deferred() const { return deferred_ != nullptr; }

  FakeServices services;
  ClientState client;
  storage::Keyspace keyspace;
  storage::Ticket depends_on = storage::kNoTicket;

 private:
  struct Token final : DeferredReply {
    explicit Token(int resp_version) : version(resp_version) {}
    [[nodiscard]] int resp() const override { return version; }
    void Send(std::string reply) override {
      EXPECT_FALSE(sent);
      sent = true;
      bytes = std::move(reply);
    }

    int version;
    bool sent = false;
    std::string bytes;
  };

  std::vector<storage::Keyspace*> entered_;
  std::shared_ptr<Token> deferred_;
};

}  // namespace tally::server
