#pragma once

#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "server/doors.h"
#include "server/server.h"
#include "tests/storage/memory_database.h"

namespace tally::test {

/// A server in this process, on free ports; stopped at the end. One thread.
class ServerInProcess {
 public:
  struct Options {
    int threads = 1;
    server::FsyncPolicy policy = server::FsyncPolicy::kAlways;
    bool tiny_memory = false;
    bool short_journal = false;  ///< checkpoints come by themselves
    bool http = false;
  };

  ServerInProcess(storage::MemoryDatabase* database, Options wanted) {
    if (wanted.tiny_memory) config_.maxmemory_bytes = 1;
    if (wanted.short_journal) config_.journal_limit_bytes = 64 << 10;
    config_.port = 0;
    config_.threads = wanted.threads;
    config_.appendfsync = wanted.policy;
    server::Server::Options options;
    options.config = &config_;
    options.facts.threads = wanted.threads;
    options.on_fatal = [](const std::string& message) { FAIL() << message; };
    server_.emplace(database, std::move(options));
    server::Doors doors;
    config_.http_port = config_.admin_port = 0;
    EXPECT_TRUE(OpenDoors(config_, &doors).ok());
    if (wanted.http) {
      server::Door& http = doors.emplace_back(server::Door{server::ClientDoor::kHttp, {}});
      EXPECT_TRUE(http.socket.Bind("127.0.0.1", 0, "--http-port").ok());
    }
    const storage::Status started = server_->Start(std::move(doors));
    EXPECT_TRUE(started.ok()) << started.message();
  }
  ~ServerInProcess() { Stop(); }
  ServerInProcess(const ServerInProcess&) = delete;
  ServerInProcess& operator=(const ServerInProcess&) = delete;

  /// With `save` a checkpoint is made. Again: nothing.
  void Stop(bool save = false) { server_->Stop(save); }

  [[nodiscard]] uint16_t port() const { return server_->port(); }
  [[nodiscard]] uint16_t http_port() const { return server_->http_port(); }

 private:
  server::Config config_;
  std::optional<server::Server> server_;
};

/// Holds the database's next sync until the test lets it end, at the latest in the destructor.
class HeldSync {
 public:
  explicit HeldSync(storage::MemoryDatabase* database) {
    database->set_before_sync([state = state_] {
      if (!state->is_next.exchange(false)) return;
      state->begun.count_down();
      state->may_end.wait();
    });
  }
  ~HeldSync() { LetEnd(); }
  HeldSync(const HeldSync&) = delete;
  HeldSync& operator=(const HeldSync&) = delete;

  void AwaitBegin() { state_->begun.wait(); }
  void LetEnd() {
    if (state_->is_held.exchange(false)) state_->may_end.count_down();
  }

 private:
  struct State {
    std::latch begun{1};
    std::latch may_end{1};
    std::atomic<bool> is_next{true};
    std::atomic<bool> is_held{true};
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace tally::test
