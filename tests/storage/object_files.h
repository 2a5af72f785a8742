#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "storage/database.h"

namespace tally::storage {

/// By key; without a value: deleted.
using ObjectChanges = std::map<std::string, std::optional<std::string>>;

inline void IngestChanges(Database* database, const ObjectChanges& changes) {
  ASSERT_NE(database, nullptr);
  std::unique_ptr<ObjectFile> file;
  Status status = database->StartWriting();
  if (status.ok()) status = database->NewObjectFile(&file);
  ASSERT_TRUE(status.ok()) << status.message();
  for (const auto& [key, value] : changes) {
    status = value ? file->Put(key, *value) : file->Delete(key);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  status = file->Finish();
  ASSERT_TRUE(status.ok()) << status.message();
  status = database->Ingest(std::move(file));
  ASSERT_TRUE(status.ok()) << status.message();
}

inline void IngestDeleteRange(Database* database, std::string_view begin, std::string_view end) {
  std::unique_ptr<ObjectFile> file;
  ASSERT_TRUE(database->StartWriting().ok());
  ASSERT_TRUE(database->NewObjectFile(&file).ok());
  ASSERT_TRUE(file->DeleteRange(begin, end).ok());
  ASSERT_TRUE(file->Finish().ok());
  const Status status = database->Ingest(std::move(file));
  ASSERT_TRUE(status.ok()) << status.message();
}

/// What kDisk finds; all must be known.
inline std::vector<std::string> DiskValues(Database* database,
                                           const std::vector<std::string>& keys) {
  std::vector<ObjectLookup> lookups;
  lookups.reserve(keys.size());
  for (const std::string& key : keys) lookups.push_back({key, {}, false});
  const Status status = database->LookUpObjects(lookups, ReadTier::kDisk);
  EXPECT_TRUE(status.ok()) << status.message();
  std::vector<std::string> values;
  values.reserve(lookups.size());
  for (const ObjectLookup& lookup : lookups) {
    EXPECT_TRUE(lookup.known) << lookup.key;
    values.push_back(lookup.value);
  }
  return values;
}

}  // namespace tally::storage
