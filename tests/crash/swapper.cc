#include "tests/crash/swapper.h"

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/resp.h"

namespace tally::test {
namespace {

const std::string kCounterKey = fmt::format("counter:{}", kSwapCounter);

/// Sends the commands as one transaction; EXEC's reply, if the connection lives.
std::optional<Reply> Exec(Client* client, const std::vector<Arguments>& commands) {
  std::string bytes = EncodeCommand({"MULTI"});
  for (const Arguments& command : commands) bytes += EncodeCommand(command);
  bytes += EncodeCommand({"EXEC"});
  if (!client->SendRaw(bytes)) return std::nullopt;
  std::optional<Reply> reply = client->ReadReply();
  for (size_t i = 0; i <= commands.size() && reply; ++i) reply = client->ReadReply();
  return reply;
}

/// Where the two databases were first; the counter's reply is the first of all.
const std::vector<Arguments> kLook = {
    {"SELECT", "8"}, {"GET", "home"}, {"SELECT", "9"}, {"GET", "home"}, {"SELECT", "0"}};

/// What is wrong with a reply whose elements are the counter, `skipped` others, and those of kLook.
std::optional<std::string> Disagreement(const Reply& exec, size_t skipped, bool may_be_new) {
  if (exec.type != '*' || exec.elements.size() != 1 + skipped + kLook.size()) {
    return fmt::format("a transaction with SWAPDB was answered {}{}", exec.type, exec.text);
  }
  const Reply& counter = exec.elements.front();
  const int64_t swaps =
      counter.type == ':' ? counter.integer : std::strtoll(counter.text.c_str(), nullptr, 10);
  const Reply& in_eight = exec.elements[1 + skipped + 1];
  const Reply& in_nine = exec.elements[1 + skipped + 3];
  if (may_be_new && swaps == 0 && in_eight.is_null && in_nine.is_null) return std::nullopt;
  const bool is_swapped = swaps % 2 == 1;
  if (in_eight.text == (is_swapped ? "9" : "8") && in_nine.text == (is_swapped ? "8" : "9")) {
    return std::nullopt;
  }
  return fmt::format("after {} exchanges database 8 was {} and 9 was {}", swaps, in_eight.text,
                     in_nine.text);
}

}  // namespace

void RunSwapper(uint16_t port, std::stop_token stop, std::mutex* mutex, History* history) {
  std::optional<Client> client = Client::TryConnect(port);
  if (!client) return;
  uint32_t connection;
  {
    const std::lock_guard lock(*mutex);
    connection = history->NextConnection();
  }
  const std::optional<Reply> begun = Exec(&*client, {{"SELECT", "8"},
                                                     {"SETNX", "home", "8"},
                                                     {"SELECT", "9"},
                                                     {"SETNX", "home", "9"},
                                                     {"SELECT", "0"}});
  std::vector<Arguments> exchange = {{"INCR", kCounterKey}, {"SWAPDB", "8", "9"}};
  exchange.insert(exchange.end(), kLook.begin(), kLook.end());
  std::vector<Operation> operations;
  std::vector<std::string> wrong;
  for (bool lives = begun.has_value(); lives && !stop.stop_requested();) {
    Operation operation{.object = kSwapCounter, .connection = connection, .asked = NowNs()};
    const std::optional<Reply> reply = Exec(&*client, exchange);
    if (reply) {
      if (std::optional<std::string> complaint = Disagreement(*reply, 1, /*may_be_new=*/false)) {
        wrong.push_back(*std::move(complaint));
      } else {
        operation.told = NowNs();
        operation.value = reply->elements.front().integer;
      }
    }
    lives = reply.has_value();
    operations.push_back(std::move(operation));
  }
  const std::lock_guard lock(*mutex);
  for (std::string& text : wrong) history->AddWrongReply(std::move(text));
  history->Add(std::move(operations));
}

bool ReadSwaps(uint16_t port, History* history) {
  std::optional<Client> client = Client::TryConnect(port);
  if (!client) return false;
  std::vector<Arguments> look = {{"GET", kCounterKey}};
  look.insert(look.end(), kLook.begin(), kLook.end());
  Operation operation{.kind = OperationKind::kRead,
                      .object = kSwapCounter,
                      .connection = history->NextConnection(),
                      .asked = NowNs()};
  const std::optional<Reply> reply = Exec(&*client, look);
  if (!reply) return false;
  operation.told = NowNs();
  if (std::optional<std::string> complaint = Disagreement(*reply, 0, /*may_be_new=*/true)) {
    history->AddWrongReply(*std::move(complaint));
    return true;
  }
  operation.value = std::strtoll(reply->elements.front().text.c_str(), nullptr, 10);
  history->Add({std::move(operation)});
  return true;
}

}  // namespace tally::test
