#include "storage/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace tally::storage {
namespace {

constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;
constexpr mode_t kPermissions = 0777;

int OpenRetrying(const std::string& path, int flags, mode_t mode = 0) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

Status WriteAll(int fd, const std::string& path, std::string_view contents) {
  while (!contents.empty()) {
    const ssize_t written = ::write(fd, contents.data(), contents.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FileFailure("write", path, errno);
    }
    contents.remove_prefix(static_cast<size_t>(written));
  }
  return Status::Ok();
}

std::string ParentOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

void FileDescriptor::Close() {
  if (fd_ >= 0) ::close(fd_);  // whoever cares about the data has synced it before
  fd_ = -1;
}

Status FileFailure(std::string_view what, const std::string& path, int error) {
  return Status::Failure(fmt::format("cannot {} {}: {}", what, path, std::strerror(error)));
}

Status WriteFileDurably(const std::string& path, std::string_view contents) {
  const std::string fresh = path + ".new";
  {
    const FileDescriptor file(OpenRetrying(fresh, O_WRONLY | O_CREAT | O_TRUNC, kFileMode));
    if (!file.valid()) return FileFailure("create", fresh, errno);
    if (struct stat old{};
        ::stat(path.c_str(), &old) == 0 && ::fchmod(file.get(), old.st_mode & kPermissions) != 0) {
      return FileFailure("set the mode of", fresh, errno);
    }
    Status status = WriteAll(file.get(), fresh, contents);
    if (!status.ok()) return status;
    if (::fsync(file.get()) != 0) return FileFailure("sync", fresh, errno);
  }
  if (::rename(fresh.c_str(), path.c_str()) != 0) return FileFailure("replace", path, errno);
  return SyncDirectory(ParentOf(path));
}

Status ReadSmallFile(const std::string& path, std::string* contents, bool* exists) {
  contents->clear();
  const FileDescriptor file(OpenRetrying(path, O_RDONLY));
  *exists = file.valid() || errno != ENOENT;
  if (!file.valid()) return *exists ? FileFailure("open", path, errno) : Status::Ok();
  char buffer[kSmallFileBytes];
  while (true) {
    const ssize_t got = ::read(file.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileFailure("read", path, errno);
    if (got == 0) return Status::Ok();
    contents->append(buffer, static_cast<size_t>(got));
    if (contents->size() > kSmallFileBytes) return FileFailure("read", path, EFBIG);
  }
}

Status SyncDirectory(const std::string& directory) {
  const FileDescriptor fd(OpenRetrying(directory, O_RDONLY | O_DIRECTORY));
  if (!fd.valid()) return FileFailure("open the directory", directory, errno);
  if (::fsync(fd.get()) != 0) return FileFailure("sync the directory", directory, errno);
  return Status::Ok();
}

Status MakeDirectories(const std::string& directory) {
  if (::mkdir(directory.c_str(), kDirectoryMode) == 0) return SyncDirectory(ParentOf(directory));
  if (errno == EEXIST) {
    std::error_code error;
    if (std::filesystem::is_directory(directory, error)) return Status::Ok();
    return FileFailure("use as a directory", directory, ENOTDIR);
  }
  const std::string parent = ParentOf(directory);
  if (errno != ENOENT || parent == directory) {
    return FileFailure("make the directory", directory, errno);
  }
  Status status = MakeDirectories(parent);
  if (!status.ok()) return status;
  if (::mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST) {
    return FileFailure("make the directory", directory, errno);
  }
  return SyncDirectory(parent);
}

}  // namespace tally::storage
