#include "storage/rocks_files.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/storage/test_directory.h"

namespace tally::storage {
namespace {

namespace fs = std::filesystem;

class RocksFilesTest : public ::testing::TestWithParam<bool> {
 protected:
  RocksFilesTest() {
    if (GetParam()) files_.GoEasy();
  }

  TestDirectory directory_;
  RocksFiles files_;
};

TEST_P(RocksFilesTest, DeletesWhatItIsTold) {
  for (const size_t size :
       {size_t{0}, size_t{1}, RocksFiles::kDeletedAtOnceBytes, size_t{5'000'000}}) {
    const std::string path = directory_.File("1.sst");
    WriteFile(path, std::string(size, 'x'));
    ASSERT_TRUE(files_.env()->DeleteFile(path).ok());
    EXPECT_FALSE(fs::exists(path));
  }
  EXPECT_FALSE(files_.env()->DeleteFile(directory_.File("2.sst")).ok()) << "there is none";
}

// As when a table is taken in: it is linked into its place, and then leaves the old one.
TEST_P(RocksFilesTest, AFileThatIsInAnotherPlaceTooKeepsItsContents) {
  const std::string incoming = directory_.File("incoming.sst");
  const std::string place = directory_.File("7.sst");
  const std::string contents(3'000'000, 'x');
  WriteFile(incoming, contents);
  fs::create_hard_link(incoming, place);
  ASSERT_TRUE(files_.env()->DeleteFile(incoming).ok());
  EXPECT_TRUE(ReadFile(place) == contents);
}

INSTANTIATE_TEST_SUITE_P(, RocksFilesTest, ::testing::Bool());

}  // namespace
}  // namespace tally::storage
