#include "tests/crash/workload.h"

#include <charconv>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/crash/swapper.h"
#include "tests/end_to_end/support/client.h"

namespace tally::test {
namespace {

constexpr int kMostMillisecondsBetweenSaves = 30;

/// What the threads of one run share.
struct Shared {
  std::mutex mutex;
  History* history;
  WorkloadResult result;
};

Arguments GroupKeys(std::string_view command, uint32_t group, int size) {
  Arguments arguments = {std::string(command)};
  for (int i = 0; i < size; ++i) arguments.push_back(fmt::format("group:{}:{}", group, i));
  return arguments;
}

Arguments ToCommand(const Operation& operation, int group_size) {
  switch (operation.kind) {
    case OperationKind::kIncrement:
      return {"INCR", fmt::format("counter:{}", operation.object)};
    case OperationKind::kRead:
      return {"GET", fmt::format("counter:{}", operation.object)};
    case OperationKind::kGroupDelete:
      return GroupKeys("DEL", operation.object, group_size);
    case OperationKind::kGroupRead:
      return GroupKeys("MGET", operation.object, group_size);
    case OperationKind::kGroupWrite:
      break;
  }
  Arguments arguments = {"MSET"};
  const Arguments keys = GroupKeys("", operation.object, group_size);
  for (size_t i = 1; i < keys.size(); ++i) {
    arguments.push_back(keys[i]);
    arguments.push_back(std::to_string(operation.value));
  }
  return arguments;
}

/// The same as single-key commands, which a transaction makes one.
std::vector<Arguments> ToTransaction(const Operation& operation, int group_size) {
  std::vector<Arguments> commands = {{"MULTI"}};
  for (int i = 0; i < group_size; ++i) {
    const std::string key = fmt::format("group:{}:{}", operation.object, i);
    if (operation.kind == OperationKind::kGroupWrite) {
      // Every second one comes under another name first, and so from another slot.
      const bool renames = operation.value % 2 == 0;
      const std::string first = renames ? fmt::format("staged:{}:{}", operation.object, i) : key;
      commands.push_back({"SET", first, std::to_string(operation.value)});
      if (renames) commands.push_back({"RENAME", first, key});
    } else {
      commands.push_back({operation.kind == OperationKind::kGroupDelete ? "DEL" : "GET", key});
    }
  }
  commands.push_back({"EXEC"});
  return commands;
}

/// EXEC's reply as that of the one command; of another type when it cannot be that.
Reply ToSingleReply(const Reply& exec, OperationKind kind) {
  if (kind == OperationKind::kGroupRead || exec.type != '*' || exec.elements.empty()) return exec;
  Reply reply = exec.elements.front();
  reply.integer = 0;
  for (const Reply& part : exec.elements) {
    const bool same_text = kind == OperationKind::kGroupDelete || part.text == reply.text;
    if (part.type != reply.type || !same_text) return exec;
    reply.integer += part.integer;
  }
  return reply;
}

std::optional<int64_t> ToInteger(const Reply& reply, int64_t absent) {
  if (reply.is_null) return absent;
  int64_t value = 0;
  const char* const end = reply.text.data() + reply.text.size();
  const auto [parsed, error] = std::from_chars(reply.text.data(), end, value);
  if (error != std::errc() || parsed != end) return std::nullopt;
  return value;
}

/// Fills in what the reply says; false when it is none that this command can have.
bool TakeReply(const Reply& reply, size_t group_size, Operation* operation) {
  switch (operation->kind) {
    case OperationKind::kIncrement:
    case OperationKind::kGroupDelete:
      operation->value = reply.integer;
      return reply.type == ':';
    case OperationKind::kGroupWrite:
      return reply.type == '+' && reply.text == "OK";
    case OperationKind::kRead: {
      const std::optional<int64_t> value = ToInteger(reply, 0);
      operation->value = value.value_or(0);
      return reply.type == '$' && value;
    }
    case OperationKind::kGroupRead:
      for (const Reply& part : reply.elements) {
        const std::optional<int64_t> value = ToInteger(part, kAbsent);
        if (part.type != '$' || !value) return false;
        operation->parts.push_back(*value);
      }
      return reply.type == '*' && operation->parts.size() == group_size;
  }
  return false;
}

/// One connection and what was done on it.
class Session {
 public:
  Session(uint16_t port, int group_size, Shared* shared)
      : group_size_(group_size), shared_(shared), client_(Client::TryConnect(port)) {
    const std::lock_guard lock(shared_->mutex);
    connection_ = shared_->history->NextConnection();
  }

