#include "tests/end_to_end/support/streams.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/end_to_end/support/resp.h"

namespace tally::test {
namespace {

// More characters than any length or number has.
constexpr std::string_view kFence = "-the-fence-";
constexpr size_t kStepsShown = 40;

std::string Joined(const std::vector<std::string>& parts, size_t from = 0) {
  return std::accumulate(parts.begin() + static_cast<std::ptrdiff_t>(from), parts.end(),
                         std::string());
}

}  // namespace

uint64_t StreamSeed(uint64_t usual) {
  const char* const text = std::getenv("TALLY_SEED");
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

std::vector<std::string> TakeReplies(Client* client) {
  EXPECT_TRUE(client->Send({"PING", kFence}));
  std::vector<std::string> replies;
  for (;;) {
    std::optional<std::string> reply = client->ReadRawReply();
    if (!reply) {
      ADD_FAILURE() << "the connection broke";
      return replies;
    }
    if (reply->find(kFence) != std::string::npos) return replies;
    replies.push_back(*std::move(reply));
  }
}

std::string ShowDifference(const std::vector<std::string>& got,
                           const std::vector<std::string>& wanted,
                           const std::vector<std::string>& steps) {
  const size_t first = steps.size() - std::min(steps.size(), kStepsShown);
  return fmt::format("\n got    {}\n wanted {}{}", Printable(Joined(got)),
                     Printable(Joined(wanted)), Joined(steps, first));
}

}  // namespace tally::test
