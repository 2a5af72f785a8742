#include "server/router.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/server/session_harness.h"

namespace tally::server {
namespace {

// What is brought into caches cannot be seen; what is left alone can.
TEST(RouterPrefetchFor, LooksAtSomeRequestsOfAPipeline) {
  SessionHarness server(2);
  TestClient& client = server.Connect(0);
  std::string pipeline;
  for (int i = 0; i < 40; ++i)
    pipeline += "*2\r\n$4\r\nINCR\r\n$3\r\nk" + std::to_string(10 + i) + "\r\n";
  std::string expected;
  for (int i = 0; i < 40; ++i) expected += ":1\r\n";
  EXPECT_EQ(server.Ask(client, pipeline), expected);

  Router router(0, &server.shard_map(), {}, &server.shards(), &server.mailboxes());
  const size_t some = router.PrefetchFor(pipeline, 0);
  EXPECT_GT(some, 1u);
  EXPECT_LT(some, 40u);
  EXPECT_EQ(router.PrefetchFor(pipeline, 9), some) << "nothing is there: nothing to bring";
  EXPECT_EQ(router.PrefetchFor("GET inline\r\n", 0), 0u);
  EXPECT_EQ(router.PrefetchFor("", 0), 0u);
  EXPECT_EQ(router.PrefetchFor(pipeline.substr(0, 30), 0), 1u) << "the second is cut";

  server.shard(0).Enter();
  EXPECT_EQ(router.PrefetchFor(pipeline, 0), 0u) << "another thread may have the objects";
  server.shard(0).Leave();
}

}  // namespace
}  // namespace tally::server
