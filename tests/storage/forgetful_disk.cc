#include "tests/storage/forgetful_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

// What is there when the sync begins is on disk when it has returned.
int Sync(long call, int descriptor) {
  Disk& disk = TheDisk();
  std::string directory;
  {
    const std::lock_guard lock(disk.mutex);
    directory = disk.directory;
  }
  const std::string path = directory.empty() ? "" : PathOf(descriptor);
  if (path.empty() || !(path == directory || path.starts_with(directory + "/"))) {
    return static_cast<int>(::syscall(call, descriptor));
  }
  const std::optional<File> file = Look(descriptor, "");
  const Names names = file && file->is_directory ? NamesIn(path) : Names();
  const int result = static_cast<int>(::syscall(call, descriptor));
  if (result != 0 || !file) return result;
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
  disk.synced_names.clear();
  NoteAsSynced(&disk, directory_);
}

}  // namespace tally::storage

// The program's own come before those of the C library, for RocksDB's calls, too.
extern "C" int fsync(int descriptor) { return tally::storage::Sync(SYS_fsync, descriptor); }
extern "C" int fdatasync(int descriptor) { return tally::storage::Sync(SYS_fdatasync, descriptor); }
