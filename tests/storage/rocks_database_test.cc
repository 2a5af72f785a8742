#include "storage/rocks_database.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "storage/object_codec.h"
#include "tests/storage/shard_world.h"
#include "tests/storage/test_directory.h"

namespace tally::storage {
namespace {

namespace fs = std::filesystem;

using Journal = std::map<Ticket, std::string>;

// For what another thread will do in its own time. Returns without it after a time that no machine
// needs; the expectation that follows then says what is wrong.
void WaitFor(const std::function<bool()>& condition) {
  constexpr std::chrono::seconds kLongest{60};
  constexpr std::chrono::milliseconds kPoll{1};
  const auto deadline = std::chrono::steady_clock::now() + kLongest;
  while (!condition() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kPoll);
  }
}

std::string EntryOf(Ticket ticket, size_t size = 200) {
  std::string entry = "entry " + std::to_string(ticket) + " ";
  entry.resize(std::max(size, entry.size()), static_cast<char>('a' + ticket % 26));
  return entry;
}

const RocksSettings kQuiet = {.log = [](const std::string&) {}};

class RocksDatabaseTest : public ::testing::Test {
 protected:
  void Open() {
    database_.reset();
    Status status = OpenRocksDatabase(
        path_, &database_, {.log = [this](const std::string& line) { log_ += line + "\n"; }});
    if (status.ok()) status = database_->StartWriting();
    ASSERT_TRUE(status.ok()) << status.message();
  }
  // The message of a start that is refused; and it changed nothing.
  std::string ExpectRefused() {
    const auto before = ContentsOf(path_);
    std::unique_ptr<Database> database;
    const Status status = OpenRocksDatabase(path_, &database, kQuiet);
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find(path_), std::string::npos) << status.message();
    EXPECT_TRUE(ContentsOf(path_) == before) << status.message();
    return status.message();
  }
  std::map<std::string, std::string> DataFiles() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(path_)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".log" || extension == ".sst") {
        files[entry.path().string()] = ReadFile(entry.path().string());
      }
    }
    return files;
  }
  std::vector<std::string> Files(const std::string& extension) const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (entry.path().extension() == extension) files.push_back(entry.path().string());
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  // Bytes in all logs, without the zeros behind. One may go while this looks.
  uint64_t LogBytes() const {
    uint64_t bytes = 0;
    for (const std::string& log : Files(".log")) {
      bytes += ReadFile(log).find_last_not_of('\0') + 1;
    }
    return bytes;
  }
  void OpenEmpty() {
    database_.reset();
    fs::remove_all(path_);
    Open();
  }
  // The newest log is, or soon will be.
  void ExpectLaidOut() const {
    constexpr size_t kMoreThanItsRecords = 100'000;
    const auto size = [this] { return ReadFile(Files(".log").back()).size(); };
    WaitFor([&] { return size() > kMoreThanItsRecords; });
    EXPECT_GT(size(), kMoreThanItsRecords);
  }
  // What a process leaves that is killed now; the database opened there.
  void OpenAfterKill() {
    const std::string copy = path_ + ".killed";
    fs::copy(path_, copy, fs::copy_options::recursive);
    database_.reset();
    fs::remove_all(path_);
    fs::rename(copy, path_);
    Open();
  }
  // The log that holds something: an opened database has begun a new, empty one.
  std::string FilledLog() const {
    std::string filled;
    for (const std::string& log : Files(".log")) {
      if (fs::file_size(log) > 0) filled = log;
    }
    return filled;
  }
  void Append(Ticket first, Ticket last, bool sync = true, size_t size = 200) {
    ASSERT_NE(database_, nullptr);
    for (Ticket ticket = first; ticket <= last; ++ticket) {
      const Status status = database_->AppendJournal(ticket, EntryOf(ticket, size), sync);
      ASSERT_TRUE(status.ok()) << status.message();
    }
  }
  Journal Read() {
    Journal journal;
    Ticket before = kNoTicket;
    if (database_ == nullptr) return journal;
    const Status status = database_->ReadJournal([&](Ticket last, std::string_view entry) {
      EXPECT_GT(last, before);
      before = last;
      journal[last] = entry;
      return Status::Ok();
    });
    EXPECT_TRUE(status.ok()) << status.message();
    return journal;
  }
  void ExpectJournal(Ticket first, Ticket last, size_t size = 200) {
    Journal expected;
    for (Ticket ticket = first; ticket <= last; ++ticket) expected[ticket] = EntryOf(ticket, size);
    const Journal journal = Read();
    EXPECT_EQ(journal.size(), expected.size());
    EXPECT_TRUE(journal == expected);
  }
  void IngestOne(const std::string& key, const std::string& value) {
    ASSERT_NE(database_, nullptr);
    std::unique_ptr<ObjectFile> file;
    ASSERT_TRUE(database_->NewObjectFile(&file).ok());
    ASSERT_TRUE(file->Put(key, value).ok());
    EXPECT_EQ(file->entries(), 1u);
    ASSERT_TRUE(file->Finish().ok());
    const Status status = database_->Ingest(std::move(file));
    ASSERT_TRUE(status.ok()) << status.message();
  }
  std::map<std::string, std::string> Objects() {
    std::map<std::string, std::string> objects;
    EXPECT_TRUE(database_
                    ->ScanObjects({}, {},
                                  [&](std::string_view key, std::string_view value) {
                                    objects[std::string(key)] = value;
                                    return ScanStep::kContinue;
                                  })
                    .ok());
    return objects;
  }
  // The number in "… is damaged near byte N: …"; the largest when there is none.
  static uint64_t DamagedByteIn(const std::string& message) {
    const std::string before = "near byte ";
    const size_t at = message.find(before);
    if (at == std::string::npos) return UINT64_MAX;
    return std::strtoull(message.c_str() + at + before.size(), nullptr, 10);
  }
  static void Flip(const std::string& path, uint64_t offset) {
    std::string contents = ReadFile(path);
    contents[offset] = static_cast<char>(contents[offset] ^ 0x40);
    WriteFile(path, contents);
  }

  TestDirectory directory_;
  const std::string path_ = directory_.File("rocks");
  std::string log_;
  std::unique_ptr<Database> database_;
};

