#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "server/bounded_counter.h"
#include "tests/server/operation_fixture.h"

namespace tally::server {
namespace {

using IncrExTest = OperationTest;

constexpr const char* kSyntax = "-ERR syntax error\r\n";
constexpr const char* kMax = "9223372036854775807";
constexpr const char* kMin = "-9223372036854775808";

std::string Pair(const std::string& value, const std::string& applied) {
  return "*2\r\n:" + value + "\r\n:" + applied + "\r\n";
}
std::string BulkPair(const std::string& value, const std::string& applied) {
  const auto bulk = [](const std::string& text) {
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
  };
  return "*2\r\n" + bulk(value) + bulk(applied);
}

TEST(BoundedCounterTest, FloatsReachTheirTypesLimit) {
  constexpr long double kLimit = std::numeric_limits<long double>::max();
  EXPECT_EQ(AddBounded(kLimit, kLimit, {}, false).result, BoundedResult::kRejected);
  EXPECT_EQ(AddBounded(kLimit, kLimit, {}, true).value, kLimit);
  EXPECT_EQ(AddBounded(-kLimit, 1.0L, {kLimit, kLimit}, true).result, BoundedResult::kTooFar);
}

TEST_F(IncrExTest, AddsOneOrWhatIsSaid) {
  EXPECT_EQ(Run("INCREX", "a"), Pair("1", "1"));
  EXPECT_EQ(Run("INCREX", "a", "byint", "-5"), Pair("-4", "-5"));
  EXPECT_EQ(Run("GET", "a"), "$2\r\n-4\r\n");
}

TEST_F(IncrExTest, FloatsAreBulksOrDoubles) {
  EXPECT_EQ(Run("INCREX", "a", "BYFLOAT", "2.5"), BulkPair("2.5", "2.5"));
  resp = 3;
  EXPECT_EQ(Run("INCREX", "a", "BYFLOAT", "0.25"), "*2\r\n,2.75\r\n,0.25\r\n");
  EXPECT_EQ(Run("INCREX", "a", "BYFLOAT", "5", "UBOUND", "3"), "*2\r\n,2.75\r\n,0\r\n");
}

TEST_F(IncrExTest, FloatsThatAreIntegersCanBeCountedOn) {
  Run("INCREX", "a", "BYFLOAT", "1.5");
  EXPECT_EQ(Run("INCREX", "a"), "-ERR value is not an integer or out of range\r\n");
  Run("INCREX", "a", "BYFLOAT", "0.5");
  EXPECT_EQ(Run("INCREX", "a"), Pair("3", "1"));
  Run("SET", "a", "x");
  EXPECT_EQ(Run("INCREX", "a", "BYFLOAT", "1"), "-ERR value is not a valid float\r\n");
}

TEST_F(IncrExTest, OnlyIfAbsentOrPresent) {
  EXPECT_EQ(Run("INCREX", "a", "XX"), Pair("0", "0"));
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
  EXPECT_EQ(Run("INCREX", "a", "NX", "BYINT", "7"), Pair("7", "7"));
  EXPECT_FALSE(Changes("INCREX", "a", "NX", "EX", "10"));
  EXPECT_EQ(Run("INCREX", "a", "NX"), Pair("7", "0"));
  EXPECT_EQ(Run("INCREX", "a", "XX"), Pair("8", "1"));
}

TEST_F(IncrExTest, OutOfBoundsNothingChanges) {
  Run("SET", "a", "10", "EX", "100");
  EXPECT_EQ(Run("INCREX", "a", "BYINT", "5", "UBOUND", "12", "EX", "5"), Pair("10", "0"));
  EXPECT_EQ(Run("INCREX", "a", "BYINT", "-5", "LBOUND", "6", "PERSIST"), Pair("10", "0"));
  EXPECT_FALSE(Changes("INCREX", "a", "BYINT", "5", "UBOUND", "12", "EX", "5"));
  EXPECT_EQ(Run("TTL", "a"), ":100\r\n");
  EXPECT_EQ(Run("INCREX", "b", "UBOUND", "0"), Pair("0", "0"));
  EXPECT_EQ(Run("EXISTS", "b"), ":0\r\n");
  EXPECT_EQ(Run("INCREX", "a", "BYINT", "2", "UBOUND", "12", "LBOUND", "12"), Pair("12", "2"));
}

TEST_F(IncrExTest, ABoundIsForTheResultOnly) {
  Run("SET", "a", "10");
  EXPECT_EQ(Run("INCREX", "a", "BYINT", "-5", "UBOUND", "5"), Pair("5", "-5"));
}

TEST_F(IncrExTest, TypeLimitsAreBounds) {
  Run("SET", "a", kMax);
  EXPECT_EQ(Run("INCREX", "a"), Pair(kMax, "0"));
  EXPECT_EQ(Run("INCREX", "a", "SATURATE"), Pair(kMax, "0"));
  Run("SET", "a", "9223372036854775800");
  EXPECT_EQ(Run("INCREX", "a", "BYINT", "10", "SATURATE"), Pair(kMax, "7"));
  Run("SET", "a", "-9223372036854775800");
  EXPECT_EQ(Run("INCREX", "a", "BYINT", kMin, "SATURATE"), Pair(kMin, "-8"));
}

TEST_F(IncrExTest, SaturatedItSaysWhatItAddedAndAppliesTheExpiry) {
  Run("SET", "a", "10");
  EXPECT_EQ(Run("INCREX", "a", "BYINT", "5", "UBOUND", "12", "SATURATE", "EX", "9"),
            Pair("12", "2"));
  EXPECT_EQ(Run("TTL", "a"), ":9\r\n");
  EXPECT_EQ(Run("INCREX", "a", "BYINT", "5", "UBOUND", "4", "SATURATE"), Pair("4", "-8"));
  EXPECT_EQ(Run("INCREX", "b", "LBOUND", "5", "SATURATE"), Pair("5", "5"));
  EXPECT_EQ(Run("INCREX", "c", "UBOUND", "0", "SATURATE"), Pair("0", "0"));
  EXPECT_EQ(Run("GET", "c"), "$1\r\n0\r\n");
  EXPECT_EQ(Run("INCREX", "b", "BYFLOAT", "9", "UBOUND", "6.5", "SATURATE"),
            BulkPair("6.5", "1.5"));
}

TEST_F(IncrExTest, AnAppliedDeltaBeyondTheTypeIsAnError) {
  Run("SET", "a", kMax);
  EXPECT_EQ(Run("INCREX", "a", "BYINT", "-5", "UBOUND", kMin, "SATURATE"),
            "-ERR applied increment would overflow\r\n");
  Run("SET", "b", "1");
  EXPECT_EQ(Run("INCREX", "b", "BYFLOAT", "1", "LBOUND", "inf", "UBOUND", "inf", "SATURATE"),
            "-ERR applied increment would be Infinity\r\n");
  EXPECT_EQ(Run("INCREX", "b", "BYFLOAT", "1", "LBOUND", "-inf", "UBOUND", "inf"),
            BulkPair("2", "1"));
  EXPECT_EQ(Run("INCREX", "b", "BYFLOAT", "inf"),
            "-ERR increment would produce NaN or Infinity\r\n");
}

TEST_F(IncrExTest, WithoutOptionTheExpiryStays) {
  Run("SET", "a", "1", "EX", "50");
  Run("INCREX", "a");
  EXPECT_EQ(Run("TTL", "a"), ":50\r\n");
  Run("INCREX", "a", "PX", "1500");
  EXPECT_EQ(Run("PTTL", "a"), ":1500\r\n");
  Run("INCREX", "a", "EXAT", std::to_string(now_ms / 1000 + 3));
  EXPECT_EQ(Run("PTTL", "a"), ":3000\r\n");
  Run("INCREX", "a", "PXAT", std::to_string(now_ms + 4));
  EXPECT_EQ(Run("PTTL", "a"), ":4\r\n");
  EXPECT_EQ(Run("INCREX", "a", "PERSIST"), Pair("6", "1"));
  EXPECT_EQ(Run("TTL", "a"), ":-1\r\n");
}

TEST_F(IncrExTest, EnxSetsAnExpiryOnlyWhereThereIsNone) {
  EXPECT_EQ(Run("INCREX", "a", "EX", "60", "ENX"), Pair("1", "1"));
  EXPECT_EQ(Run("INCREX", "a", "ENX", "EX", "90"), Pair("2", "1"));
  EXPECT_EQ(Run("TTL", "a"), ":60\r\n");
  EXPECT_EQ(Run("INCREX", "a", "EXAT", "1", "ENX"), Pair("3", "1"));
  EXPECT_EQ(Run("GET", "a"), "$1\r\n3\r\n");
  EXPECT_EQ(Run("INCREX", "a", "ENX"), "-ERR ENX flag requires an expiration\r\n");
}

TEST_F(IncrExTest, WhatIsToEndInThePastHasExpired) {
  Run("SET", "a", "10");
  EXPECT_EQ(Run("INCREX", "a", "EXAT", "1"), Pair("11", "1"));
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
  EXPECT_EQ(Run("INCREX", "b", "PXAT", "1"), Pair("1", "1"));
  EXPECT_EQ(Run("GET", "b"), "$-1\r\n");
}

TEST_F(IncrExTest, OptionsAreSaidOnceAndExcludeEachOther) {
  const std::vector<std::vector<std::string_view>> all = {{"FOO"},
                                                          {"BYINT"},
                                                          {"LBOUND"},
                                                          {"EX"},
                                                          {"NX", "XX"},
                                                          {"NX", "NX"},
                                                          {"BYINT", "1", "BYFLOAT", "1"},
                                                          {"BYINT", "1", "BYINT", "1"},
                                                          {"EX", "1", "PX", "1"},
                                                          {"EX", "1", "EX", "1"},
                                                          {"PERSIST", "EX", "1"},
                                                          {"PERSIST", "ENX"},
                                                          {"ENX", "ENX", "EX", "1"},
                                                          {"SATURATE", "SATURATE"},
                                                          {"UBOUND", "1", "UBOUND", "1"}};
  for (const auto& options : all) {
    std::vector<std::string_view> args = {"INCREX", "a"};
    args.insert(args.end(), options.begin(), options.end());
    EXPECT_EQ(Run(std::span<const std::string_view>(args)), kSyntax) << args[2];
  }
  EXPECT_EQ(Run("EXISTS", "a"), ":0\r\n");
}

TEST_F(IncrExTest, WrongNumbersAreNamed) {
  EXPECT_EQ(Run("INCREX", "a", "BYINT", "1.5"),
            "-ERR Increment is not an integer or out of range\r\n");
  EXPECT_EQ(Run("INCREX", "a", "BYFLOAT", "x"), "-ERR Increment is not a valid float\r\n");
  EXPECT_EQ(Run("INCREX", "a", "LBOUND", "x"), "-ERR LBOUND is not an integer or out of range\r\n");
  EXPECT_EQ(Run("INCREX", "a", "UBOUND", "nan", "BYFLOAT", "1"),
            "-ERR UBOUND is not a valid float\r\n");
  EXPECT_EQ(Run("INCREX", "a", "LBOUND", "2", "UBOUND", "1"),
            "-ERR LBOUND can't be greater than UBOUND\r\n");
  EXPECT_EQ(Run("INCREX", "a", "EX", "0"), "-ERR invalid expire time in 'increx' command\r\n");
  EXPECT_EQ(Run("INCREX", "a", "EX", "x"), "-ERR value is not an integer or out of range\r\n");
}

}  // namespace
}  // namespace tally::server
