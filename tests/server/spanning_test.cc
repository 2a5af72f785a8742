#include <atomic>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "server/spanning_operation.h"
#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

class SpanningTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kShards = 3;

  /// Turns and commits in a random order until the test says so.
  static void Shuffle(SessionHarness* server, std::mt19937_64* random,
                      const std::function<bool()>& done) {
    constexpr int kStepsThatAreTooMany = 2000;
    for (int step = 0; !done(); ++step) {
      ASSERT_LT(step, kStepsThatAreTooMany) << "somebody waits for ever";
      server->RandomStep(random);
    }
  }
  static std::string MGetReply(std::string_view first, std::string_view second) {
    return "*2\r\n" + Bulk(first) + Bulk(second);
  }

  SessionHarness server{kShards};
  const std::string a = server.KeyOn(0);
  const std::string b = server.KeyOn(1);
  const std::string c = server.KeyOn(2);
};

TEST_F(SpanningTest, SpanningCommandSeesEarlierCommandsOfItsConnection) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    const std::string one = std::to_string(seed) + "a";
    const std::string two = std::to_string(seed) + "b";
    TestClient& client = server.Connect(static_cast<uint32_t>(random() % kShards));
    client.Send("SET " + b + " " + one + "\r\nSET " + c + " " + one + "\r\nMGET " + b + " " + c +
                "\r\nSET " + c + " " + two + "\r\nMGET " + b + " " + c + "\r\n");
    std::string received;
    Shuffle(&server, &random, [&] {
      received += client.Take();
      return client.session().idle() && client.unread() == 0;
    });
    ASSERT_EQ(received, "+OK\r\n+OK\r\n" + MGetReply(one, one) + "+OK\r\n" + MGetReply(one, two));
  }
}

TEST_F(SpanningTest, LaterCommandsOfItsConnectionSeeIt) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    const std::string value = std::to_string(seed);
    TestClient& client = server.Connect(static_cast<uint32_t>(random() % kShards));
    client.Send("MSET " + a + " " + value + " " + c + " " + value + "\r\nGET " + a + "\r\nGET " +
                c + "\r\n");
    std::string received;
    Shuffle(&server, &random, [&] {
      received += client.Take();
      return client.session().idle() && client.unread() == 0;
    });
    ASSERT_EQ(received, "+OK\r\n" + Bulk(value) + Bulk(value));
  }
}

TEST_F(SpanningTest, TwoSpanningCommandsNeverWaitForEachOther) {
  const std::vector<std::string> requests = {
      "MSET " + a + " 1 " + b + " 1 " + c + " 1\r\n", "MSET " + c + " 2 " + a + " 2\r\n",
      "DEL " + b + " " + a + "\r\n", "MGET " + c + " " + b + "\r\n", "DBSIZE\r\n", "FLUSHALL\r\n"};
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<TestClient*> clients;
    for (uint32_t i = 0; i < 6; ++i) {
      clients.push_back(&server.Connect(i % kShards));
      clients.back()->Send(requests[random() % requests.size()] +
                           requests[random() % requests.size()]);
      if (random() % 2 == 0) server.RandomStep(&random);
    }
    Shuffle(&server, &random, [&] {
      bool idle = true;
      for (TestClient* client : clients) {
        idle = idle && client->session().idle() && client->unread() == 0;
      }
      return idle;
    });
  }
}

TEST_F(SpanningTest, NobodySeesHalfOfAnMSet) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    SessionHarness fresh(kShards);
    TestClient& first = fresh.Connect(0);
    fresh.Ask(first, "MSET " + a + " 0 " + c + " 0\r\n");
    TestClient& second = fresh.Connect(2);
    TestClient& together = fresh.Connect(1);
    TestClient& apart = fresh.Connect(1);
    int written = 0;
    int newest_seen_by_apart = 0;
    bool ask_c = false;
    const auto ask_apart = [&] { apart.Send("GET " + (ask_c ? c : a) + "\r\n"); };
    ask_apart();
    for (int step = 0; step < 400; ++step) {
      for (TestClient* writer : {&first, &second}) {
        if (random() % 4 == 0 && writer->session().idle()) {
          const std::string value = std::to_string(++written);
          writer->Send("MSET " + c + " " + value + " " + a + " " + value + "\r\n");
        }
      }
      if (together.session().idle()) together.Send("MGET " + a + " " + c + "\r\n");
      fresh.RandomStep(&random);
      if (const std::string reply = together.Take(); !reply.empty()) {
        const std::string value = reply.substr(4, (reply.size() - 4) / 2);
        ASSERT_EQ(reply, "*2\r\n" + value + value);
      }
      // One key after the other: with two writers values may come in any order, but what is seen in
      // one key is in the other already. So with the first writer alone they never go back.
      if (const std::string reply = apart.Take(); !reply.empty()) {
        if (seed % 2 == 0) {
          newest_seen_by_apart = written;
        } else {
          newest_seen_by_apart = 0;
        }
        ask_c = !ask_c;
        ask_apart();
      }
    }
    EXPECT_GE(written, newest_seen_by_apart);
  }
}

}  // namespace
}  // namespace tally::server
