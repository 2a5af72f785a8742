// Journal entries: bytes from a disk are what was written or are refused, and what is accepted is what
// FinishEntry would have written.

#include <fuzzer/FuzzedDataProvider.h>

#include <cstring>
#include <string>
#include <vector>

#include <xxhash.h>

#include "storage/journal_entry.h"
#include "tests/fuzz/fuzz_target.h"

namespace tally::storage {
namespace {

constexpr size_t kMostChangeSets = 4;

std::string Encode(Ticket first, const std::vector<std::string>& change_sets) {
  std::string entry;
  BeginEntry(&entry, first);
  for (const std::string& change_set : change_sets) AppendChangeSet(&entry, change_set);
  FinishEntry(&entry, first + change_sets.size() - 1);
  return entry;
}

// An entry that its checksum does not protect: the checks behind it have to.
void CheckSealed(std::string bytes) {
  constexpr size_t kLastAt = 9;
  uint64_t last = 0;
  if (bytes.size() >= kLastAt + sizeof(last)) std::memcpy(&last, &bytes[kLastAt], sizeof(last));
  const uint64_t checksum = XXH3_64bits_withSeed(bytes.data(), bytes.size(), last);
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  JournalEntryReader reader;
  if (OpenEntry(bytes, &reader) != JournalEntryStatus::kOk) return;
  const Ticket first = reader.first();
  std::vector<std::string> change_sets;
  std::string_view change_set;
  while (reader.Next(&change_set)) change_sets.emplace_back(change_set);
  fuzz::RequireEqual(Encode(first, change_sets), bytes, "what is accepted is what is written");
}

void CheckWritten(FuzzedDataProvider* in) {
  const Ticket first = in->ConsumeIntegralInRange<Ticket>(1, kMaxTicket - kMostChangeSets);
  std::vector<std::string> change_sets(in->ConsumeIntegralInRange<size_t>(1, kMostChangeSets));
  for (std::string& change_set : change_sets) change_set = in->ConsumeRandomLengthString(100);
  std::string entry = Encode(first, change_sets);
  JournalEntryReader reader;
  fuzz::Require(OpenEntry(entry, &reader) == JournalEntryStatus::kOk,
                "what is written can be read");
  fuzz::Require(reader.first() == first && reader.last() == first + change_sets.size() - 1,
                "its tickets");
  for (const std::string& written : change_sets) {
    std::string_view read;
    fuzz::Require(reader.Next(&read) && read == written, "its change sets");
  }
  std::string_view none;
  fuzz::Require(!reader.Next(&none), "no more of them");
  const auto place = in->ConsumeIntegralInRange<size_t>(0, entry.size() - 1);
  const auto flip = in->ConsumeIntegralInRange<uint8_t>(1, 255);
  entry[place] = static_cast<char>(entry[place] ^ flip);
  fuzz::Require(OpenEntry(entry, &reader) != JournalEntryStatus::kOk, "a flipped byte is seen");
  entry[place] = static_cast<char>(entry[place] ^ flip);
  entry.resize(place);
  fuzz::Require(OpenEntry(entry, &reader) != JournalEntryStatus::kOk, "a cut is seen");
}

}  // namespace
}  // namespace tally::storage

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider in(data, size);
  if (in.ConsumeBool()) {
    tally::storage::CheckWritten(&in);
  } else {
    tally::storage::CheckSealed(in.ConsumeRemainingBytesAsString());
  }
  return 0;
}
