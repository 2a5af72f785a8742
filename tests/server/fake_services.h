#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/command.h"
#include "server/keyspace_walk.h"
#include "server/mailbox.h"
#include "server/rate_sampler.h"
#include "server/services.h"
#include "server/subscription_directory.h"
#include "server/tracking_registry.h"

namespace tally::server {

/// A server made of plain data: tests set what commands shall find and look at what they asked for.
/// Everything that a server does later is kept until the test does it.
class FakeServices : public Services {
 public:
  FakeServices() : core(CommandCount()) {}

  Config& config() override { return config_; }
  const ServerFacts& facts() const override { return server_facts; }
  const std::vector<const CoreStatistics*>& statistics() const override { return cores_; }
  const RateSampler& rates() const override { return sampler; }
  const SubscriptionDirectory& subscriptions() const override {
    return shared_directory == nullptr ? directory : *shared_directory;
  }
  SubscriptionDirectory directory;
  const SubscriptionDirectory* shared_directory = nullptr;
  TrackingRegistry& tracking() override {
    return shared_tracking == nullptr ? tracking_ : *shared_tracking;
  }
  TrackingRegistry* shared_tracking = nullptr;
  void ResetStatistics(const Command& /*command*/, uint64_t /*start_cycles*/,
                       std::function<void()> done) override {
    ++resets;
    done();
  }
  uint64_t rejected_connections() const override { return 7; }

  /// In the order of `clients`; `done` at once.
  void VisitClients(std::function<ClientAction(ClientState&)> visit,
                    std::function<void()> done) override {
    for (ClientState* client : clients) actions[client->id] = visit(*client);
    done();
  }

  void PauseClients(int64_t until_ms, bool writes_only) override {
    paused = {until_ms, writes_only};
  }
  void UnpauseClients() override { paused.reset(); }
  bool are_writes_paused() const override { return paused.has_value(); }

  bool StartCheckpoint(std::function<void(bool, std::string)> done) override {
    if (checkpoint_done) return false;
    checkpoint_done = std::move(done);
    return true;
  }
  /// Kept for the test; without `on_walk` the database is empty.
  void Walk(std::unique_ptr<WalkVisitor> visitor, int database, storage::SlotPosition from,
            size_t wanted) override {
    if (on_walk) {
      on_walk(std::move(visitor), database, from, wanted);
    } else {
      visitor->Finish({storage::kSlotCount, 0}, true);
    }
  }
  std::function<void(std::unique_ptr<WalkVisitor>, int, storage::SlotPosition, size_t)> on_walk;

  bool ReloadObjects(std::function<void(bool, std::string)> done) override {
    if (reload_done) return false;
    reload_done = std::move(done);
    return true;
  }

  CheckpointInfo checkpoint_info() const override { return checkpoint; }
  CommitInfo commit_info() const override { return commit; }
  ResidencyInfo residency_info() const override { return residency; }
  bool are_writes_refused() const override { return writes_refused; }
  bool writes_refused = false;
  std::vector<storage::StoreFigure> store_figures() const override { return figures; }
  std::vector<storage::StoreFigure> figures;
  ResidencyInfo residency;

  struct Wait {
    storage::Ticket ticket;
    int64_t timeout_ms;
    std::function<void(bool)> done;
    std::function<bool()> abandoned;
  };
  void WaitUntilSynced(storage::Ticket ticket, int64_t timeout_ms, std::function<void(bool)> done,
                       std::function<bool()> abandoned) override {
    waits.push_back({ticket, timeout_ms, std::move(done), std::move(abandoned)});
  }

  void EndCheckpoint(bool ok, std::string problem) {
    if (auto done = std::exchange(checkpoint_done, nullptr)) done(ok, std::move(problem));
  }
  void EndReload(bool ok, std::string problem) {
    if (auto done = std::exchange(reload_done, nullptr)) done(ok, std::move(problem));
  }
  /// Ends all that was begun, as a server does that goes on.
  void FinishAll() {
    EndCheckpoint(true, "");
    EndReload(true, "");
    for (const Wait& wait : std::exchange(waits, {})) wait.done(false);
    for (const auto& work : std::exchange(aside, {})) work();
  }

  void Shutdown(bool save) override { shutdown = save; }
  std::string ReloadTls() override { return tls_problem; }
  void ApplyConfig() override {
    ++applied;
    watch.Configure(config_);
  }
  Monitors& monitors() override { return monitors_; }
  AclLog& acl_log() override { return refusals; }
  AclLog refusals;
  SlowWatch& slow_watch() override { return watch; }
  SlowWatch watch;
  void RunAside(std::function<void()> work) override { aside.push_back(std::move(work)); }

  CoreStatistics core;
  RateSampler sampler;
  ServerFacts server_facts;
  CheckpointInfo checkpoint;
  CommitInfo commit;
  std::vector<ClientState*> clients;

  std::map<uint64_t, ClientAction> actions;  // what the last visit said, by client id
  std::optional<std::pair<int64_t, bool>> paused;
  std::function<void(bool, std::string)> checkpoint_done;  // of the one that is running
  std::function<void(bool, std::string)> reload_done;      // likewise
  std::vector<Wait> waits;
  std::vector<std::function<void()>> aside;
  std::optional<bool> shutdown;
  int resets = 0;
  int applied = 0;
  std::string tls_problem;  // of a ReloadTls

 private:
  Config config_;
  Mailboxes mailboxes_{1};
  TrackingRegistry tracking_{&mailboxes_};
  Monitors monitors_;
  std::vector<const CoreStatistics*> cores_{&core};
};

}  // namespace tally::server
