#include "storage/rocks_log_file.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include <rocksdb/slice.h>

namespace tally::storage {
namespace {

constexpr mode_t kMode = 0644;  // as RocksDB's own; the directory keeps others out
constexpr size_t kKeptBufferBytes = size_t{4} << 20;
// What is written at once is dirty at once, however little of it is overwritten later: the system keeps it
// in pages of that size.
constexpr size_t kPieceBytes = size_t{4} << 10;
constexpr char kZeros[kPieceBytes] = {};

rocksdb::IOStatus FailureOf(const char* what, const std::string& path) {
  const int error = errno;
  const std::string context = std::string("cannot ") + what + " " + path;
  return error == ENOSPC ? rocksdb::IOStatus::NoSpace(context, std::strerror(error))
                         : rocksdb::IOStatus::IOError(context, std::strerror(error));
}

class LogFile : public rocksdb::FSWritableFile {
 public:
  LogFile(std::shared_ptr<LaidOutLog> log, LogLayer* layer) : log_(std::move(log)), layer_(layer) {}
  ~LogFile() override { static_cast<void>(log_->Close()); }

  using FSWritableFile::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& bytes, const rocksdb::IOOptions& /*options*/,
                           rocksdb::IODebugContext* /*debug*/) override {
    log_->Append({bytes.data(), bytes.size()});
    return rocksdb::IOStatus::OK();
  }
  // Each commit is one write: see Sync. What is not synced, RocksFiles writes out.
  rocksdb::IOStatus Flush(const rocksdb::IOOptions& /*options*/,
                          rocksdb::IODebugContext* /*debug*/) override {
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& /*options*/,
                         rocksdb::IODebugContext* /*debug*/) override {
    rocksdb::IOStatus status = log_->Sync();
    if (log_->WantsLayOut()) layer_->Wake();
    return status;
  }
  rocksdb::IOStatus Close(const rocksdb::IOOptions& /*options*/,
                          rocksdb::IODebugContext* /*debug*/) override {
    return log_->Close();
  }
  uint64_t GetFileSize(const rocksdb::IOOptions& /*options*/,
                       rocksdb::IODebugContext* /*debug*/) override {
    return log_->size();
  }
  [[nodiscard]] bool IsSyncThreadSafe() const override { return true; }

 private:
  const std::shared_ptr<LaidOutLog> log_;
  LogLayer* const layer_;
};

}  // namespace

LaidOutLog::LaidOutLog(std::string path, FileDescriptor file, FileDescriptor layer)
    : path_(std::move(path)), file_(std::move(file)), layer_(std::move(layer)) {}

rocksdb::IOStatus LaidOutLog::Create(const std::string& path, std::shared_ptr<LaidOutLog>* log) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
  if (!file.valid()) return FailureOf("make", path);
  FileDescriptor layer(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!layer.valid()) return FailureOf("open", path);
  *log = std::make_shared<LaidOutLog>(path, std::move(file), std::move(layer));
  return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus LaidOutLog::Failure(const char* what) const { return FailureOf(what, path_); }

void LaidOutLog::Append(std::string_view bytes) {
  const MutexLock lock(mutex_);
  buffer_.append(bytes);
}

