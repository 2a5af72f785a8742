#pragma once

#include <string>
#include <string_view>

namespace tally::test {

/// A directory of its own under $TMPDIR (or /tmp), removed with all that is in it at the end.
/// TALLY_TEST_KEEP=1 in the environment leaves it there, to look at after a failure.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string File(std::string_view name) const;

 private:
  std::string path_;
};

}  // namespace tally::test
