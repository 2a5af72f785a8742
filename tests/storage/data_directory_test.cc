#include "storage/data_directory.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "storage/high_water.h"
#include "tests/storage/test_directory.h"

namespace tally::storage {
namespace {

class DataDirectoryTest : public ::testing::Test {
 protected:
  // The message; empty when it opened, and the start was accepted.
  std::string Open(std::unique_ptr<DataDirectory>* out = nullptr) {
    std::unique_ptr<DataDirectory> directory;
    const Status status = DataDirectory::Open(path_, &directory);
    EXPECT_EQ(status.ok(), directory != nullptr);
    if (directory != nullptr) directory->WritePid();
    if (out != nullptr) *out = std::move(directory);
    return status.message();
  }
  // Open refuses, names `what`, says `hint`, and changes nothing.
  void ExpectRefused(const std::string& what, const std::string& hint) {
    const auto before = ContentsOf(path_);
    const std::string message = Open();
    EXPECT_NE(message.find(what), std::string::npos) << message;
    EXPECT_NE(message.find(hint), std::string::npos) << message;
    EXPECT_EQ(ContentsOf(path_), before);
  }

  TestDirectory parent_;
  const std::string path_ = parent_.File("some/data");
};

TEST_F(DataDirectoryTest, IsMadeWithAllItsPartsAndOpensAgain) {
  std::unique_ptr<DataDirectory> directory;
  ASSERT_EQ(Open(&directory), "");
  EXPECT_TRUE(directory->created());
  EXPECT_TRUE(std::filesystem::is_directory(directory->rocks_path()));
  std::optional<Ticket> high_water;
  ASSERT_TRUE(ReadHighWater(directory->high_water_path(), &high_water).ok());
  EXPECT_EQ(high_water, kNoTicket);
  directory.reset();
  ASSERT_EQ(Open(&directory), "");
  EXPECT_FALSE(directory->created());
}

TEST_F(DataDirectoryTest, AnEmptyDirectoryOrAFileSystemsRootWillDo) {
  std::filesystem::create_directories(path_ + "/lost+found");
  std::unique_ptr<DataDirectory> directory;
  EXPECT_EQ(Open(&directory), "");
  EXPECT_TRUE(directory->created());
}

TEST_F(DataDirectoryTest, ASecondProcessIsRefusedAndToldWhoHasIt) {
  std::unique_ptr<DataDirectory> directory;
  ASSERT_EQ(Open(&directory), "");
  const std::string message = Open();
  EXPECT_NE(message.find("in use by process " + std::to_string(::getpid())), std::string::npos)
      << message;
  // Deleting files does not lift the lock.
  std::filesystem::remove(path_ + "/pid");
  EXPECT_NE(Open().find("in use by another process"), std::string::npos);
  std::filesystem::remove_all(path_ + "/rocks");
  EXPECT_NE(Open().find("in use"), std::string::npos);
}

TEST_F(DataDirectoryTest, TheLockEndsWithTheProcess) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::unique_ptr<DataDirectory> directory;
    ::_exit(DataDirectory::Open(path_, &directory).ok() ? 0 : 1);  // destroys nothing
  }
  int result = -1;
  ASSERT_EQ(::waitpid(child, &result, 0), child);
  ASSERT_EQ(result, 0);
  EXPECT_EQ(Open(), "");
}

TEST_F(DataDirectoryTest, OtherPeoplesDirectoriesAreLeftAlone) {
  std::filesystem::create_directories(path_);
  WriteFile(path_ + "/thesis.tex", "x");
  ExpectRefused("thesis.tex", "an empty or a new directory");
}

TEST_F(DataDirectoryTest, AnUnknownVersionIsRefused) {
  ASSERT_EQ(Open(), "");
  WriteFile(path_ + "/format", "Tally data directory, format 2\n");
  ExpectRefused("format 2", "Start the version of Tally that wrote it");
}

