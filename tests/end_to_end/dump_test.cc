// A value moves to redis-server 7.0 and back by DUMP and RESTORE.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "protocol/crc64.h"
#include "tests/end_to_end/support/client.h"
#include "tests/end_to_end/support/resp.h"
#include "tests/end_to_end/support/scale.h"
#include "tests/end_to_end/support/server_process.h"

namespace tally::test {
namespace {

std::vector<std::string> Values() {
  std::vector<std::string> values = {"", "0", "-1", "01", "1.5", "a", std::string(1, '\0')};
  for (const int64_t edge :
       {int64_t{127}, int64_t{128}, int64_t{-128}, int64_t{-129}, int64_t{32'767}, int64_t{32'768},
        int64_t{-32'768}, int64_t{-32'769}, int64_t{2'147'483'647}, int64_t{2'147'483'648},
        int64_t{-2'147'483'648}, int64_t{-2'147'483'649}, INT64_MAX, INT64_MIN}) {
    values.push_back(std::to_string(edge));
  }
  std::mt19937_64 random(7);
  for (int round = 0; round < Scaled(300); ++round) {
    const uint64_t letters = 1 + random() % (round % 3 == 0 ? 256 : 5);
    const size_t size = random() % (round % 10 == 0 ? 50'000 : 300);
    std::string value;
    while (value.size() < size) value.push_back(static_cast<char>(random() % letters));
    values.push_back(std::move(value));
  }
  return values;
}

std::string Text(const std::string& raw) { return ParseReply(raw).reply.text; }

// `from` DUMPs, `to` RESTOREs and has the same afterwards.
void ExpectMoves(Client* from, Client* to) {
  for (const std::string& value : Values()) {
    ASSERT_EQ(from->Command({"SET", "key", value}), "+OK\r\n");
    const std::string payload = Text(from->Command({"DUMP", "key"}));
    ASSERT_EQ(to->Command({"RESTORE", "key", "0", payload, "REPLACE"}), "+OK\r\n");
    ASSERT_EQ(Text(to->Command({"GET", "key"})), value);
    ASSERT_EQ(to->Command({"OBJECT", "ENCODING", "key"}),
              from->Command({"OBJECT", "ENCODING", "key"}));
  }
}

class DumpTest : public testing::Test {
 protected:
  const ServerProcess subject_;
  const ServerProcess oracle_{{.kind = ServerKind::kOracle}};
  Client ours_{subject_.port()};
  Client theirs_{oracle_.port()};
};

TEST_F(DumpTest, ValuesMoveFromRedisToTally) { ExpectMoves(&theirs_, &ours_); }

TEST_F(DumpTest, ValuesMoveFromTallyToRedis) { ExpectMoves(&ours_, &theirs_); }

TEST_F(DumpTest, WhatIsNotCompressedIsTheSameBytes) {
  for (const std::string& value : Values()) {
    if (value.size() > 20) continue;
    ASSERT_EQ(ours_.Command({"SET", "key", value}), "+OK\r\n");
    ASSERT_EQ(theirs_.Command({"SET", "key", value}), "+OK\r\n");
    ASSERT_EQ(ours_.Command({"DUMP", "key"}), theirs_.Command({"DUMP", "key"}));
  }
}

// Types that Tally does not have are refused as damaged data are.
TEST_F(DumpTest, OtherTypesAreRefused) {
  for (const Arguments& command :
       {Arguments{"RPUSH", "key", "a"}, Arguments{"SADD", "key", "1"},
        Arguments{"HSET", "key", "a", "b"}, Arguments{"ZADD", "key", "1", "a"}}) {
    ASSERT_EQ(theirs_.Command({"DEL", "key"}).front(), ':');
    ASSERT_EQ(theirs_.Command(command), ":1\r\n");
    const std::string payload = Text(theirs_.Command({"DUMP", "key"}));
    EXPECT_EQ(ours_.Command({"RESTORE", "key", "0", payload}), "-ERR Bad data format\r\n");
  }
  EXPECT_EQ(ours_.Command({"EXISTS", "key"}), ":0\r\n");
}

// Bytes of all kinds under a good footer: both take them, or neither does. (Not of other types, nor with
// lengths that reach into the footer, which Redis would read as the value.)
TEST_F(DumpTest, DamagedDataAreRefusedAsInRedis) {
  std::mt19937_64 random(8);
  for (int round = 0; round < Scaled(300); ++round) {
    ASSERT_EQ(theirs_.Command({"SET", "key", std::string(30 + random() % 30, 'x')}), "+OK\r\n");
    std::string payload = Text(theirs_.Command({"DUMP", "key"}));
    // Of the compressed form, behind its lengths.
    payload[4 + random() % (payload.size() - 14)] = static_cast<char>(random());
    payload.resize(payload.size() - sizeof(uint64_t));
    const uint64_t checksum = protocol::Crc64(payload);
    payload.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
    const std::string reply = theirs_.Command({"RESTORE", "other", "0", payload, "REPLACE"});
    EXPECT_EQ(ours_.Command({"RESTORE", "other", "0", payload, "REPLACE"}), reply);
  }
}

}  // namespace
}  // namespace tally::test
