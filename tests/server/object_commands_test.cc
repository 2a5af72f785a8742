#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "server/command.h"
#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

using ObjectCommandsTest = OperationTest;

// The expected replies were taken from redis-server 7.0.15.

TEST_F(ObjectCommandsTest, WhatWasEditedIsRawUntilItIsWrittenAsAWhole) {
  const std::string raw = "$3\r\nraw\r\n";
  const auto encoding = [&](std::string_view key) { return Run("OBJECT", "ENCODING", key); };
  Run("SET", "k", "1");
  Run("APPEND", "k", "2");
  EXPECT_EQ(encoding("k"), raw);
  EXPECT_EQ(Run("GET", "k"), "$2\r\n12\r\n");
  EXPECT_EQ(Run("OBJECT", "REFCOUNT", "k"), ":1\r\n");
  Run("EXPIRE", "k", "100");
  EXPECT_EQ(encoding("k"), raw);
  Run("COPY", "k", "copy");
  Run("RENAME", "k", "other");
  EXPECT_EQ(encoding("copy"), raw);
  EXPECT_EQ(encoding("other"), raw);
  Run("INCR", "copy");
  EXPECT_EQ(encoding("copy"), "$3\r\nint\r\n");
  Run("SET", "other", "12");
  EXPECT_EQ(encoding("other"), "$3\r\nint\r\n");
  Run("SETRANGE", "a", "0", "foo");
  Run("SETBIT", "b", "6", "1");
  Run("BITFIELD", "c", "SET", "u8", "0", "65");
  Run("BITOP", "NOT", "d", "c");
  Run("SET", "e", "x");
  Run("APPEND", "e", "y");
  for (const std::string_view key : {"a", "b", "c", "d", "e"}) EXPECT_EQ(encoding(key), raw) << key;
  Run("APPEND", "new", "x");
  Run("APPEND", "e", "");
  Run("GETSET", "a", "x");
  EXPECT_EQ(encoding("new"), "$6\r\nembstr\r\n");
  EXPECT_EQ(encoding("e"), raw);
  EXPECT_EQ(encoding("a"), "$6\r\nembstr\r\n");
}

TEST_F(ObjectCommandsTest, EncodingFollowsWhatTheValueIs) {
  for (const std::string_view number :
       {"0", "-1", "12345678901", "9223372036854775807", "-9223372036854775808"}) {
    Run("SET", "k", number);
    EXPECT_EQ(Run("OBJECT", "ENCODING", "k"), "$3\r\nint\r\n") << number;
  }
  for (const std::string& text :
       {std::string(), std::string("+1"), std::string("01"), std::string("9223372036854775808"),
        std::string("1.5"), std::string(44, 'x')}) {
    Run("SET", "k", text);
    EXPECT_EQ(Run("OBJECT", "ENCODING", "k"), "$6\r\nembstr\r\n") << text;
  }
  Run("SET", "k", std::string(45, 'x'));
  EXPECT_EQ(Run("object", "encoding", "k"), "$3\r\nraw\r\n");
}

TEST_F(ObjectCommandsTest, AnAbsentKeyIsNull) {
  for (const std::string_view subcommand : {"ENCODING", "IDLETIME", "FREQ", "REFCOUNT"}) {
    resp = 2;
    EXPECT_EQ(Run("OBJECT", subcommand, "none"), "$-1\r\n") << subcommand;
    EXPECT_EQ(misses, 1u);
    resp = 3;
    EXPECT_EQ(Run("OBJECT", subcommand, "none"), "_\r\n") << subcommand;
  }
}

TEST_F(ObjectCommandsTest, IdleTimeCountsFromTheLastUse) {
  Run("SET", "k", "1");
  Run("GET", "k");
  EXPECT_EQ(Run("OBJECT", "IDLETIME", "k"), ":0\r\n");
  now_ms += 90'000;
  EXPECT_EQ(Run("OBJECT", "IDLETIME", "k"), ":90\r\n");
  Run("TOUCH", "k");
  EXPECT_EQ(Run("OBJECT", "IDLETIME", "k"), ":0\r\n");
}

TEST_F(ObjectCommandsTest, IdleTimeGoesNoFurtherThanTheClock) {
  Run("SET", "k", "1");
  Run("GET", "k");
  now_ms += 32'767'000;
  EXPECT_EQ(Run("OBJECT", "IDLETIME", "k"), ":32767\r\n");
  now_ms += 1'000'000;
  EXPECT_EQ(Run("OBJECT", "IDLETIME", "k"), ":32767\r\n");
}

TEST_F(ObjectCommandsTest, AskingIsNoUse) {
  Run("SET", "k", "1");
  Run("GET", "k");
  const storage::AccessClock start = AccessClockOf("k");
  now_ms += 60'000;
  for (const std::string_view subcommand : {"ENCODING", "IDLETIME", "FREQ", "REFCOUNT"}) {
    Run("OBJECT", subcommand, "k");
    EXPECT_EQ(hits, 1u) << subcommand;
    EXPECT_EQ(AccessClockOf("k"), start) << subcommand;
  }
  EXPECT_FALSE(Changes("OBJECT", "ENCODING", "k"));
}

TEST_F(ObjectCommandsTest, FreqIsNotCounted) {
  Run("SET", "k", "1");
  EXPECT_EQ(Run("OBJECT", "FREQ", "k"),
            "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please "
            "note that when switching between policies at runtime LRU and LFU data will take some "
            "time to adjust.\r\n");
}

TEST_F(ObjectCommandsTest, RefCountIsThatOfRedissSharedNumbers) {
  for (const std::string_view shared : {"0", "9999"}) {
    Run("SET", "k", shared);
    EXPECT_EQ(Run("OBJECT", "REFCOUNT", "k"), ":2147483647\r\n") << shared;
  }
  for (const std::string_view own : {"-1", "10000", "x", ""}) {
    Run("SET", "k", own);
    EXPECT_EQ(Run("OBJECT", "REFCOUNT", "k"), ":1\r\n") << own;
  }
}

// What it tells of a value must not be told before that value is on disk.
TEST_F(ObjectCommandsTest, DependsOnWhatItSaw) {
  Run("SET", "k", "1");
  Run("OBJECT", "ENCODING", "k");
  EXPECT_EQ(depends_on, storage::kOpenTicket);
  const storage::Ticket ticket = Commit();
  Run("OBJECT", "ENCODING", "k");
  EXPECT_EQ(depends_on, ticket);
}

TEST_F(ObjectCommandsTest, RefusesWrongForms) {
  EXPECT_EQ(Run("OBJECT", "ENCODING"),
            "-ERR wrong number of arguments for 'object|encoding' command\r\n");
  EXPECT_EQ(Run("OBJECT", "idletime", "a", "b"),
            "-ERR wrong number of arguments for 'object|idletime' command\r\n");
  EXPECT_EQ(Run("OBJECT", "FOO", "a"), "-ERR unknown subcommand 'FOO'. Try OBJECT HELP.\r\n");
}

TEST_F(ObjectCommandsTest, HelpNamesEverySubcommand) {
  const std::string help = Run("OBJECT", "HELP");
  for (const Command& subcommand : FindCommandByName("object")->subcommands) {
    EXPECT_NE(help.find(subcommand.summary), std::string::npos) << subcommand.name;
  }
}

}  // namespace
}  // namespace tally::server