TEST_F(DataDirectoryTest, ADamagedFormatFileIsRefused) {
  ASSERT_EQ(Open(), "");
  for (const char* contents : {"", "Tally data directory, format 1", "Tally data directory, format",
                               "Tally data directory, format 01\n", "garbage"}) {
    WriteFile(path_ + "/format", contents);
    ExpectRefused(path_ + "/format", "backup");
  }
  WriteFile(path_ + "/format", std::string(5000, 'x'));
  ExpectRefused(path_ + "/format", "too large");
}

TEST_F(DataDirectoryTest, AMissingPartIsRefused) {
  for (const char* part : {"rocks", "high-water"}) {
    std::filesystem::remove_all(path_);
    ASSERT_EQ(Open(), "");
    std::filesystem::remove_all(path_ + "/" + part);
    ExpectRefused(path_ + "/" + part + " is missing", "backup");
  }
}

TEST_F(DataDirectoryTest, AMissingFormatFileBesideDataIsRefused) {
  ASSERT_EQ(Open(), "");
  WriteFile(path_ + "/rocks/CURRENT", "x");
  std::filesystem::remove(path_ + "/format");
  ExpectRefused(path_ + "/format is missing", "backup");
}

// Wherever it was interrupted: whatever had been made by then is there, and nothing of what follows.
TEST_F(DataDirectoryTest, AnInterruptedFirstStartIsStartedOver) {
  const char* const order[] = {"rocks", "high-water.new", "high-water", "format.new"};
  for (size_t made = 0; made <= std::size(order); ++made) {
    SCOPED_TRACE(made);
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
    for (size_t i = 0; i < made; ++i) {
      const std::string part = path_ + "/" + order[i];
      if (i == 0) {
        std::filesystem::create_directory(part);
      } else {
        WriteFile(part, "Tally da");
      }
    }
    std::unique_ptr<DataDirectory> directory;
    EXPECT_EQ(Open(&directory), "");
    ASSERT_NE(directory, nullptr);
    EXPECT_TRUE(directory->created());
    directory.reset();
    EXPECT_EQ(Open(), "");
  }
}

TEST_F(DataDirectoryTest, ThePidFileIsLeftAsItWasUntilTheStartIsAccepted) {
  ASSERT_EQ(Open(), "");
  WriteFile(path_ + "/pid", "999999999\n");
  const auto before = ContentsOf(path_);
  std::unique_ptr<DataDirectory> directory;
  ASSERT_TRUE(DataDirectory::Open(path_, &directory).ok());
  EXPECT_EQ(ContentsOf(path_), before);
  // Meanwhile nobody is told the number of a process that is gone.
  EXPECT_NE(Open().find("in use by another process"), std::string::npos);
  directory->WritePid();
  EXPECT_EQ(ReadFile(path_ + "/pid"), std::to_string(::getpid()) + "\n");
}

TEST_F(DataDirectoryTest, AnInterruptionRightAfterTheFormatWasWrittenIsNone) {
  ASSERT_EQ(Open(), "");
  std::filesystem::remove(path_ + "/pid");
  EXPECT_EQ(Open(), "");
}

// The pid file is written last, so it cannot be all there ever was.
TEST_F(DataDirectoryTest, APidFileWithoutTheFormatFileIsRefused) {
  for (const bool only_pid : {true, false}) {
    std::filesystem::remove_all(path_);
    ASSERT_EQ(Open(), "");
    std::filesystem::remove(path_ + "/format");
    if (only_pid) {
      std::filesystem::remove(path_ + "/high-water");
      std::filesystem::remove_all(path_ + "/rocks");
    }
    ExpectRefused(path_ + "/format is missing", "backup");
    ExpectRefused(path_ + "/pid shows", "an empty or a new one");
  }
}

TEST_F(DataDirectoryTest, WhatIsNoDirectoryIsRefused) {
  std::filesystem::create_directories(parent_.File("some"));
  WriteFile(path_, "a file");
  EXPECT_NE(Open().find(path_), std::string::npos);
}

}  // namespace
}  // namespace tally::storage
