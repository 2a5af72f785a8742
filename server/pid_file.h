#pragma once

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace tally::server {

/// A file with the process's number, as long as this lives. Nothing depends on it: where it cannot be written, the log
/// says so, and that is all.
class PidFile {
 public:
  /// Empty: no file.
  explicit PidFile(std::string path) : path_(std::move(path)) {
    if (path_.empty()) return;
    std::ofstream file(path_, std::ios::trunc);
    file << getpid() << '\n';
    if (!file.flush()) {
      spdlog::warn("{}: the pid file cannot be written", path_);
      path_.clear();
    }
  }
  ~PidFile() {
    if (!path_.empty()) std::remove(path_.c_str());
  }
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

 private:
  std::string path_;
};

}  // namespace tally::server
