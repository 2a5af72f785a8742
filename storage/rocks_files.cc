#include "storage/rocks_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <rocksdb/file_system.h>

#include "storage/rocks_memory_only.h"

namespace tally::storage {
namespace {

// A file in no other place than this, so that nobody misses what is cut off; 0: there is none, or it is
// in two places.
uint64_t SizeOfOnlyLink(const std::string& path) {
  struct stat found {};
  const bool only =
      ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1;
  return only ? static_cast<uint64_t>(found.st_size) : 0;
}

// Rests as long as the file system was busy.
void CutInPieces(const std::string& path) {
  using Clock = std::chrono::steady_clock;
  uint64_t left = SizeOfOnlyLink(path);
  while (left > RocksFiles::kDeletedAtOnceBytes) {
    left -= RocksFiles::kDeletedAtOnceBytes;
    const Clock::time_point begin = Clock::now();
    if (::truncate(path.c_str(), static_cast<off_t>(left)) != 0) return;  // then at once
    std::this_thread::sleep_for(Clock::now() - begin);
  }
}

class FileSystem : public rocksdb::FileSystemWrapper {
 public:
  FileSystem(const std::atomic<bool>* easy, LogLayer* log_layer)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), easy_(easy), log_layer_(log_layer) {}

  [[nodiscard]] const char* Name() const override { return "tally"; }

  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override {
    std::unique_ptr<rocksdb::FSRandomAccessFile> plain;
    rocksdb::IOStatus status = target()->NewRandomAccessFile(path, options, &plain, debug);
    if (status.ok()) *file = RefusableTable(std::move(plain));
    return status;
  }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    if (path.ends_with(".log")) return NewLogFile(path, log_layer_, file);
    return target()->NewWritableFile(path, options, file, debug);
  }

  // RocksDB deletes a table when no manifest on the disk and no reader needs it any more.
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override {
    if (*easy_ && path.ends_with(".sst")) CutInPieces(path);
    return target()->DeleteFile(path, options, debug);
  }

 private:
  const std::atomic<bool>* const easy_;
  LogLayer* const log_layer_;
};

}  // namespace

RocksFiles::RocksFiles()
    : env_(rocksdb::NewCompositeEnv(std::make_shared<FileSystem>(&easy_, &log_layer_))) {}

}  // namespace tally::storage
