#include "tests/server/session_command_fixture.h"

namespace tally::server {
namespace {

class ServerCommandsTest : public SessionCommandTest {};

TEST_F(ServerCommandsTest, TimeIsSecondsAndMicroseconds) {
  EXPECT_TRUE(Run("TIME").starts_with("*2\r\n$10\r\n1"));
}

TEST_F(ServerCommandsTest, SaveAnswersWhenTheCheckpointIsDone) {
  EXPECT_EQ(Run("SAVE"), "");
  ASSERT_TRUE(deferred());
  services.EndCheckpoint(true, "");
  EXPECT_EQ(later(), "+OK\r\n");
}

TEST_F(ServerCommandsTest, SaveTellsWhyItFailed) {
  Run("SAVE");
  services.EndCheckpoint(false, "no room");
  EXPECT_EQ(later(), "-ERR no room\r\n");
}

TEST_F(ServerCommandsTest, OneCheckpointAtATime) {
  EXPECT_EQ(Run("BGSAVE"), "+Background saving started\r\n");
  EXPECT_EQ(Run("BGSAVE"), "-ERR Background save already in progress\r\n");
  EXPECT_EQ(Run("BGSAVE", "schedule"), "-ERR Background save already in progress\r\n");
  EXPECT_EQ(Run("SAVE"), "-ERR Background save already in progress\r\n");
}

TEST_F(ServerCommandsTest, BgSaveTakesScheduleOnly) {
  EXPECT_EQ(Run("BGSAVE", "x"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("BGREWRITEAOF"), "+Background append only file rewriting started\r\n");
  EXPECT_EQ(Run("BGREWRITEAOF"),
            "-ERR Background append only file rewriting already in progress\r\n");
  services.checkpoint_done = nullptr;
  EXPECT_EQ(Run("BGSAVE", "SCHEDULE", "x"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("BGSAVE", "SCHEDULE"), "+Background saving started\r\n");
}

TEST_F(ServerCommandsTest, LastSaveIsTheLastCheckpoint) {
  services.checkpoint.last_success_s = 1234;
  EXPECT_EQ(Run("LASTSAVE"), ":1234\r\n");
}

TEST_F(ServerCommandsTest, WaitAofAnswersAtOnceWhenEverythingIsSynced) {
  services.commit.appended = 8;
  services.commit.synced = 8;
  EXPECT_EQ(Run("WAITAOF", "1", "0", "0"), "*2\r\n:1\r\n:0\r\n");
  EXPECT_TRUE(services.waits.empty());
}

TEST_F(ServerCommandsTest, WaitAofWaitsForWhatIsAppendedOnly) {
  services.commit.appended = 8;
  services.commit.synced = 7;
  EXPECT_EQ(Run("WAITAOF", "0", "0", "0"), "*2\r\n:0\r\n:0\r\n");
  EXPECT_EQ(Run("WAITAOF", "1", "0", "50"), "");
  ASSERT_EQ(services.waits.size(), 1u);
  EXPECT_EQ(services.waits[0].ticket, 8u);
  EXPECT_EQ(services.waits[0].timeout_ms, 50);
  services.commit.appended = 9;
  services.commit.synced = 8;
  services.waits[0].done(true);
  EXPECT_EQ(later(), "*2\r\n:1\r\n:0\r\n");
}

TEST_F(ServerCommandsTest, WaitAofSaysSoWhenTheTimeIsOver) {
  services.commit.appended = 8;
  services.commit.synced = 7;
  Run("WAITAOF", "1", "0", "50");
  services.waits[0].done(false);
  EXPECT_EQ(later(), "*2\r\n:0\r\n:0\r\n");
}

TEST_F(ServerCommandsTest, WaitAofForReplicasWaitsForTheTime) {
  services.commit.appended = 8;
  services.commit.synced = 8;
  EXPECT_EQ(Run("WAITAOF", "1", "1", "50"), "");
  ASSERT_EQ(services.waits.size(), 1u);
  EXPECT_GT(services.waits[0].ticket, storage::kMaxTicket);
  services.waits[0].done(false);
  EXPECT_EQ(later(), "*2\r\n:1\r\n:0\r\n");
}

TEST_F(ServerCommandsTest, WaitAofPassesOnTimesThatAClockCanTake) {
  Run("WAITAOF", "0", "1", "5000000000000000000");
  ASSERT_EQ(services.waits.size(), 1u);
  EXPECT_LT(services.waits[0].timeout_ms, INT64_MAX / 1'000'000);
}

TEST_F(ServerCommandsTest, WaitAnswersThatThereAreNoReplicas) {
  EXPECT_EQ(Run("WAIT", "0", "0"), ":0\r\n");
  EXPECT_EQ(Run("WAIT", "-1", "0"), ":0\r\n");
  EXPECT_EQ(Run("WAIT", "2", "70"), "");
  ASSERT_EQ(services.waits.size(), 1u);
  EXPECT_EQ(services.waits[0].ticket, storage::kOpenTicket);
  EXPECT_EQ(services.waits[0].timeout_ms, 70);
  services.waits[0].done(false);
  EXPECT_EQ(later(), ":0\r\n");
  EXPECT_EQ(Run("WAIT", "x", "0"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(Run("WAIT", "0", "x"), "-ERR timeout is not an integer or out of range\r\n");
  EXPECT_EQ(Run("WAIT", "0", "-1"), "-ERR timeout is negative\r\n");
}

TEST_F(ServerCommandsTest, WaitAofRefusesBadNumbers) {
  EXPECT_EQ(Run("WAITAOF", "2", "0", "0"),
            "-ERR value is out of range, value must between 0 and 1\r\n");
  EXPECT_EQ(Run("WAITAOF", "x", "0", "0"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(Run("WAITAOF", "0", "-1", "0"), "-ERR value is out of range, must be positive\r\n");
  EXPECT_EQ(Run("WAITAOF", "0", "x", "0"), "-ERR value is out of range, must be positive\r\n");
  EXPECT_EQ(Run("WAITAOF", "0", "0", "x"), "-ERR timeout is not an integer or out of range\r\n");
  EXPECT_EQ(Run("WAITAOF", "0", "0", "-1"), "-ERR timeout is negative\r\n");
  EXPECT_EQ(Run("WAITAOF", "0", "0", "9223372036854775807"), "-ERR timeout is out of range\r\n");
}

TEST_F(ServerCommandsTest, ShutdownHasNoReplyAndMakesACheckpointUnlessToldNotTo) {
  EXPECT_EQ(Run("SHUTDOWN"), "");
  EXPECT_EQ(services.shutdown, true);
  EXPECT_EQ(client.reply_mode, ClientState::ReplyMode::kOff);
  EXPECT_EQ(Run("SHUTDOWN", "nosave", "NOW", "force"), "");
  EXPECT_EQ(services.shutdown, false);
  EXPECT_EQ(Run("SHUTDOWN", "SAVE"), "");
  EXPECT_EQ(services.shutdown, true);
}

TEST_F(ServerCommandsTest, ShutdownRefusesContradictions) {
  EXPECT_EQ(Run("SHUTDOWN", "x"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("SHUTDOWN", "SAVE", "NOSAVE"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("SHUTDOWN", "NOW", "ABORT"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("SHUTDOWN", "ABORT", "NOSAVE"), "-ERR syntax error\r\n");
  EXPECT_EQ(Run("SHUTDOWN", "ABORT"), "-ERR No shutdown in progress.\r\n");
  EXPECT_EQ(Run("SHUTDOWN", "ABORT", "ABORT"), "-ERR No shutdown in progress.\r\n");
  EXPECT_FALSE(services.shutdown);
}

}  // namespace
}  // namespace tally::server
