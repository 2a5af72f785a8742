// What commands ask the server to do.

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "server/core.h"
#include "server/residency.h"
#include "server/server.h"
#include "server/server_acceptor.h"
#include "server/walk_line.h"
#include "server/wall_clock.h"

namespace tally::server {

using storage::Status;

void Server::ResetStatistics(const Command& command, uint64_t start_cycles,
                             std::function<void()> done) {
  const auto left = std::make_shared<std::atomic<size_t>>(cores_.size());
  const auto call = std::make_shared<std::function<void()>>(std::move(done));
  for (const std::unique_ptr<Core>& core : cores_) {
    mailboxes_->Call(core->number(),
                     [raw = core.get(), counted = &command, start_cycles, left, call] {
                       raw->statistics().Reset();
                       if (raw->number() == 0) raw->CountCall(*counted, start_cycles);
                       if (left->fetch_sub(1) == 1) (*call)();
                     });
  }
}

std::string Server::ReloadTls() {
  if (options_.config->tls_port == 0) return {};
  std::shared_ptr<const TlsContext> context;
  if (Status status = TlsContext::Read(options_.config->tls(), &context); !status.ok()) {
    return status.message();
  }
  tls_.Set(std::move(context));
  return {};
}

uint64_t Server::rejected_connections() const {
  uint64_t rejected = 0;
  for (const std::unique_ptr<Acceptor>& acceptor : acceptors_) rejected += acceptor->rejected();
  return rejected;
}

void Server::VisitClients(std::function<ClientAction(ClientState&)> visit,
                          std::function<void()> done) {
  VisitClientsFrom(0, std::make_shared<std::function<ClientAction(ClientState&)>>(std::move(visit)),
                   done);
}

void Server::VisitClientsFrom(
    uint32_t core, const std::shared_ptr<std::function<ClientAction(ClientState&)>>& visit,
    const std::function<void()>& done) {
  mailboxes_->Call(core, [this, core, visit, done] {
    cores_[core]->VisitClients(*visit);
    if (core + 1 < cores_.size()) {
      VisitClientsFrom(core + 1, visit, done);
    } else {
      done();
    }
  });
}

void Server::PauseClients(int64_t until_ms, bool writes_only) {
  const std::lock_guard lock(pause_mutex_);
  const bool paused = pause_.until_ms.load() > WallClock::NowMs();
  // A pause of everything is not weakened by a later one of writes.
  if (!paused || !writes_only) pause_.writes_only = writes_only;
  if (!paused || until_ms > pause_.until_ms.load()) pause_.until_ms = until_ms;
}

void Server::UnpauseClients() {
  {
    const std::lock_guard lock(pause_mutex_);
    pause_.until_ms = 0;
  }
  for (const std::unique_ptr<Core>& core : cores_) {
    mailboxes_->Call(core->number(), [raw = core.get()] { raw->ResumePaused(); });
  }
}

void Server::Walk(std::unique_ptr<WalkVisitor> visitor, int database, storage::SlotPosition from,
                  size_t wanted) {
  walk_line_->Walk(std::move(visitor), database, from, wanted);
}

bool Server::StartCheckpoint(std::function<void(bool ok, std::string error)> done) {
  return checkpointer_->Start(
      [done = std::move(done)](const Status& status) { done(status.ok(), status.message()); });
}

bool Server::ReloadObjects(std::function<void(bool ok, std::string error)> done) {
  if (reloading_.exchange(true)) return false;
  const auto end = [this, done = std::move(done)](bool ok, std::string error) {
    reloading_ = false;
    done(ok, std::move(error));
  };
  const bool started = StartCheckpoint([this, end](bool ok, std::string error) {
    if (!ok) return end(false, std::move(error));
    residency_->DropObjects([this, end] {
      residency_->ReadBack([end](bool readable) {
        end(readable,
            readable ? "" : "not everything could be read from the disk: see the server's log");
      });
    });
  });
  if (!started) reloading_ = false;
  return started;
}

void Server::WaitUntilSynced(storage::Ticket ticket, int64_t timeout_ms,
                             std::function<void(bool)> done, std::function<bool()> abandoned) {
  log_->WhenSynced(ticket, std::chrono::milliseconds(timeout_ms), std::move(done),
                   std::move(abandoned));
}

void Server::Shutdown(bool save) {
  if (options_.on_shutdown) options_.on_shutdown(save);
}

}  // namespace tally::server
