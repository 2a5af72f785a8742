#include "tests/storage/forgetful_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "storage/invariant.h"

namespace tally::storage {
namespace {

namespace fs = std::filesystem;

/// A file whatever its name. Numbers are given out again, hence the time.
struct FileId {
  uint64_t inode = 0;
  int64_t born_s = 0;
  uint32_t born_ns = 0;
  auto operator<=>(const FileId&) const = default;
};
struct File {
  FileId id;
  uint64_t size = 0;
  bool is_directory = false;
};
using Names = std::map<std::string, FileId>;

struct Disk {
  std::mutex mutex;
  std::string directory;  // empty: nobody looks
  std::map<FileId, uint64_t> synced_bytes;
  std::map<FileId, std::string> synced_logs;  // their contents: they are overwritten
  std::map<FileId, Names> synced_names;
};

Disk& TheDisk() {
  static auto* const disk = new Disk;  // fsync may be called until the very end
  return *disk;
}

std::optional<File> Look(int descriptor, const char* path) {
  struct statx found {};
  const int flags = descriptor == AT_FDCWD ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH;
  constexpr unsigned kWanted = STATX_TYPE | STATX_INO | STATX_SIZE | STATX_BTIME;
  if (::statx(descriptor, path, flags, kWanted, &found) != 0) return std::nullopt;
  return File{{found.stx_ino, found.stx_btime.tv_sec, found.stx_btime.tv_nsec},
              found.stx_size,
              S_ISDIR(found.stx_mode)};
}

std::string PathOf(int descriptor) {
  std::string path(4096, '\0');
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = ::readlink(link.c_str(), path.data(), path.size());
  path.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return path;
}

bool IsLog(const std::string& path) { return path.ends_with(".log"); }

std::string Contents(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  std::string contents(in ? static_cast<size_t>(in.tellg()) : 0, '\0');
  in.seekg(0);
  in.read(contents.data(), static_cast<std::streamsize>(contents.size()));
  contents.resize(static_cast<size_t>(in.gcount()));
  return contents;
}

// The path, if it is in the directory that is looked at.
std::string WatchedPath(int descriptor) {
  Disk& disk = TheDisk();
  std::string directory;
  {
    const std::lock_guard lock(disk.mutex);
    directory = disk.directory;
  }
  if (directory.empty()) return "";
  std::string path = PathOf(descriptor);
  return path == directory || path.starts_with(directory + "/") ? path : "";
}

Names NamesIn(const std::string& directory) {
  Names names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::optional<File> file = Look(AT_FDCWD, entry->path().c_str());
    if (file) names[entry->path().filename().string()] = file->id;
  }
  return names;
}

// All of a log is on disk. In one step, since others write and sync there at the same time.
int SyncLog(long call, int descriptor, const std::string& path, const FileId& id) {
  Disk& disk = TheDisk();
  const std::lock_guard lock(disk.mutex);
  std::string contents = Contents(path);
  const int result = static_cast<int>(::syscall(call, descriptor));
  if (result == 0) disk.synced_logs[id] = std::move(contents);
  return result;
}

// What is there when the sync begins is on disk when it has returned.
int Sync(long call, int descriptor) {
  const std::string path = WatchedPath(descriptor);
  if (path.empty()) return static_cast<int>(::syscall(call, descriptor));
  const std::optional<File> file = Look(descriptor, "");
  if (file && IsLog(path)) return SyncLog(call, descriptor, path, file->id);
  const Names names = file && file->is_directory ? NamesIn(path) : Names();
  const int result = static_cast<int>(::syscall(call, descriptor));
  if (result != 0 || !file) return result;
  Disk& disk = TheDisk();
  const std::lock_guard lock(disk.mutex);
  if (file->is_directory) {
    // Added to: of two syncs at the same time, the one that looked earlier may end later.
    disk.synced_names[file->id].insert(names.begin(), names.end());
  } else {
    uint64_t& bytes = disk.synced_bytes[file->id];
    bytes = std::max(bytes, file->size);
  }
  return result;
}

// What such a write covers is on disk when it has returned, the rest of the file is not. Zeros between do no
// harm: they are what is laid out there.
ssize_t SyncedWrite(int descriptor, const iovec* pieces, int count, off_t offset, int flags) {
  const auto write = [&] {
    return ::syscall(SYS_pwritev2, descriptor, pieces, count, offset, 0, flags);
  };
  const std::string path = (flags & RWF_DSYNC) != 0 ? WatchedPath(descriptor) : "";
  const std::optional<File> file = path.empty() ? std::nullopt : Look(descriptor, "");
  const ssize_t wrote = write();
  if (!file || wrote <= 0) return wrote;
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
  }
  bytes.resize(static_cast<size_t>(wrote));
  Disk& disk = TheDisk();
  const std::lock_guard lock(disk.mutex);
  std::string& log = disk.synced_logs[file->id];
  const auto at = static_cast<size_t>(offset);
  log.resize(std::max(log.size(), at + bytes.size()));
  log.replace(at, bytes.size(), bytes);
  return wrote;
}

