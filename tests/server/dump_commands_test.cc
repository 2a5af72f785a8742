#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "protocol/dump_payload.h"
#include "protocol/errors.h"
#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using protocol::DumpString;

class DumpCommandsTest : public OperationTest {
 protected:
  static std::string Error(std::string_view text) { return "-" + std::string(text) + "\r\n"; }
  static std::string Bulk(std::string_view text) {
    return fmt::format("${}\r\n{}\r\n", text.size(), text);
  }
};

TEST_F(DumpCommandsTest, DumpAnswersThePayload) {
  Run("MSET", "number", "-300", "text", "some text");
  EXPECT_EQ(Run("DUMP", "number"), Bulk(DumpString("-300")));
  EXPECT_EQ(hits, 1u);
  EXPECT_EQ(Run("DUMP", "text"), Bulk(DumpString("some text")));
  EXPECT_EQ(Run("DUMP", "none"), "$-1\r\n");
  EXPECT_EQ(misses, 1u);
}

TEST_F(DumpCommandsTest, RestoreMakesTheKey) {
  EXPECT_EQ(Run("RESTORE", "a", "0", DumpString("12")), "+OK\r\n");
  EXPECT_EQ(depends_on, storage::kOpenTicket);
  EXPECT_EQ(Run("INCR", "a"), ":13\r\n");
  EXPECT_EQ(Run("PTTL", "a"), ":-1\r\n");
  // The text of a large number is a number, too.
  EXPECT_EQ(Run("RESTORE", "b", "5000", DumpString("9223372036854775806")), "+OK\r\n");
  EXPECT_EQ(Run("PTTL", "b"), ":5000\r\n");
  EXPECT_EQ(Run("OBJECT", "ENCODING", "b"), "$3\r\nint\r\n");
  EXPECT_EQ(Run("RESTORE", "c", "0", DumpString(std::string(1000, 'x'))), "+OK\r\n");
  EXPECT_EQ(Run("GET", "c"), Bulk(std::string(1000, 'x')));
}

TEST_F(DumpCommandsTest, WhatIsThereIsReplacedOnlyWhenTold) {
  Run("SET", "a", "1", "PX", "5000");
  EXPECT_EQ(Run("RESTORE", "a", "0", DumpString("2")), Error(errors::kBusyKey));
  // That comes first: the rest is not looked at.
  EXPECT_EQ(Run("RESTORE", "a", "-1", "junk"), Error(errors::kBusyKey));
  EXPECT_EQ(Run("RESTORE", "a", "0", DumpString("2"), "replace"), "+OK\r\n");
  EXPECT_EQ(Run("GET", "a"), "$1\r\n2\r\n");
  EXPECT_EQ(Run("PTTL", "a"), ":-1\r\n");
}

TEST_F(DumpCommandsTest, AMomentMayBeGiven) {
  const std::string moment = std::to_string(now_ms + 7000);
  EXPECT_EQ(Run("RESTORE", "a", moment, DumpString("1"), "ABSTTL"), "+OK\r\n");
  EXPECT_EQ(Run("PTTL", "a"), ":7000\r\n");
}

TEST_F(DumpCommandsTest, AMomentThatIsOverRemoves) {
  EXPECT_EQ(Run("RESTORE", "a", "1", DumpString("1"), "ABSTTL"), "+OK\r\n");
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
  EXPECT_FALSE(Changes("RESTORE", "a", "1", DumpString("1"), "ABSTTL"));
  Run("SET", "a", "1");
  EXPECT_EQ(Run("RESTORE", "a", std::to_string(now_ms), DumpString("1"), "ABSTTL", "REPLACE"),
            "+OK\r\n");
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
  // As in Redis: too far away is past.
  EXPECT_EQ(Run("RESTORE", "a", "9223372036854775807", DumpString("1")), "+OK\r\n");
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
}

TEST_F(DumpCommandsTest, IdleTimeIsTakenOver) {
  EXPECT_EQ(Run("RESTORE", "a", "0", DumpString("1"), "IDLETIME", "1000"), "+OK\r\n");
  EXPECT_EQ(Run("OBJECT", "IDLETIME", "a"), ":1000\r\n");
  EXPECT_EQ(Run("RESTORE", "a", "0", DumpString("1"), "REPLACE", "IDLETIME", "9000000000"),
            "+OK\r\n");
  EXPECT_EQ(Run("OBJECT", "IDLETIME", "a"), ":32767\r\n");
  EXPECT_EQ(Run("RESTORE", "a", "0", DumpString("1"), "REPLACE", "FREQ", "255"), "+OK\r\n");
  EXPECT_EQ(Run("OBJECT", "IDLETIME", "a"), ":0\r\n");
}

TEST_F(DumpCommandsTest, OptionsThatAreNone) {
  const std::string payload = DumpString("1");
  EXPECT_EQ(Run("RESTORE", "a", "0", payload, "NX"), Error(errors::kSyntax));
  EXPECT_EQ(Run("RESTORE", "a", "0", payload, "IDLETIME"), Error(errors::kSyntax));
  EXPECT_EQ(Run("RESTORE", "a", "0", payload, "IDLETIME", "1", "FREQ", "1"),
            Error(errors::kSyntax));
  EXPECT_EQ(Run("RESTORE", "a", "0", payload, "FREQ", "1", "IDLETIME", "1"),
            Error(errors::kSyntax));
  EXPECT_EQ(Run("RESTORE", "a", "0", payload, "IDLETIME", "x"), Error(errors::kNotAnInteger));
  EXPECT_EQ(Run("RESTORE", "a", "0", payload, "IDLETIME", "-1"), Error(errors::kInvalidIdleTime));
  EXPECT_EQ(Run("RESTORE", "a", "0", payload, "FREQ", "256"), Error(errors::kInvalidFrequency));
  EXPECT_EQ(Run("RESTORE", "a", "x", payload), Error(errors::kNotAnInteger));
  EXPECT_EQ(Run("RESTORE", "a", "-1", payload), Error(errors::kInvalidTtl));
}

TEST_F(DumpCommandsTest, ADamagedPayloadChangesNothing) {
  std::string payload = DumpString("text");
  payload[3] = 'T';
  Run("SET", "a", "1");
  EXPECT_EQ(Run("RESTORE", "a", "0", payload, "REPLACE"), Error(errors::kBadDumpFooter));
  // An empty list, and a good checksum.
  const std::string list("\x01\x00\x0a\x00\x92\x4d\x09\x6f\xcf\x5d\x1f\x17", 12);
  EXPECT_EQ(Run("RESTORE", "a", "0", list, "REPLACE").substr(0, 4), "-ERR");
  EXPECT_EQ(Run("GET", "a"), "$1\r\n1\r\n");
}

}  // namespace
}  // namespace tally::server
