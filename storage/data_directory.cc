#include "storage/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "storage/high_water.h"
#include "storage/ticket.h"

namespace tally::storage {
namespace {

constexpr std::string_view kFormatPrefix = "Tally data directory, format ";

// What an interrupted Create may leave behind: anything but a database that holds something. Not the pid
// file, which is written once the directory has been made.
constexpr std::string_view kMadeBeforeFormat[] = {"rocks", "high-water", "high-water.new",
                                                  "format.new", "lost+found"};

std::string EncodeFormat(int version) { return fmt::format("{}{}\n", kFormatPrefix, version); }

}  // namespace

Status DataDirectory::Open(const std::string& given_path, std::unique_ptr<DataDirectory>* out) {
  std::string path = given_path;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  Status status = MakeDirectories(path);
  if (!status.ok()) return status;
  std::unique_ptr<DataDirectory> directory(new DataDirectory(path));
  if (status = directory->Lock(); !status.ok()) return status;

  std::string format;
  bool exists = false;
  if (status = ReadSmallFile(directory->format_path(), &format, &exists); !status.ok()) {
    return status;
  }
  status = exists ? directory->Check(format) : directory->Create();
  if (!status.ok()) return status;
  *out = std::move(directory);
  return Status::Ok();
}

void DataDirectory::WritePid() const {
  std::ofstream(pid_path(), std::ios::trunc) << ::getpid() << '\n';
}

Status DataDirectory::Lock() {
  directory_ = FileDescriptor(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory_.valid()) return FileFailure("open the directory", path_, errno);
  if (::flock(directory_.get(), LOCK_EX | LOCK_NB) == 0) return Status::Ok();
  if (errno != EWOULDBLOCK) return FileFailure("lock the directory", path_, errno);
  std::string who = "another process";
  std::ifstream pid_file(pid_path());
  // Who is still reading what is there has not written its number yet: then it is that of an earlier one.
  const auto is_running = [](pid_t pid) { return ::kill(pid, 0) == 0 || errno == EPERM; };
  if (pid_t pid = 0; pid_file >> pid && pid > 0 && is_running(pid)) {
    who = fmt::format("process {}", pid);
  }
  return Status::Failure(fmt::format(
      "the data directory {} is in use by {}. Stop that server, or give this one another directory",
      path_, who));
}

Status DataDirectory::Check(const std::string& format) const {
  int version = 0;
  if (format.starts_with(kFormatPrefix)) {
    std::from_chars(format.data() + kFormatPrefix.size(), format.data() + format.size(), version);
  }
  if (version <= 0 || format != EncodeFormat(version)) {
    return Status::Failure(
        fmt::format("{} is damaged or not Tally's. Restore the data directory from a backup, or "
                    "give the server "
                    "another one",
                    format_path()));
  }
  if (version != kFormatVersion) {
    return Status::Failure(
        fmt::format("{} says that the data has format {}; this program knows format {}. Start the "
                    "version of Tally that wrote it",
                    format_path(), version, kFormatVersion));
  }
  for (const std::string& part : {rocks_path(), high_water_path()}) {
    std::error_code error;
    if (std::filesystem::exists(part, error)) continue;
    if (error) return FileFailure("look at", part, error.value());
    return Status::Failure(fmt::format(
        "{} is missing, though {} is there: data was deleted. Restore the data directory "
        "from a backup",
        part, format_path()));
  }
  return Status::Ok();
}

Status DataDirectory::RefuseStrangers() const {
  std::error_code error;
  if (std::filesystem::exists(pid_path(), error)) {
    return Status::Failure(fmt::format(
        "{} is missing, though {} shows that a server has had this directory: data was "
        "deleted. Restore the data directory from a backup, or give the server an empty "
        "or a new one",
        format_path(), pid_path()));
  }
  if (error) return FileFailure("look at", pid_path(), error.value());
  for (std::filesystem::directory_iterator entry(path_, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (std::find(std::begin(kMadeBeforeFormat), std::end(kMadeBeforeFormat), name) ==
        std::end(kMadeBeforeFormat)) {
      return Status::Failure(
          fmt::format("{} is not empty (it holds {}) and not a data directory of Tally's: {} is "
                      "missing. Give the server an empty or a new directory",
                      path_, name, format_path()));
    }
  }
  if (error) return FileFailure("read the directory", path_, error.value());
  const bool has_database = std::filesystem::exists(rocks_path(), error) &&
                            !std::filesystem::is_empty(rocks_path(), error);
  if (error) return FileFailure("look at", rocks_path(), error.value());
  if (!has_database) return Status::Ok();
  return Status::Failure(
      fmt::format("{} is missing, though {} holds data. Restore the data directory from a backup",
                  format_path(), rocks_path()));
}

Status DataDirectory::Create() {
  Status status = RefuseStrangers();
  if (!status.ok()) return status;
  if (status = MakeDirectories(rocks_path()); !status.ok()) return status;
  if (status = WriteHighWater(high_water_path(), kNoTicket); !status.ok()) return status;
  if (status = WriteFileDurably(format_path(), EncodeFormat(kFormatVersion)); !status.ok()) {
    return status;
  }
  created_ = true;
  return Status::Ok();
}

}  // namespace tally::storage