void CopyFront(const std::string& from, const std::string& to, uint64_t bytes) {
  std::ifstream in(from, std::ios::binary);
  if (!in) return;  // deleted meanwhile
  std::string front(bytes, '\0');
  in.read(front.data(), static_cast<std::streamsize>(bytes));
  front.resize(static_cast<size_t>(in.gcount()));
  std::ofstream(to, std::ios::binary) << front;
}

void CopySynced(const Disk& disk, const std::string& from, const std::string& to) {
  fs::create_directory(to);
  const std::optional<File> directory = Look(AT_FDCWD, from.c_str());
  if (!directory) return;
  const auto names = disk.synced_names.find(directory->id);
  if (names == disk.synced_names.end()) return;
  for (const auto& [name, id] : names->second) {
    const std::string path = from + "/" + name;
    const std::optional<File> file = Look(AT_FDCWD, path.c_str());
    if (!file) continue;
    if (file->is_directory) {
      CopySynced(disk, path, to + "/" + name);
      continue;
    }
    if (const auto log = disk.synced_logs.find(file->id); log != disk.synced_logs.end()) {
      std::ofstream(to + "/" + name, std::ios::binary) << log->second;
      continue;
    }
    const auto synced = disk.synced_bytes.find(file->id);
    CopyFront(path, to + "/" + name, synced == disk.synced_bytes.end() ? 0 : synced->second);
  }
}

// All of it is on disk.
void NoteAsSynced(Disk* disk, const std::string& directory) {
  const std::optional<File> itself = Look(AT_FDCWD, directory.c_str());
  if (!itself) return;
  disk->synced_names[itself->id] = NamesIn(directory);
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.is_directory()) {
      NoteAsSynced(disk, entry.path().string());
    } else if (const auto file = Look(AT_FDCWD, entry.path().c_str())) {
      disk->synced_bytes[file->id] = file->size;
      if (IsLog(entry.path().string())) {
        disk->synced_logs[file->id] = Contents(entry.path().string());
      }
    }
  }
}

}  // namespace

ForgetfulDisk::ForgetfulDisk(const std::string& directory)
    : directory_(fs::weakly_canonical(directory).string()) {
  Disk& disk = TheDisk();
  const std::lock_guard lock(disk.mutex);
  TALLY_ASSERT(disk.directory.empty(), "one at a time");
  disk.directory = directory_;
}

ForgetfulDisk::~ForgetfulDisk() {
  Disk& disk = TheDisk();
  const std::lock_guard lock(disk.mutex);
  disk.directory.clear();
  disk.synced_bytes.clear();
  disk.synced_logs.clear();
  disk.synced_names.clear();
}

void ForgetfulDisk::PowerCut() {
  NoteForPowerCut();
  EndPowerCut();
}

void ForgetfulDisk::NoteForPowerCut() {
  const Disk& disk = TheDisk();
  const std::lock_guard lock(TheDisk().mutex);
  fs::remove_all(copy());
  CopySynced(disk, directory_, copy());
}

void ForgetfulDisk::EndPowerCut() {
  Disk& disk = TheDisk();
  const std::lock_guard lock(disk.mutex);
  fs::remove_all(directory_);
  fs::rename(copy(), directory_);
  disk.synced_bytes.clear();
  disk.synced_logs.clear();
  disk.synced_names.clear();
  NoteAsSynced(&disk, directory_);
}

}  // namespace tally::storage

// The program's own come before those of the C library, for RocksDB's calls, too.
extern "C" int fsync(int descriptor) { return tally::storage::Sync(SYS_fsync, descriptor); }
extern "C" int fdatasync(int descriptor) { return tally::storage::Sync(SYS_fdatasync, descriptor); }
extern "C" ssize_t pwritev2(int descriptor, const iovec* pieces, int count, off_t offset,
                            int flags) {
  return tally::storage::SyncedWrite(descriptor, pieces, count, offset, flags);
}
