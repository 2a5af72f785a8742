#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "storage/database.h"
#include "storage/recovery.h"
#include "tests/storage/memory_database.h"
#include "tests/storage/test_directory.h"
#include "tests/storage/test_store.h"

namespace tally::storage {

/// The same meta records, objects and journal.
inline void CopyDatabase(MemoryDatabase* from, Database* to) {
  ASSERT_TRUE(to->StartWriting().ok());
  for (const std::string_view name : {kMetaFormat, kMetaHashSeed, kMetaCheckpoint}) {
    std::string value;
    ASSERT_TRUE(from->ReadMeta(name, &value).ok());
    ASSERT_TRUE(to->WriteMeta(name, value).ok());
  }
  std::unique_ptr<ObjectFile> file;
  ASSERT_TRUE(to->NewObjectFile(&file).ok());
  for (const auto& [key, value] : from->objects()) ASSERT_TRUE(file->Put(key, value).ok());
  if (file->entries() > 0) {
    ASSERT_TRUE(file->Finish().ok());
    ASSERT_TRUE(to->Ingest(std::move(file)).ok());
  }
  file.reset();
  ASSERT_TRUE(from->ReadJournal([&](Ticket last, std::string_view entry) {
                    return to->AppendJournal(last, entry, /*sync=*/false);
                  })
                  .ok());
  ASSERT_TRUE(to->SyncJournal().ok());
}

/// `start` on the store, opened anew, is refused and says `hint`; not a byte on the disk is another then.
/// The store is closed afterwards.
inline void ExpectRefusedOnDisk(RocksStore* store, const std::string& hint,
                                const std::function<Status(Database*)>& start) {
  store->Close();
  const auto before = ContentsOf(store->path());
  store->Open();
  ASSERT_NE(store->database(), nullptr);
  const Status status = start(store->database());
  EXPECT_FALSE(status.ok()) << hint;
  EXPECT_NE(status.message().find(hint), std::string::npos) << status.message();
  store->Close();
  EXPECT_TRUE(ContentsOf(store->path()) == before) << hint;
}

}  // namespace tally::storage
