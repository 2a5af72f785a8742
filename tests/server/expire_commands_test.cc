#include <string>

#include <gtest/gtest.h>

#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

using ExpireCommandsTest = OperationTest;

TEST_F(ExpireCommandsTest, EachFormSetsTheMoment) {
  Run("SET", "a", "1");
  EXPECT_EQ(Run("EXPIRE", "a", "10"), ":1\r\n");
  EXPECT_EQ(Run("PTTL", "a"), ":10000\r\n");
  EXPECT_EQ(Run("PEXPIRE", "a", "11"), ":1\r\n");
  EXPECT_EQ(Run("PTTL", "a"), ":11\r\n");
  EXPECT_EQ(Run("EXPIREAT", "a", std::to_string(now_ms / 1000 + 12)), ":1\r\n");
  EXPECT_EQ(Run("PTTL", "a"), ":12000\r\n");
  EXPECT_EQ(Run("PEXPIREAT", "a", std::to_string(now_ms + 13)), ":1\r\n");
  EXPECT_EQ(Run("PTTL", "a"), ":13\r\n");
  EXPECT_EQ(Run("PEXPIRETIME", "a"), ":" + std::to_string(now_ms + 13) + "\r\n");
}

TEST_F(ExpireCommandsTest, AbsentKeys) {
  EXPECT_EQ(Run("EXPIRE", "a", "10"), ":0\r\n");
  EXPECT_EQ(Run("PERSIST", "a"), ":0\r\n");
  for (const char* command : {"TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"}) {
    EXPECT_EQ(Run(command, "a"), ":-2\r\n");
  }
}

TEST_F(ExpireCommandsTest, WithoutExpiry) {
  Run("SET", "a", "1");
  for (const char* command : {"TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"}) {
    EXPECT_EQ(Run(command, "a"), ":-1\r\n");
  }
  EXPECT_FALSE(Changes("PERSIST", "a"));
}

TEST_F(ExpireCommandsTest, SecondsAreRounded) {
  Run("SET", "a", "1", "PXAT", std::to_string(now_ms + 1499));
  EXPECT_EQ(Run("TTL", "a"), ":1\r\n");
  EXPECT_EQ(Run("EXPIRETIME", "a"), ":" + std::to_string(now_ms / 1000 + 1) + "\r\n");
  Run("SET", "a", "1", "PXAT", std::to_string(now_ms + 1500));
  EXPECT_EQ(Run("TTL", "a"), ":2\r\n");
  EXPECT_EQ(Run("EXPIRETIME", "a"), ":" + std::to_string(now_ms / 1000 + 2) + "\r\n");
}

TEST_F(ExpireCommandsTest, AKeyLivesThroughItsLastMillisecond) {
  Run("SET", "a", "1", "PX", "10");
  now_ms += 10;
  EXPECT_EQ(Run("PTTL", "a"), ":0\r\n");
  EXPECT_EQ(Run("EXISTS", "a"), ":1\r\n");
  now_ms += 1;
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
  EXPECT_EQ(Run("PTTL", "a"), ":-2\r\n");
}

TEST_F(ExpireCommandsTest, PersistTakesTheExpiryAway) {
  Run("SET", "a", "1", "PX", "10");
  EXPECT_EQ(Run("PERSIST", "a"), ":1\r\n");
  EXPECT_EQ(Run("PERSIST", "a"), ":0\r\n");
  now_ms += 1000;
  EXPECT_EQ(Run("GET", "a"), "$1\r\n1\r\n");
}

TEST_F(ExpireCommandsTest, ThePastRemoves) {
  for (const char* amount : {"0", "-1", "-9223372036854775"}) {
    Run("SET", "a", "1");
    EXPECT_EQ(Run("EXPIRE", "a", amount), ":1\r\n");
    EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
    EXPECT_EQ(Run("EXPIRE", "a", amount), ":0\r\n");
  }
  Run("SET", "a", "1");
  EXPECT_EQ(Run("PEXPIREAT", "a", "-9223372036854775808"), ":1\r\n");
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
}

TEST_F(ExpireCommandsTest, MomentsThatDoNotFitAreRefused) {
  Run("SET", "a", "1");
  const std::string invalid = "-ERR invalid expire time in ";
  EXPECT_EQ(Run("EXPIRE", "a", "9223372036854775807"), invalid + "'expire' command\r\n");
  EXPECT_EQ(Run("EXPIRE", "a", "-9223372036854775808"), invalid + "'expire' command\r\n");
  EXPECT_EQ(Run("EXPIRE", "a", "9223372036854775"), invalid + "'expire' command\r\n");
  EXPECT_EQ(Run("PEXPIRE", "a", "9223372036854775807"), invalid + "'pexpire' command\r\n");
  EXPECT_EQ(Run("EXPIREAT", "none", "9223372036854776"), invalid + "'expireat' command\r\n");
  EXPECT_EQ(Run("EXPIRE", "a", "1.5"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(Run("TTL", "a"), ":-1\r\n");
}

TEST_F(ExpireCommandsTest, ConditionsOnTheExpiryThereIs) {
  Run("SET", "a", "1");
  EXPECT_EQ(Run("EXPIRE", "a", "10", "XX"), ":0\r\n");
  EXPECT_EQ(Run("EXPIRE", "a", "10", "GT"), ":0\r\n") << "no expiry is later than any";
  EXPECT_EQ(Run("EXPIRE", "a", "10", "NX"), ":1\r\n");
  EXPECT_EQ(Run("EXPIRE", "a", "20", "nx"), ":0\r\n");
  EXPECT_EQ(Run("EXPIRE", "a", "10", "GT"), ":0\r\n");
  EXPECT_EQ(Run("EXPIRE", "a", "20", "Gt"), ":1\r\n");
  EXPECT_EQ(Run("EXPIRE", "a", "20", "LT"), ":0\r\n");
  EXPECT_EQ(Run("EXPIRE", "a", "15", "XX", "LT"), ":1\r\n");
  EXPECT_EQ(Run("TTL", "a"), ":15\r\n");
  Run("PERSIST", "a");
  EXPECT_EQ(Run("EXPIRE", "a", "15", "LT"), ":1\r\n") << "any is earlier than none";
}

TEST_F(ExpireCommandsTest, ConditionsAreCheckedBeforeTheAmount) {
  EXPECT_EQ(Run("EXPIRE", "a", "x", "NX", "XX"),
            "-ERR NX and XX, GT or LT options at the same time are not compatible\r\n");
  EXPECT_EQ(Run("EXPIRE", "a", "x", "LT", "GT"),
            "-ERR GT and LT options at the same time are not compatible\r\n");
  EXPECT_EQ(Run("EXPIRE", "a", "x", "NX", "XX", "what"), "-ERR Unsupported option what\r\n");
}

TEST_F(ExpireCommandsTest, WhatSetsNothingNewChangesNothing) {
  Run("SET", "a", "1", "PX", "5000");
  EXPECT_FALSE(Changes("EXPIRE", "a", "5"));
  EXPECT_FALSE(Changes("EXPIRE", "a", "50", "NX"));
  EXPECT_TRUE(Changes("EXPIRE", "a", "50"));
}

}  // namespace
}  // namespace tally::server
