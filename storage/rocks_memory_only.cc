#include "storage/rocks_memory_only.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include <rocksdb/file_system.h>
#include <rocksdb/io_status.h>
#include <rocksdb/slice.h>

namespace tally::storage {
namespace {

thread_local MemoryOnlyScope* scope = nullptr;

class TableFile : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  using FSRandomAccessFileOwnerWrapper::FSRandomAccessFileOwnerWrapper;

  rocksdb::IOStatus Read(uint64_t offset, size_t bytes, const rocksdb::IOOptions& options,
                         rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext* debug) const override {
    if (MemoryOnlyScope::RefusesReads()) return Refusal();
    return FSRandomAccessFileOwnerWrapper::Read(offset, bytes, options, result, scratch, debug);
  }
  rocksdb::IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count,
                              const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override {
    if (MemoryOnlyScope::RefusesReads()) return Refusal();
    return FSRandomAccessFileOwnerWrapper::MultiRead(requests, count, options, debug);
  }
  rocksdb::IOStatus Prefetch(uint64_t offset, size_t bytes, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override {
    if (MemoryOnlyScope::RefusesReads()) return Refusal();
    return FSRandomAccessFileOwnerWrapper::Prefetch(offset, bytes, options, debug);
  }

 private:
  static rocksdb::IOStatus Refusal() {
    return rocksdb::IOStatus::Aborted("only memory was asked for");
  }
};

}  // namespace

MemoryOnlyScope::MemoryOnlyScope() { scope = this; }
MemoryOnlyScope::~MemoryOnlyScope() { scope = nullptr; }

bool MemoryOnlyScope::RefusesReads() {
  if (scope == nullptr) return false;
  scope->refused_ = true;
  return true;
}

std::unique_ptr<rocksdb::FSRandomAccessFile> RefusableTable(
    std::unique_ptr<rocksdb::FSRandomAccessFile> plain) {
  return std::make_unique<TableFile>(std::move(plain));
}

}  // namespace tally::storage
