#include "server/tally_marks.h"
#include "tests/server/session_command_fixture.h"

namespace tally::server {
namespace {

TEST(TallyMarksTest, FiveMakeAGroup) {
  EXPECT_EQ(DrawTallyMarks(0, 2, 2), "\n");
  EXPECT_EQ(DrawTallyMarks(3, 2, 2), " | | |\n | | |\n | | |\n");
  EXPECT_EQ(DrawTallyMarks(6, 2, 2),
            " | | |/|   |\n"
            " | |/| |   |\n"
            " |/| | |   |\n");
}

TEST(TallyMarksTest, OfMoreThanFitTheLastAreShown) {
  EXPECT_EQ(DrawTallyMarks(11, 2, 1), " |\n |\n |\n");
  EXPECT_EQ(DrawTallyMarks(11, 1, 2),
            " | | |/|\n"
            " | |/| |\n"
            " |/| | |\n"
            "\n"
            " |\n"
            " |\n"
            " |\n");
  EXPECT_LT(DrawTallyMarks(UINT64_MAX - 100, 40, 100).size(), 130'000u);
}

class LolWutTest : public SessionCommandTest {};

TEST_F(LolWutTest, EndsWithTheServersNameAndVersion) {
  services.server_facts.version = "0.9";
  services.core.commands_processed.Set(2);
  const std::string picture = Run("LOLWUT");
  EXPECT_NE(picture.find(" | | |\n | | |\n | | |\n\n3 requests"), std::string::npos) << picture;
  EXPECT_TRUE(picture.ends_with("\nTally ver. 0.9\n\r\n")) << picture;
  EXPECT_TRUE(Run("LOLWUT", "VERSION", "5", "1", "1").ends_with("\nTally ver. 0.9\n\r\n"));
  client.resp = 3;
  EXPECT_EQ(Run("LOLWUT").front(), '=');
}

TEST_F(LolWutTest, WantsNumbersWhereRedisDoes) {
  constexpr std::string_view kError = "-ERR value is not an integer or out of range\r\n";
  EXPECT_EQ(Run("LOLWUT", "VERSION", "x"), kError);
  EXPECT_EQ(Run("LOLWUT", "VERSION", "5", "x"), kError);
  EXPECT_EQ(Run("LOLWUT", "VERSION").front(), '$');
  EXPECT_EQ(Run("LOLWUT", "x").front(), '$');
}

}  // namespace
}  // namespace tally::server