TEST_F(RocksDatabaseTest, EverythingSurvivesAReopen) {
  Open();
  Append(1, 50);
  ASSERT_TRUE(database_->WriteMeta("name", "value").ok());
  IngestOne("key", "object");
  for (int i = 0; i < 3; ++i) {
    Open();
    ExpectJournal(1, 50);
    std::string value;
    ASSERT_TRUE(database_->ReadMeta("name", &value).ok());
    EXPECT_EQ(value, "value");
    ASSERT_TRUE(database_->ReadMeta("another", &value).ok());
    EXPECT_EQ(value, "");
    EXPECT_EQ(Objects(), (std::map<std::string, std::string>{{"key", "object"}}));
  }
  EXPECT_EQ(log_, "");
}

TEST_F(RocksDatabaseTest, ASecondWriterIsRefused) {
  Open();
  std::unique_ptr<Database> second;
  ASSERT_TRUE(OpenRocksDatabase(path_, &second, kQuiet).ok()) << "reading does no harm";
  const Status status = second->StartWriting();
  EXPECT_FALSE(status.ok());
  EXPECT_NE(status.message().find(path_), std::string::npos) << status.message();
}

TEST_F(RocksDatabaseTest, JournalPartsAreReadInOrderAndDropped) {
  Open();
  Append(1, 10);
  Ticket cut = kNoTicket;
  ASSERT_TRUE(database_->StartNewJournalPart(&cut).ok());
  EXPECT_EQ(cut, 10u);
  Append(11, 15);
  ExpectJournal(1, 15);
  Open();
  ExpectJournal(1, 15);
  ASSERT_TRUE(database_->StartNewJournalPart(&cut).ok());
  EXPECT_EQ(cut, 15u) << "also of what an earlier process wrote";
  Append(16, 20);
  ASSERT_TRUE(database_->DropOldJournalParts().ok());
  ExpectJournal(16, 20);
  Open();
  ExpectJournal(16, 20);
}

