#include "server/router.h"

#include <algorithm>
#include <utility>

#include "protocol/request_peek.h"

namespace tally::server {

Router::Router(uint32_t core, const ShardMap* shard_map, const storage::HashSeed& seed,
               const std::vector<Shard*>* shards, Mailboxes* mailboxes)
    : core_(core),
      shard_map_(shard_map),
      seed_(seed),
      shards_(shards),
      mailboxes_(mailboxes),
      local_((*shards)[core]),
      batches_(shards->size()) {}

std::span<const storage::Key> Router::Resolve(const Command& command,
                                              std::span<const std::string_view> args) {
  keys_.clear();
  if (!NamesObjects(command.keys)) return {};
  const auto count = static_cast<int>(args.size());
  const int last = command.keys.last >= 0 ? command.keys.last : count + command.keys.last;
  for (int i = command.keys.first; i <= last; i += command.keys.step) {
    keys_.push_back(storage::MakeKey(seed_, args[static_cast<size_t>(i)]));
  }
  return keys_;
}

size_t Router::PrefetchFor(std::string_view unread, int database) {
  if (local_->occupied()) return 0;
  keys_ahead_.clear();
  size_t requests = 0;
  std::string_view name;
  for (; requests < kRequestsAhead && protocol::PeekKey(&unread, &name); ++requests) {
    const storage::Key key = storage::MakeKey(seed_, name);
    if (shard_map_->ShardOf(key.slot) != core_) continue;
    keys_ahead_.push_back(key);
  }
  const storage::Keyspace& keyspace = local_->keyspace();
  if (keys_ahead_.size() > 1) keyspace.Prefetch(keyspace.map().StoredOf(database), keys_ahead_);
  return requests;
}

Router::Target Router::TargetOf(const Command& command, std::span<const storage::Key> keys) const {
  const Target local{Target::Kind::kLocal, core_};
  if (command.scope == Scope::kKeysEntered) return {Target::Kind::kSpanning, 0};
  if (shard_map_->shards() == 1) return local;
  if (command.scope == Scope::kAllShards) return {Target::Kind::kSpanning, 0};
  if (keys.empty()) return local;
  const uint32_t shard = shard_map_->ShardOf(keys.front().slot);
  for (const storage::Key& key : keys.subspan(1)) {
    if (shard_map_->ShardOf(key.slot) != shard) return {Target::Kind::kSpanning, 0};
  }
  if (shard == core_) return local;
  return {Target::Kind::kRemote, shard};
}

void Router::Enqueue(uint32_t shard, Requester* requester, const OperationBatch::Item& item,
                     std::span<const std::string_view> args, std::span<const storage::Key> keys,
                     ClientTracker* tracker) {
  std::unique_ptr<OperationBatch>& batch = batches_[shard];
  if (batch != nullptr && batch->tracker() != tracker) [[unlikely]]
    SendBatches();
  if (batch == nullptr) {
    batch = std::make_unique<OperationBatch>(
        requester, core_, (*shards_)[shard], mailboxes_,
        tracker == nullptr ? nullptr : tracker->shared_from_this());
    has_batches_ = true;
  }
  batch->Add(item, args, keys);
}

void Router::SendBatches() {
  if (!has_batches_) return;
  has_batches_ = false;
  for (std::unique_ptr<OperationBatch>& batch : batches_) {
    if (batch == nullptr) continue;
    const uint32_t target = batch->target();
    mailboxes_->Send(target, std::move(batch));
  }
}

void Router::LetGoOn(uint32_t shard, Requester* requester) {
  mailboxes_->Send(shard, std::make_unique<GoOnMessage>((*shards_)[shard], requester));
}

void Router::StartSpanning(Requester* requester, const Request& request, uint64_t place,
                           bool suppressed, bool behind_own) {
  auto requests = std::make_shared<RequestList>();
  requests->Add(*request.command, request.args);
  Start(requester, request, std::move(requests), nullptr, place, suppressed, behind_own);
}

void Router::StartTransaction(Requester* requester, const Request& request,
                              std::shared_ptr<RequestList> requests,
                              std::unique_ptr<TransactionRun> transaction, uint64_t place,
                              bool behind_own) {
  Start(requester, request, std::move(requests), std::move(transaction), place,
        /*suppressed=*/false, behind_own);
}

void Router::Start(Requester* requester, const Request& request,
                   std::shared_ptr<RequestList> requests,
                   std::unique_ptr<TransactionRun> transaction, uint64_t place, bool suppressed,
                   bool behind_own) {
  SendBatches();
  requests->Seal(request.database, local_->keyspace().databases(),
                 [this](const Command& command, std::span<const std::string_view> args) {
                   return Resolve(command, args);
                 });
  std::vector<uint32_t> visits;
  if (requests->needs_all_shards()) {
    for (uint32_t shard = 0; shard < shard_map_->shards(); ++shard) visits.push_back(shard);
  } else {
    for (const NamedKey& needed : requests->needed()) {
      visits.push_back(shard_map_->ShardOf(needed.key.slot));
    }
    if (transaction != nullptr && transaction->watch() != nullptr) {
      transaction->watch()->AppendShards(&visits);
    }
    if (visits.empty()) visits.push_back(core_);  // of the connection only
    std::sort(visits.begin(), visits.end());
    visits.erase(std::unique(visits.begin(), visits.end()), visits.end());
  }
  const SpanningOperation::Route route{requester, core_, mailboxes_, shards_, shard_map_};
  SpanningOperation::Start(std::make_unique<SpanningOperation>(route, request, std::move(requests),
                                                               std::move(transaction), place,
                                                               suppressed, std::move(visits)),
                           behind_own);
}

}  // namespace tally::server
