#include "storage/rocks_figures.h"

#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "storage/rocks_database.h"
#include "tests/storage/test_directory.h"

namespace tally::storage {
namespace {

TEST(RocksFiguresTest, GrowWithWhatIsWritten) {
  const TestDirectory directory;
  std::unique_ptr<Database> database;
  ASSERT_TRUE(OpenRocksDatabase(directory.File("rocks"), &database).ok());
  ASSERT_TRUE(database->StartWriting().ok());
  const auto figures = [&] {
    std::map<std::string, double> by_name;
    for (const StoreFigure& figure : database->Figures()) {
      EXPECT_FALSE(figure.help.empty());
      EXPECT_TRUE(figure.name.ends_with("_total")) << figure.name;
      EXPECT_TRUE(by_name.emplace(figure.name, figure.value).second) << figure.name;
    }
    return by_name;
  };
  const std::map<std::string, double> before = figures();
  constexpr int kEntries = 3;
  const std::string entry(1000, 'x');
  for (Ticket ticket = 1; ticket <= kEntries; ++ticket) {
    ASSERT_TRUE(database->AppendJournal(ticket, entry, /*sync=*/true).ok());
  }
  const std::map<std::string, double> after = figures();
  EXPECT_EQ(after.at("log_syncs_total") - before.at("log_syncs_total"), kEntries);
  EXPECT_GE(after.at("log_bytes_written_total") - before.at("log_bytes_written_total"),
            kEntries * 1000.0);
  EXPECT_EQ(after.at("compaction_bytes_written_total"), 0);
}

}  // namespace
}  // namespace tally::storage