TEST_F(RocksDatabaseTest, LogsGoWithTheJournalPartsTheyServed) {
  Open();
  ASSERT_TRUE(database_->WriteMeta("name", "value").ok());
  Ticket ticket = 0;
  for (int round = 0; round < 8; ++round) {
    Append(ticket + 1, ticket + 20, true, 10'000);
    ticket += 20;
    Ticket cut = kNoTicket;
    ASSERT_TRUE(database_->StartNewJournalPart(&cut).ok());
    ASSERT_TRUE(database_->WriteMeta("round", std::to_string(round)).ok());
    ASSERT_TRUE(database_->DropOldJournalParts().ok());
    // RocksDB deletes them on its own thread, which may come to it after the flush has returned.
    WaitFor([this] { return Files(".log").size() <= 3 && LogBytes() < 20'000; });
    EXPECT_LE(Files(".log").size(), 3u);
    EXPECT_LT(LogBytes(), 20'000u) << "what is left of the cut journal";
    if (round == 4) Open();
  }
}

TEST_F(RocksDatabaseTest, AFilesRecordsReplaceOlderOnesAtOnce) {
  Open();
  IngestOne("b", "old");
  IngestOne("c", "old");
  IngestOne("x", "stays");
  std::unique_ptr<ObjectFile> file;
  ASSERT_TRUE(database_->NewObjectFile(&file).ok());
  ASSERT_TRUE(file->DeleteRange("a", "d").ok());
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_EQ(Objects().size(), 3u) << "not before it is ingested";
  ASSERT_TRUE(database_->Ingest(std::move(file)).ok());
  EXPECT_EQ(Objects(), (std::map<std::string, std::string>{{"x", "stays"}}));
  IngestOne("b", "new");
  ASSERT_TRUE(database_->NewObjectFile(&file).ok());
  ASSERT_TRUE(file->Put("a", "new").ok());
  ASSERT_TRUE(file->Delete("x").ok());
  EXPECT_FALSE(file->Put("b", "out of order").ok());
  ASSERT_TRUE(file->Finish().ok());
  ASSERT_TRUE(database_->Ingest(std::move(file)).ok());
  const std::map<std::string, std::string> expected = {{"a", "new"}, {"b", "new"}};
  EXPECT_EQ(Objects(), expected);
  Open();
  EXPECT_EQ(Objects(), expected);
}

TEST_F(RocksDatabaseTest, FilesOfAnUnfinishedCheckpointGoAtTheNextStart) {
  Open();
  std::unique_ptr<ObjectFile> file;
  ASSERT_TRUE(database_->NewObjectFile(&file).ok());
  ASSERT_TRUE(file->Put("a", "b").ok());
  ASSERT_TRUE(file->Finish().ok());
  EXPECT_FALSE(fs::is_empty(path_ + "/incoming"));
  file.reset();
  EXPECT_TRUE(fs::is_empty(path_ + "/incoming")) << "given up";
  WriteFile(path_ + "/incoming/1.sst", "left by a crash");
  Open();
  EXPECT_TRUE(fs::is_empty(path_ + "/incoming"));
  EXPECT_TRUE(Objects().empty());
}

TEST_F(RocksDatabaseTest, AFullJournalStaysOutOfTables) {
  Open();
  constexpr Ticket kEntries = 64;
  for (Ticket ticket = 1; ticket <= kEntries; ++ticket) {
    ASSERT_TRUE(database_->AppendJournal(ticket, EntryOf(ticket, 1 << 20), false).ok());
  }
  EXPECT_TRUE(Files(".sst").empty());
  Open();
  EXPECT_TRUE(Files(".sst").empty());
  EXPECT_EQ(Read().size(), kEntries);
}

// ---- Damage.

TEST_F(RocksDatabaseTest, ATornEndIsDroppedAndWhatFollowsItIsKept) {
  for (const uint64_t cut_bytes : {1u, 150u, 220u}) {
    for (const bool zero : {false, true}) {
      SCOPED_TRACE(std::to_string(cut_bytes) + (zero ? " zeroed" : " cut"));
      OpenEmpty();
      Append(1, 30);
      database_.reset();
      const std::string log = FilledLog();
      std::string contents = ReadFile(log);
      contents.resize(contents.size() - cut_bytes);
      if (zero) contents.resize(contents.size() + cut_bytes, '\0');
      WriteFile(log, contents);
      Open();
      ExpectJournal(1, 29);
      Open();  // without a write in between
      ExpectJournal(1, 29);
      // Ingested files take sequence numbers: the trap for who leaves the torn log in use.
      IngestOne("a", "a");
      IngestOne("a", "b");  // over the other
      Append(30, 40);
      Ticket cut = kNoTicket;
      ASSERT_TRUE(database_->StartNewJournalPart(&cut).ok());
      EXPECT_EQ(cut, 40u);
      IngestOne("a", "c");
      Append(41, 50);
      Open();
      ExpectJournal(1, 50);
    }
  }
}

TEST_F(RocksDatabaseTest, TheZerosOfALogThatWasNotClosedAreItsEnd) {
  Open();
  for (Ticket ticket = 1; ticket <= 60; ticket += 20) {
    Append(ticket, ticket + 19);
    ExpectLaidOut();
    OpenAfterKill();
    ExpectJournal(1, ticket + 19);
  }
  EXPECT_EQ(log_, "");
}

TEST_F(RocksDatabaseTest, AClosedLogEndsWithItsLastRecord) {
  Open();
  Append(1, 5);
  ExpectLaidOut();
  database_.reset();
  const std::string log = ReadFile(FilledLog());
  EXPECT_LT(log.size(), 5'000u);
  EXPECT_NE(log.back(), '\0');
}

// Any pages of the last record may be missing, and behind it all is zeros.
TEST_F(RocksDatabaseTest, ATornRecordInFrontOfZerosIsDropped) {
  for (const bool large : {false, true}) {
    for (const size_t missing : {0u, 1u, 2u}) {
      SCOPED_TRACE(std::to_string(missing) + (large ? " of many pages" : " of one page"));
      OpenEmpty();
      Append(1, 20);
      database_.reset();
      const uint64_t begin = ReadFile(FilledLog()).size();
      fs::remove_all(path_);
      Open();
      Append(1, 20);
      Append(21, 21, true, large ? 100'000 : 200);
      database_.reset();
      const std::string log = FilledLog();
      std::string contents = ReadFile(log);
      const size_t third = (contents.size() - begin) / 3;
      std::fill_n(contents.begin() + static_cast<std::ptrdiff_t>(begin + missing * third), third,
                  '\0');
      contents.resize(contents.size() + 300'000, '\0');
      WriteFile(log, contents);
      Open();
      ExpectJournal(1, 20);
      IngestOne("a", "a");
      Append(21, 30);
      Open();
      ExpectJournal(1, 30);
    }
  }
}

TEST_F(RocksDatabaseTest, AcknowledgedRecordsBehindZerosAreRefused) {
  Open();
  Append(1, 300);
  database_.reset();
  const std::string log = FilledLog();
  std::string contents = ReadFile(log);
  std::fill_n(contents.begin() + 33'000, 4'096, '\0');
  contents.resize(contents.size() + 300'000, '\0');
  WriteFile(log, contents);
  EXPECT_NE(ExpectRefused().find("damaged"), std::string::npos);
}

// What is not synced is written out, and not over zeros: of pages that were laid out any may be missing.
TEST_F(RocksDatabaseTest, ALogIsNotLaidOutBehindWhatIsNotSynced) {
  Open();
  Append(1, 5);
  ExpectLaidOut();
  Append(6, 10, /*sync=*/false);
  EXPECT_LT(ReadFile(Files(".log").back()).size(), 5'000u);
  OpenAfterKill();
  ExpectJournal(1, 10);
  Append(11, 12, /*sync=*/false);
  ASSERT_TRUE(database_->SyncJournal().ok());
  Append(13, 13);
  ExpectLaidOut();
  OpenAfterKill();
  ExpectJournal(1, 13);
}

TEST_F(RocksDatabaseTest, ATornRecordOfManyFragmentsIsDropped) {
  Open();
  Append(1, 3, true, 300'000);
  database_.reset();
  const std::string log = FilledLog();
  const std::string good = ReadFile(log);
  // Any of the last write's pages may be the ones that did not arrive.
  for (uint64_t page = good.size() - 250'000; page < good.size(); page += 50'000) {
    std::string bad = good;
    bad.replace(page, 4096, 4096, '\0');
    bad.resize(good.size());
    WriteFile(log, bad);
    Open();
    ExpectJournal(1, 2, 300'000);
    database_.reset();
  }
}

TEST_F(RocksDatabaseTest, DamageInTheMiddleOfALogIsRefused) {
  Open();
  Append(1, 100);
  database_.reset();
  const std::string log = FilledLog();
  const std::string good = ReadFile(log);
  const uint64_t last_record = good.size() - 230;
  for (uint64_t offset = 3; offset < last_record; offset += 97) {
    Flip(log, offset);
    const std::string message = ExpectRefused();
    EXPECT_NE(message.find(log), std::string::npos) << message;
    const uint64_t told = DamagedByteIn(message);
    EXPECT_LE(told, offset) << message;
    EXPECT_GT(told + 300, offset) << "where the record begins, which is short: " << message;
    WriteFile(log, good);
  }
  for (const uint64_t offset : {uint64_t{0}, good.size() / 2}) {
    std::string bad = good;
    bad.replace(offset, 4096, 4096, '\0');
    WriteFile(log, bad);
    ExpectRefused();
  }
  WriteFile(log, good);
  Open();
  ExpectJournal(1, 100);
}

// Where an operator shall look: not just in which of the log's blocks, of which the scan reads many at
// once.
TEST_F(RocksDatabaseTest, TheDamagedByteIsToldInALongLog) {
  Open();
  Append(1, 2000, /*sync=*/false, 1000);
  Append(2001, 2001);
  database_.reset();
  const std::string log = FilledLog();
  const std::string good = ReadFile(log);
  ASSERT_GT(good.size(), size_t{3} << 19);
  for (const uint64_t offset : {good.size() / 7, good.size() / 2, good.size() - 30'000}) {
    Flip(log, offset);
    const std::string message = ExpectRefused();
    const uint64_t told = DamagedByteIn(message);
    EXPECT_LE(told, offset) << message;
    EXPECT_GT(told + 1100, offset) << message;
    WriteFile(log, good);
  }
}

TEST_F(RocksDatabaseTest, DamageInALogThatIsNotTheLastIsRefused) {
  Open();
  Append(1, 20);
  Open();
  Append(21, 40);
  database_.reset();
  std::vector<std::string> logs = Files(".log");
  std::erase_if(logs, [](const std::string& log) { return fs::file_size(log) == 0; });
  ASSERT_EQ(logs.size(), 2u);
  const std::string good = ReadFile(logs[0]);
  for (const uint64_t offset : {good.size() / 2, good.size() - 3}) {
    Flip(logs[0], offset);
    ExpectRefused();
    WriteFile(logs[0], good);
  }
  WriteFile(logs[0], good.substr(0, good.size() - 100));
  ExpectRefused();
  WriteFile(logs[0], good);
  Open();
  ExpectJournal(1, 40);
}

TEST_F(RocksDatabaseTest, UnsyncedRecordsBehindDamageAreNoReasonToRefuse) {
  Open();
  Append(1, 10);
  Append(11, 100, /*sync=*/false);
  database_.reset();
  const std::string log = FilledLog();
  const std::string good = ReadFile(log);
  Flip(log, good.size() / 2);  // a page that did not arrive, with later ones that did
  Open();
  const Journal journal = Read();
  EXPECT_GE(journal.size(), 10u);
  EXPECT_LT(journal.size(), 100u);
  // But once a synced record follows, all of them are promised.
  OpenEmpty();
  Append(1, 10, /*sync=*/false);
  Append(11, 11, /*sync=*/true);
  database_.reset();
  Flip(FilledLog(), 1000);
  ExpectRefused();
}

TEST_F(RocksDatabaseTest, FlippedTablesAreNeverServed) {
  Open();
  std::unique_ptr<ObjectFile> file;
  ASSERT_TRUE(database_->NewObjectFile(&file).ok());
  std::map<std::string, std::string> expected;
  for (int i = 1000; i < 1200; ++i) {
    expected["key" + std::to_string(i)] = std::string(50, static_cast<char>('a' + i % 26));
  }
  for (const auto& [key, value] : expected) ASSERT_TRUE(file->Put(key, value).ok());
  ASSERT_TRUE(file->Finish().ok());
  ASSERT_TRUE(database_->Ingest(std::move(file)).ok());
  database_.reset();
  const std::vector<std::string> tables = Files(".sst");
  ASSERT_EQ(tables.size(), 1u);
  const std::string good = ReadFile(tables[0]);
  int caught = 0;
  for (uint64_t offset = 5; offset < good.size(); offset += 53) {
    Flip(tables[0], offset);
    std::unique_ptr<Database> database;
    Status status = OpenRocksDatabase(path_, &database, kQuiet);
    std::map<std::string, std::string> objects;
    if (status.ok()) {
      status = database->ScanObjects({}, {}, [&](std::string_view key, std::string_view value) {
        objects[std::string(key)] = value;
        return ScanStep::kContinue;
      });
    }
    // A flip may lie in what nobody reads: then nothing may be wrong.
    if (status.ok()) {
      EXPECT_EQ(objects, expected) << offset;
    } else {
      ++caught;
    }
    database.reset();
    WriteFile(tables[0], good);
  }
  EXPECT_GT(caught, 30);
  fs::remove(tables[0]);
  ExpectRefused();
  WriteFile(tables[0], good.substr(0, good.size() / 2));
  ExpectRefused();
}

TEST_F(RocksDatabaseTest, MissingOrDamagedManifestsAreRefused) {
  Open();
  Append(1, 10);
  database_.reset();
  const std::string current = path_ + "/CURRENT";
  const std::string good = ReadFile(current);
  fs::remove(current);
  EXPECT_NE(ExpectRefused().find("CURRENT is missing"), std::string::npos);
  WriteFile(current, "");
  ExpectRefused();
  WriteFile(current, good);
  const std::string manifest = path_ + "/" + good.substr(0, good.find('\n'));
  const std::string manifest_contents = ReadFile(manifest);
  Flip(manifest, manifest_contents.size() / 2);
  ExpectRefused();
  fs::remove(manifest);
  ExpectRefused();
  WriteFile(manifest, manifest_contents);
  Open();
  ExpectJournal(1, 10);
}

TEST_F(RocksDatabaseTest, ADeletedLogIsCaughtByTheHighWaterMark) {
  Open();
  {
    ShardWorld world(2, 1);
    ASSERT_TRUE(world.Start(database_.get(), Durability::kSynced).ok());
    for (int i = 0; i < 20; ++i) world.RandomTurn();
    ASSERT_TRUE(world.Checkpoint(database_.get()).ok());
    for (int i = 0; i < 20; ++i) world.RandomTurn();
    const Ticket last = world.log()->appended();
    world.Stop();  // commits what waits
    database_.reset();
    const auto logs = DataFiles();
    const auto recover = [&] {
      std::unique_ptr<Database> database;
      Status status = OpenRocksDatabase(path_, &database, kQuiet);
      if (status.ok()) status = world.Start(database.get(), Durability::kSynced, last);
      world.Stop();
      return status;
    };
    // Cut on a record's boundary, which leaves nothing damaged: at half of the records, or all.
    for (const std::string& log : Files(".log")) fs::remove(log);
    Status status = recover();
    EXPECT_FALSE(status.ok());
    EXPECT_NE(status.message().find("ticket " + std::to_string(last)), std::string::npos)
        << status.message();
    for (const auto& [path, contents] : logs) WriteFile(path, contents);
    status = recover();
    EXPECT_TRUE(status.ok()) << status.message();
  }
}

TEST_F(RocksDatabaseTest, UsesFewFileDescriptors) {
  Open();
  const auto count = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  for (int i = 0; i < 40; ++i) IngestOne("key" + std::to_string(i), "x");
  EXPECT_LT(count(), kRocksFileDescriptors);
}

TEST_F(RocksDatabaseTest, ALogThatCannotBeLaidOutIsWrittenAllTheSame) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 50'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  Open();
  Append(1, 100);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  OpenAfterKill();
  ExpectJournal(1, 100);
}

// A limit on the size of files stands in for a full disk.
TEST_F(RocksDatabaseTest, AWriteThatFailsIsAFailureAndTheLast) {
  Open();
  Append(1, 5);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 20'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status failed = database_->AppendJournal(6, EntryOf(6, 100'000), true);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(failed.message().find(path_), 0u) << failed.message();
  EXPECT_FALSE(database_->AppendJournal(7, EntryOf(7), true).ok()) << "there is room again, but";
  Open();
  ExpectJournal(1, 5);
  Append(6, 8);
  Open();
  ExpectJournal(1, 8);
}

}  // namespace
}  // namespace tally::storage
