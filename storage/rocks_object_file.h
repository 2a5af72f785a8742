// Part of rocks_database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>

#include "storage/database.h"
#include "storage/rocks_families.h"
#include "storage/status.h"

namespace tally::storage {

/// A table file that is being written at `path`, from where it is moved into the database.
class RocksObjectFile : public ObjectFile {
 public:
  /// The page cache keeps the file: it is read once more, to check it, when it is ingested.
  RocksObjectFile(const rocksdb::Options& options, rocksdb::ColumnFamilyHandle* family,
                  std::string path)
      : writer_(rocksdb::EnvOptions(options), options, family, /*invalidate_page_cache=*/false),
        path_(std::move(path)) {}
  ~RocksObjectFile() override {
    std::error_code ignored;  // moved away if it was ingested; a leftover goes at the next start
    std::filesystem::remove(path_, ignored);
  }

  Status Open() { return RocksStatus(path_, "create the file", writer_.Open(path_)); }
  Status Put(std::string_view key, std::string_view value) override {
    ++entries_;
    return RocksStatus(path_, "write", writer_.Put(ToSlice(key), ToSlice(value)));
  }
  Status Delete(std::string_view key) override {
    ++entries_;
    return RocksStatus(path_, "write", writer_.Delete(ToSlice(key)));
  }
  Status DeleteRange(std::string_view begin, std::string_view end) override {
    ++entries_;
    deleted_ranges_.emplace_back(begin, end);
    return RocksStatus(path_, "write", writer_.DeleteRange(ToSlice(begin), ToSlice(end)));
  }
  Status Finish() override {  // RocksDB syncs the file before it closes it
    return RocksStatus(path_, "finish the file", writer_.Finish());
  }
  [[nodiscard]] uint64_t entries() const override { return entries_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::span<const std::pair<std::string, std::string>> deleted_ranges() const {
    return deleted_ranges_;
  }

 private:
  rocksdb::SstFileWriter writer_;
  const std::string path_;
  uint64_t entries_ = 0;
  std::vector<std::pair<std::string, std::string>> deleted_ranges_;
};

}  // namespace tally::storage