  ~Session() {
    const std::lock_guard lock(shared_->mutex);
    for (std::string& text : wrong_replies_) shared_->history->AddWrongReply(std::move(text));
    for (const Operation& operation : operations_) {
      ++(operation.Answered() ? shared_->result.answered : shared_->result.unanswered);
    }
    shared_->result.errors += errors_;
    if (shared_->result.first_error.empty()) shared_->result.first_error = first_error_;
    shared_->history->Add(std::move(operations_));
  }

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] bool connected() const { return client_.has_value(); }
  [[nodiscard]] uint32_t connection() const { return connection_; }

  /// Sends the batch as one pipeline and reads its replies. False when the connection broke.
  bool Do(std::vector<Operation> batch) {
    std::string bytes;
    for (const Operation& operation : batch) {
      if (!operation.in_transaction) {
        bytes += EncodeCommand(ToCommand(operation, group_size_));
        continue;
      }
      for (const Arguments& command : ToTransaction(operation, group_size_)) {
        bytes += EncodeCommand(command);
      }
    }
    const size_t first = operations_.size();
    const TimeNs asked = NowNs();
    for (Operation& operation : batch) {
      operation.connection = connection_;
      operation.asked = asked;
      operations_.push_back(std::move(operation));
    }
    // Also when the send fails: a part of it may have arrived, and been answered.
    const bool sent = client_->SendRaw(bytes);
    for (size_t i = first; i < operations_.size(); ++i) {
      if (!ReadReply(&operations_[i])) return false;
    }
    return sent;
  }

 private:
  bool ReadReply(Operation* operation) {
    std::optional<Reply> reply = client_->ReadReply();
    if (operation->in_transaction && reply) {
      // Behind MULTI's: one for each that was queued, then EXEC's.
      const size_t queued = ToTransaction(*operation, group_size_).size() - 2;
      for (size_t i = 0; i <= queued && reply; ++i) reply = client_->ReadReply();
      if (reply) reply = ToSingleReply(*reply, operation->kind);
    }
    if (!reply) {
      if (client_->timed_out() || client_->malformed()) {
        wrong_replies_.push_back(
            fmt::format("connection {}: {}", connection_,
                        client_->timed_out() ? "no reply in time" : "not a reply"));
      }
      return false;
    }
    if (reply->IsError()) {
      ++errors_;
      if (first_error_.empty()) first_error_ = reply->text;
      return true;
    }
    operation->told = NowNs();
    if (!TakeReply(*reply, static_cast<size_t>(group_size_), operation)) {
      operation->told = kUnanswered;
      wrong_replies_.push_back(fmt::format("{} was answered {}{}",
                                           Printable(ToCommand(*operation, group_size_)),
                                           reply->type, reply->text));
    }
    return true;
  }

  int group_size_;
  Shared* shared_;
  std::optional<Client> client_;
  uint32_t connection_ = 0;
  std::vector<Operation> operations_;
  std::vector<std::string> wrong_replies_;
  int64_t errors_ = 0;
  std::string first_error_;
};

/// Draws what one client does next.
class Plan {
 public:
  Plan(const WorkloadOptions& options, int client, uint32_t connection)
      : options_(options),
        client_(client),
        connection_(connection),
        random_(options.seed * 1'000'003 + connection) {}

  std::vector<Operation> NextBatch() {
    const uint64_t size =
        Below(2) == 0 ? 1 : 1 + Below(static_cast<uint64_t>(options_.longest_pipeline));
    const bool increments_only = Below(3) == 0;
    std::vector<Operation> batch;
    for (uint64_t i = 0; i < size; ++i) batch.push_back(increments_only ? Increment() : Any());
    return batch;
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }

  Operation Increment() {
    return {.kind = OperationKind::kIncrement,
            .object = static_cast<uint32_t>(Below(static_cast<uint64_t>(options_.counters)))};
  }

