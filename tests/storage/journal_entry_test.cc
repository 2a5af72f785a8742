#include "storage/journal_entry.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace tally::storage {
namespace {

using namespace std::string_literals;

std::string Entry(Ticket first, const std::vector<std::string>& change_sets) {
  std::string out;
  BeginEntry(&out, first);
  for (const std::string& change_set : change_sets) AppendChangeSet(&out, change_set);
  FinishEntry(&out, first + change_sets.size() - 1);
  return out;
}

JournalEntryStatus StatusOf(std::string_view blob) {
  const std::vector<char> exact(blob.begin(), blob.end());  // no byte behind it that may be read
  JournalEntryReader reader;
  return OpenEntry({exact.data(), exact.size()}, &reader);
}

TEST(JournalEntry, BringsBackItsChangeSetsInOrder) {
  const std::vector<std::string> change_sets = {"first", "", std::string(100000, 'x'), "\0last"s};
  const std::string blob = Entry(41, change_sets);
  JournalEntryReader reader;
  ASSERT_EQ(OpenEntry(blob, &reader), JournalEntryStatus::kOk);
  EXPECT_EQ(reader.first(), 41u);
  EXPECT_EQ(reader.last(), 44u);
  std::string_view change_set;
  for (const std::string& expected : change_sets) {
    ASSERT_TRUE(reader.Next(&change_set));
    EXPECT_EQ(change_set, expected);
  }
  EXPECT_FALSE(reader.Next(&change_set));
  EXPECT_FALSE(reader.Next(&change_set));
}

TEST(JournalEntry, HoldsTheFirstAndTheLastTicketThatThereIs) {
  EXPECT_EQ(StatusOf(Entry(1, {"a"})), JournalEntryStatus::kOk);
  EXPECT_EQ(StatusOf(Entry(kMaxTicket, {"a"})), JournalEntryStatus::kOk);
}

TEST(JournalEntry, HasTheBytesOfItsFormat) {
  // The checksum comes from XXH3_64bits_withSeed of another program.
  const std::string header = "\xa2\x07\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\0"s;
  const std::string change_sets = "\x03\0\0\0abc"s + "\0\0\0\0"s + "\x02\0\0\0\0\xff"s;
  const std::string checksum = "\x0f\x6d\xbb\x13\x50\xa1\x5e\x51"s;
  EXPECT_EQ(Entry(7, {"abc", "", "\x00\xff"s}), header + change_sets + checksum);
}

TEST(JournalEntry, EveryTruncationIsRefused) {
  const std::string blob = Entry(300, {"some changes", "", "and more"});
  for (size_t size = 0; size < blob.size(); ++size) {
    EXPECT_EQ(StatusOf(std::string_view(blob).substr(0, size)), JournalEntryStatus::kDamaged);
  }
}

TEST(JournalEntry, EveryChangedByteIsRefused) {
  const std::string blob = Entry(300, {"some changes", "", "and more"});
  for (size_t at = 0; at < blob.size(); ++at) {
    for (int flip = 1; flip < 256; ++flip) {
      std::string damaged = blob;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      const bool is_version = at == 0 && flip < 0x10;
      ASSERT_EQ(StatusOf(damaged),
                is_version ? JournalEntryStatus::kUnknownVersion : JournalEntryStatus::kDamaged)
          << at << " ^ " << flip;
    }
  }
}

TEST(JournalEntry, GrownOrJoinedOrForeignIsRefused) {
  const std::string blob = Entry(5, {"a"});
  EXPECT_EQ(StatusOf(blob + '\0'), JournalEntryStatus::kDamaged);
  EXPECT_EQ(StatusOf(blob + blob), JournalEntryStatus::kDamaged);
  EXPECT_EQ(StatusOf(blob.substr(1)), JournalEntryStatus::kDamaged);
  EXPECT_EQ(StatusOf(""), JournalEntryStatus::kDamaged);
  EXPECT_EQ(StatusOf(std::string(4096, '\0')), JournalEntryStatus::kDamaged);
}

TEST(JournalEntry, ZeroedPagesAreRefused) {
  const std::string blob = Entry(5, {std::string(20000, 'x')});
  for (size_t at = 0; at < blob.size(); at += 512) {
    std::string damaged = blob;
    damaged.replace(at, std::min<size_t>(512, blob.size() - at), 512, '\0');
    damaged.resize(blob.size());
    EXPECT_EQ(StatusOf(damaged), JournalEntryStatus::kDamaged) << at;
  }
}

TEST(JournalEntry, AnEntryOfANewerVersionIsToldFromDamage) {
  std::string blob = Entry(5, {"a"});
  blob[0] = '\xa3';
  EXPECT_EQ(StatusOf(blob), JournalEntryStatus::kUnknownVersion);
}

TEST(JournalEntry, RandomBytesAreRefused) {
  std::mt19937 random(31);
  for (int round = 0; round < 5000; ++round) {
    std::string blob(random() % 80, '\0');
    for (char& byte : blob) byte = static_cast<char>(random());
    if (!blob.empty()) blob[0] = '\xa2';
    EXPECT_EQ(StatusOf(blob), JournalEntryStatus::kDamaged);
  }
}

TEST(JournalEntry, BuffersAreUsedAgain) {
  std::string out;
  BeginEntry(&out, 1);
  AppendChangeSet(&out, std::string(1000, 'x'));
  FinishEntry(&out, 1);
  const char* const data = out.data();
  BeginEntry(&out, 2);
  AppendChangeSet(&out, "second");
  FinishEntry(&out, 2);
  EXPECT_EQ(out.data(), data);
  EXPECT_EQ(out, Entry(2, {"second"}));
}

TEST(JournalEntryDeathTest, MisuseStopsTheProcess) {
  std::string out;
  EXPECT_DEATH(BeginEntry(&out, kNoTicket), "no such ticket");
  EXPECT_DEATH(BeginEntry(&out, kOpenTicket), "no such ticket");
  EXPECT_DEATH(FinishEntry(&out, 1), "not begun");
  BeginEntry(&out, 5);
  AppendChangeSet(&out, "a");
  EXPECT_DEATH(FinishEntry(&out, 4), "no such ticket");
  EXPECT_DEATH(FinishEntry(&out, 6), "another number of change sets");
}

}  // namespace
}  // namespace tally::storage
