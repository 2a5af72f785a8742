#include "storage/rocks_log_scan.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "storage/crc32c.h"
#include "storage/durable_file.h"

namespace tally::storage {
namespace {

static_assert(std::endian::native == std::endian::little,
              "numbers are copied as they lie in memory");

constexpr size_t kBlockBytes = size_t{32} << 10;
constexpr size_t kReadBytes = 32 * kBlockBytes;

// A fragment's header.
constexpr size_t kSizeOffset = 4;
constexpr size_t kTypeOffset = 6;
constexpr size_t kHeaderBytes = 7;
enum FragmentType : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

// The front of a record: sequence, count, tag, size of the mark, mark.
constexpr size_t kCountOffset = 8;
constexpr size_t kTagOffset = 12;
constexpr size_t kFrontBytes = kTagOffset + 3;
constexpr char kLogDataTag = 0x3;
static_assert(kSyncedRecordMark.size() == 1 && kWrittenRecordMark.size() == 1);

template <typename Integer>
Integer Load(std::string_view in, size_t offset) {
  Integer value;
  std::memcpy(&value, in.data() + offset, sizeof(value));
  return value;
}

bool IsZeros(std::string_view bytes) {
  return bytes.empty() ||
         (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

uint32_t Masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

// Goes through one directory's logs, fragment by fragment.
class LogScan {
 public:
  explicit LogScan(std::string directory) : directory_(std::move(directory)) {}

  Status ScanFile(const std::string& path);
  [[nodiscard]] bool torn() const { return torn_; }

 private:
  // `begin`: where the block lies in the file.
  Status ScanBlock(std::string_view block, uint64_t begin);
  // The size of the fragment that begins there, header included; 0: there is none.
  static size_t FragmentAt(std::string_view block, size_t offset);
  Status Take(FragmentType type, std::string_view bytes);
  Status TakeFront();
  void Damage();

  const std::string directory_;
  std::string path_;
  uint64_t offset_ = 0;  // in the file: of the fragment at hand

  bool in_record_ = false;
  bool in_zeros_ = false;  // since offset_: the log's end, unless something follows
  bool first_in_file_ = true;
  std::string front_;           // of the record at hand, as far as its fragments gave it
  uint64_t next_sequence_ = 0;  // behind the last good record before any damage
  uint64_t record_end_ = 0;     // next_sequence_, once the record at hand is whole
  bool damaged_ = false;        // and nothing has shown yet whether it matters
  std::string damaged_path_;
  uint64_t damaged_offset_ = 0;
  bool torn_ = false;
};

size_t LogScan::FragmentAt(std::string_view block, size_t offset) {
  const std::string_view rest = block.substr(offset);
  if (rest.size() < kHeaderBytes) return 0;
  const auto type = Load<uint8_t>(rest, kTypeOffset);
  const size_t size = kHeaderBytes + Load<uint16_t>(rest, kSizeOffset);
  if (type < kFull || type > kLast || size > rest.size()) return 0;
  const std::string_view checked = rest.substr(kTypeOffset, size - kTypeOffset);
  return Load<uint32_t>(rest, 0) == Masked(Crc32c(checked)) ? size : 0;
}

void LogScan::Damage() {
  in_record_ = false;
  if (damaged_) return;
  damaged_ = true;
  damaged_path_ = path_;
  damaged_offset_ = offset_;
}

Status LogScan::ScanBlock(std::string_view block, uint64_t begin) {
  size_t offset = 0;
  if (in_zeros_ && !IsZeros(block)) {
    Damage();
    in_zeros_ = false;
  }
  if (in_zeros_) return Status::Ok();
  while (block.size() - offset >= kHeaderBytes) {
    offset_ = begin + offset;
    const size_t size = FragmentAt(block, offset);
    if (size == 0 && IsZeros(block.substr(offset))) {
      in_zeros_ = true;  // as they were laid out
      return Status::Ok();
    }
    if (size == 0) {
      Damage();
      ++offset;  // a damaged size hides where the next fragment begins
      continue;
    }
    const auto type = static_cast<FragmentType>(Load<uint8_t>(block, offset + kTypeOffset));
    Status status = Take(type, block.substr(offset + kHeaderBytes, size - kHeaderBytes));
    if (!status.ok()) return status;
    offset += size;
  }
  offset_ = begin + offset;
  // Too little for a header is left free, unless the file ends inside one.
  if (block.size() < kBlockBytes && !IsZeros(block.substr(offset))) Damage();
  return Status::Ok();
}

Status LogScan::Take(FragmentType type, std::string_view bytes) {
  const bool begins = type == kFull || type == kFirst;
  if (begins == in_record_) Damage();  // the rest of a record is missing, or its beginning
  if (begins) {
    in_record_ = true;
    front_.clear();
  } else if (!in_record_) {
    return Status::Ok();
  }
  if (front_.size() < kFrontBytes) {
    front_.append(bytes.substr(0, kFrontBytes - front_.size()));
    if (front_.size() == kFrontBytes) {
      Status status = TakeFront();
      if (!status.ok()) return status;
    }
  }
  if (type == kFull || type == kLast) {
    in_record_ = false;
    if (!damaged_) next_sequence_ = record_end_;
  }
  return Status::Ok();
}

Status LogScan::TakeFront() {
  const auto sequence = Load<uint64_t>(front_, 0);
  record_end_ = sequence + Load<uint32_t>(front_, kCountOffset);
  const bool first = std::exchange(first_in_file_, false);
  if (!damaged_) return Status::Ok();
  if (first && damaged_path_ != path_ && sequence == next_sequence_) {
    // An earlier start has dropped that torn record, and its sequence number was given out again.
    damaged_ = false;
    torn_ = true;
    return Status::Ok();
  }
  const bool synced = front_[kTagOffset] == kLogDataTag && front_[kTagOffset + 1] == 1 &&
                      front_[kTagOffset + 2] == kSyncedRecordMark[0];
  if (!synced) return Status::Ok();
  return Status::Failure(fmt::format(
      "{} is damaged near byte {}: acknowledged changes are behind the damage, in {}. Nothing was "
      "changed. Restore the data directory from a backup",
      damaged_path_, damaged_offset_, path_));
}

Status LogScan::ScanFile(const std::string& path) {
  if (in_record_) Damage();  // the file before ends inside a record
  path_ = path;
  offset_ = 0;
  in_zeros_ = false;
  first_in_file_ = true;
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return FileFailure("open", path, errno);
  std::string buffer(kReadBytes, '\0');
  uint64_t file_offset = 0;  // of the buffer's first byte
  size_t filled = 0;
  bool at_end = false;
  while (!at_end) {
    const ssize_t got = ::read(file.get(), buffer.data() + filled, buffer.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileFailure("read", path, errno);
    filled += static_cast<size_t>(got);
    at_end = got == 0;
    if (!at_end && filled < buffer.size()) continue;
    for (size_t begin = 0; begin < filled; begin += kBlockBytes) {
      const size_t size = std::min(kBlockBytes, filled - begin);
      Status status = ScanBlock(std::string_view(buffer).substr(begin, size), file_offset + begin);
      if (!status.ok()) return status;
    }
    file_offset += filled;
    filled = 0;
  }
  if (in_record_) Damage();
  if (damaged_) torn_ = true;
  if (::fsync(file.get()) != 0) return FileFailure("sync", path, errno);
  return Status::Ok();
}

}  // namespace

Status ScanRocksLogs(const std::string& directory, bool* torn) {
  *torn = false;
  std::map<uint64_t, std::string> logs;
  std::error_code error;
  if (!std::filesystem::exists(directory, error) && !error) return Status::Ok();
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::filesystem::path& path = entry->path();
    if (path.extension() != ".log") continue;
    const std::string stem = path.stem().string();
    uint64_t number = 0;
    const auto [rest, bad] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
    if (bad == std::errc() && rest == stem.data() + stem.size()) logs[number] = path.string();
  }
  if (error) return FileFailure("read the directory", directory, error.value());
  LogScan scan(directory);
  for (const auto& [number, path] : logs) {
    Status status = scan.ScanFile(path);
    if (!status.ok()) return status;
  }
  *torn = scan.torn();
  return SyncDirectory(directory);
}

}  // namespace tally::storage