  Operation Any() {
    const uint64_t dice = Below(100);
    if (dice < 50) return Increment();
    if (dice < 60) {
      Operation read = Increment();
      read.kind = OperationKind::kRead;
      return read;
    }
    Operation operation{
        .kind = OperationKind::kGroupRead,
        .object = static_cast<uint32_t>(Below(static_cast<uint64_t>(options_.groups)))};
    operation.in_transaction = Below(2) == 0;
    const bool mine = operation.object % 2 == 0 ||
                      static_cast<int>(operation.object / 2) % options_.clients == client_;
    if (dice < 75 || !mine) return operation;
    if (dice < 92) {
      operation.kind = OperationKind::kGroupWrite;
      operation.value = (static_cast<int64_t>(connection_) << 32) + ++tokens_;
    } else {
      operation.kind = OperationKind::kGroupDelete;
    }
    return operation;
  }

  const WorkloadOptions& options_;
  int client_;
  uint32_t connection_;
  std::mt19937_64 random_;
  int64_t tokens_ = 0;
};

void RunClient(uint16_t port, const WorkloadOptions& options, int client, std::stop_token stop,
               Shared* shared) {
  Session session(port, options.group_size, shared);
  if (!session.connected()) return;
  Plan plan(options, client, session.connection());
  while (!stop.stop_requested() && session.Do(plan.NextBatch())) {
  }
}

void RunSaver(uint16_t port, uint64_t seed, std::stop_token stop) {
  std::optional<Client> client = Client::TryConnect(port);
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(seed));
  while (client && !stop.stop_requested()) {
    std::this_thread::sleep_for(
        std::chrono::milliseconds(random() % kMostMillisecondsBetweenSaves));
    if (client->Command({random() % 2 == 0 ? "SAVE" : "BGSAVE"}).empty()) return;
  }
}

void RunFiller(uint16_t port, uint64_t seed, std::stop_token stop) {
  constexpr uint64_t kValues = 400;
  constexpr size_t kValueBytes = 2000;
  constexpr int kPipelined = 10;
  std::optional<Client> client = Client::TryConnect(port);
  std::minstd_rand random(static_cast<std::minstd_rand::result_type>(seed));
  const std::string value(kValueBytes, 'f');
  while (client && !stop.stop_requested()) {
    std::string bytes;
    for (int i = 0; i < kPipelined; ++i) {
      bytes += EncodeCommand({"SET", fmt::format("filler:{}", random() % kValues), value});
    }
    if (!client->SendRaw(bytes)) return;
    for (int i = 0; i < kPipelined; ++i) {
      if (!client->ReadRawReply()) return;
    }
  }
}

}  // namespace

WorkloadResult RunWorkload(uint16_t port, const WorkloadOptions& options, std::stop_token stop,
                           History* history) {
  Shared shared{.mutex = {}, .history = history, .result = {}};
  {
    std::vector<std::jthread> threads;
    for (int client = 0; client < options.clients; ++client) {
      threads.emplace_back([port, &options, client, stop, &shared] {
        RunClient(port, options, client, stop, &shared);
      });
    }
    if (options.saves) {
      threads.emplace_back([port, &options, stop] { RunSaver(port, options.seed + 1, stop); });
    }
    threads.emplace_back(
        [port, stop, &shared] { RunSwapper(port, stop, &shared.mutex, shared.history); });
    if (options.fills_memory) {
      threads.emplace_back([port, &options, stop] { RunFiller(port, options.seed + 2, stop); });
    }
  }
  return shared.result;
}

bool ReadEverything(uint16_t port, const WorkloadOptions& options, History* history) {
  Shared shared{.mutex = {}, .history = history, .result = {}};
  std::vector<Operation> batch;
  for (int i = 0; i < options.counters; ++i) {
    batch.push_back({.kind = OperationKind::kRead, .object = static_cast<uint32_t>(i)});
  }
  for (int i = 0; i < options.groups; ++i) {
    batch.push_back({.kind = OperationKind::kGroupRead, .object = static_cast<uint32_t>(i)});
  }
  {
    Session session(port, options.group_size, &shared);
    if (!session.connected() || !session.Do(std::move(batch))) return false;
  }
  return shared.result.errors == 0 && shared.result.unanswered == 0 && ReadSwaps(port, history);
}

}  // namespace tally::test
