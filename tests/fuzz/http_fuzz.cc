// The HTTP door is given any bytes: it replies the same however they were cut and however many shards there are.

#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "tests/server/http_client.h"

namespace tally::server {
namespace {

// The time of day is nothing that the client asked for.
void DropDates(std::string* replies) {
  for (size_t at = 0; (at = replies->find("\r\nDate: ", at)) != std::string::npos;) {
    replies->erase(at, replies->find("\r\n", at + 2) - at);
  }
}

std::string RepliesTo(std::string_view stream, uint32_t shards, const std::vector<size_t>& cuts) {
  SessionHarness harness(shards, std::make_unique<JournalDatabase>(), 1);
  HttpClient client(&harness);
  size_t sent = 0;
  std::string replies;
  // What the dialogue has no room for yet stays unread until replies have left.
  const auto run = [&] {
    size_t unread = 0;
    do {
      unread = client.unread();
      harness.Run();
      replies += client.TakeBytes();
      client.Pump();
    } while (client.unread() != unread);
    harness.Run();
    replies += client.TakeBytes();
  };
  for (const size_t cut : cuts) {
    client.Send(stream.substr(sent, cut - sent));
    sent = cut;
    run();
  }
  client.Send(stream.substr(sent));
  run();
  DropDates(&replies);
  return replies;
}

void Check(std::string_view stream, uint32_t shards, const std::vector<size_t>& cuts) {
  const std::string one = RepliesTo(stream, 1, {});
  const std::string other = RepliesTo(stream, shards, cuts);
  // When a line of an unfinished head is refused, at once or with the head's end, may depend on the cuts.
  const size_t both = std::min(one.size(), other.size());
  fuzz::RequireEqual(one.substr(0, both), other.substr(0, both), "cuts make no difference");
  if (stream.ends_with("\r\n\r\n"))
    fuzz::RequireEqual(one, other, "nor do they for a finished head");
}

}  // namespace
}  // namespace tally::server

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  GTEST_FLAG_SET(throw_on_failure, true);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider in(data, size);
  const auto shards = in.ConsumeIntegralInRange<uint32_t>(1, 2);
  std::vector<size_t> cuts(in.ConsumeIntegralInRange<size_t>(0, 4));
  for (size_t& cut : cuts) cut = in.ConsumeIntegral<uint16_t>();
  const std::string stream = in.ConsumeRemainingBytesAsString();
  for (size_t& cut : cuts) cut = std::min(cut, stream.size());
  std::sort(cuts.begin(), cuts.end());
  tally::server::Check(stream, shards, cuts);
  return 0;
}