rocksdb::IOStatus LaidOutLog::Write(int flags) {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const iovec piece{const_cast<char*>(left.data()), left.size()};
    const ssize_t wrote = ::pwritev2(file_.get(), &piece, 1, static_cast<off_t>(written_), flags);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return Failure("write");
    written_ += static_cast<uint64_t>(wrote);
    left.remove_prefix(static_cast<size_t>(wrote));
  }
  buffer_.clear();
  if (buffer_.capacity() > kKeptBufferBytes) buffer_ = std::string();
  return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus LaidOutLog::CutZeros() {
  if (laid_out_ <= written_) return rocksdb::IOStatus::OK();
  if (::ftruncate(file_.get(), static_cast<off_t>(written_)) != 0) return Failure("cut");
  laid_out_ = 0;
  return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus LaidOutLog::WriteOut() {
  const MutexLock lock(mutex_);
  if (buffer_.empty()) return rocksdb::IOStatus::OK();
  unsynced_ = true;
  rocksdb::IOStatus status = CutZeros();
  return status.ok() ? Write(0) : status;
}

rocksdb::IOStatus LaidOutLog::Sync() {
  uint64_t size;
  {
    const MutexLock lock(mutex_);
    if (!unsynced_) return Write(RWF_DSYNC);
    rocksdb::IOStatus status = Write(0);
    if (!status.ok()) return status;
    size = written_;
  }
  // Others append meanwhile.
  if (::fdatasync(file_.get()) != 0) return Failure("sync");
  const MutexLock lock(mutex_);
  if (size == written_) unsynced_ = false;
  return rocksdb::IOStatus::OK();
}

rocksdb::IOStatus LaidOutLog::Close() {
  const MutexLock lock(mutex_);
  may_lay_out_ = false;
  rocksdb::IOStatus status = Write(0);
  return status.ok() ? CutZeros() : status;
}

uint64_t LaidOutLog::size() const {
  const MutexLock lock(mutex_);
  return written_ + buffer_.size();
}

bool LaidOutLog::WantsLayOut() const {
  const MutexLock lock(mutex_);
  return may_lay_out_ && !unsynced_ && laid_out_ < written_ + kAheadBytes / 2;
}

// False: that is all.
bool LaidOutLog::LayOutPiece(uint64_t end) {
  const MutexLock lock(mutex_);
  const uint64_t begin = std::max(laid_out_, written_);
  if (!may_lay_out_ || unsynced_ || begin >= end) return false;
  // Up to a boundary, and then in whole pieces.
  const size_t bytes = kPieceBytes - begin % kPieceBytes;
  const ssize_t wrote = ::pwrite(layer_.get(), kZeros, bytes, static_cast<off_t>(begin));
  if (wrote <= 0) {
    may_lay_out_ = wrote < 0 && errno == EINTR;
    return false;
  }
  laid_out_ = begin + static_cast<uint64_t>(wrote);
  return true;
}

void LaidOutLog::LayOut() {
  while (true) {
    uint64_t end;
    {
      const MutexLock lock(mutex_);
      const uint64_t begin = std::max(laid_out_, written_);
      end = std::min(begin + kStepBytes, written_ + kAheadBytes);
      if (!may_lay_out_ || unsynced_ || begin >= end) return;
    }
    while (LayOutPiece(end)) {
    }
    if (::fdatasync(layer_.get()) == 0) continue;
    const MutexLock lock(mutex_);
    may_lay_out_ = false;
  }
}

LogLayer::LogLayer() : thread_([this] { Run(); }) {}

LogLayer::~LogLayer() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void LogLayer::Add(const std::shared_ptr<LaidOutLog>& log) {
  {
    const MutexLock lock(mutex_);
    std::erase_if(logs_, [](const std::weak_ptr<LaidOutLog>& old) { return old.expired(); });
    logs_.push_back(log);
  }
  Wake();
}

void LogLayer::Wake() {
  {
    const MutexLock lock(mutex_);
    if (woken_) return;
    woken_ = true;
  }
  wake_.notify_all();
}

std::vector<std::shared_ptr<LaidOutLog>> LogLayer::Logs() {
  std::vector<std::shared_ptr<LaidOutLog>> logs;
  const MutexLock lock(mutex_);
  for (const std::weak_ptr<LaidOutLog>& log : logs_) {
    if (auto open = log.lock()) logs.push_back(std::move(open));
  }
  return logs;
}

rocksdb::IOStatus LogLayer::WriteOut() {
  rocksdb::IOStatus status;
  for (const std::shared_ptr<LaidOutLog>& log : Logs()) {
    if (status.ok()) status = log->WriteOut();
  }
  return status;
}

void LogLayer::Run() {
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!woken_ && !stopping_) wake_.wait(mutex_);
      if (stopping_) return;
      woken_ = false;
    }
    for (const std::shared_ptr<LaidOutLog>& log : Logs()) {
      if (log->WantsLayOut()) log->LayOut();
    }
  }
}

rocksdb::IOStatus NewLogFile(const std::string& path, LogLayer* layer,
                             std::unique_ptr<rocksdb::FSWritableFile>* file) {
  std::shared_ptr<LaidOutLog> log;
  rocksdb::IOStatus status = LaidOutLog::Create(path, &log);
  if (!status.ok()) return status;
  layer->Add(log);
  *file = std::make_unique<LogFile>(std::move(log), layer);
  return status;
}

}  // namespace tally::storage
