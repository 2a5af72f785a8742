#include <filesystem>
#include <string>
#include <utility>

#include "server/acl_file.h"
#include "server/client_rights.h"
#include "server/wall_clock.h"
#include "tests/server/session_command_fixture.h"
#include "tests/storage/test_directory.h"

namespace tally::server {
namespace {

class AclCommandsTest : public SessionCommandTest {
 protected:
  void Write(std::string_view text) const { storage::WriteFile(path, text); }
  std::string Read() const { return storage::ReadFile(path); }

 private:
  const storage::TestDirectory directory_;

 protected:
  const std::string path = directory_.File("users.acl");
};

TEST_F(AclCommandsTest, AtFirstThereIsOneUser) {
  EXPECT_EQ(Run("ACL", "WHOAMI"), "$7\r\ndefault\r\n");
  EXPECT_EQ(Run("ACL", "USERS"), "*1\r\n$7\r\ndefault\r\n");
  EXPECT_EQ(Run("ACL", "LIST"), "*1\r\n$34\r\nuser default on nopass ~* &* +@all\r\n");
}

TEST_F(AclCommandsTest, CategoriesAreRedissWhetherOrNotTheyHaveCommandsHere) {
  EXPECT_TRUE(Run("ACL", "CAT").starts_with("*21\r\n$8\r\nkeyspace\r\n$4\r\nread\r\n"));
  EXPECT_NE(Run("ACL", "CAT", "String").find("\r\n$6\r\nincrby\r\n"), std::string::npos);
  EXPECT_EQ(Run("ACL", "CAT", "string").find("\r\n$3\r\ndel\r\n"), std::string::npos);
  EXPECT_NE(Run("ACL", "CAT", "connection").find("\r\n$9\r\nclient|id\r\n"), std::string::npos);
  EXPECT_EQ(Run("ACL", "CAT", "nosuch"), "-ERR Unknown category 'nosuch'\r\n");
  EXPECT_EQ(Run("ACL", "CAT", "a", "b"),
            "-ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.\r\n");
}

TEST_F(AclCommandsTest, AUserIsToldInRespTwoAndThree) {
  EXPECT_EQ(Run("ACL", "SETUSER", "joe", "on", "nopass", "%R~a", "&c", "+get", "(+set", "~b)"),
            "+OK\r\n");
  const std::string fields =
      "$9\r\npasswords\r\n*0\r\n$8\r\ncommands\r\n$10\r\n-@all +get\r\n"
      "$4\r\nkeys\r\n$4\r\n%R~a\r\n$8\r\nchannels\r\n$2\r\n&c\r\n$9\r\nselectors\r\n*1\r\n";
  const std::string selector =
      "$8\r\ncommands\r\n$10\r\n-@all +set\r\n$4\r\nkeys\r\n$2\r\n~b\r\n$8\r\nchannels\r\n$0\r\n"
      "\r\n";
  const std::string flags = "$2\r\non\r\n$6\r\nnopass\r\n";
  EXPECT_EQ(Run("ACL", "GETUSER", "joe"),
            "*12\r\n$5\r\nflags\r\n*2\r\n" + flags + fields + "*6\r\n" + selector);
  client.resp = 3;
  EXPECT_EQ(Run("ACL", "GETUSER", "joe"),
            "%6\r\n$5\r\nflags\r\n~2\r\n" + flags + fields + "%3\r\n" + selector);
  EXPECT_EQ(Run("ACL", "GETUSER", "nobody"), "_\r\n");
}

TEST_F(AclCommandsTest, ErrorsOfSetUser) {
  EXPECT_EQ(Run("ACL", "SETUSER", "joe", "on", "foo"),
            "-ERR Error in ACL SETUSER modifier 'foo': Syntax error\r\n");
  EXPECT_EQ(Run("ACL", "GETUSER", "joe"), "$-1\r\n");
  EXPECT_EQ(Run("ACL", "SETUSER", "a b"),
            "-ERR Usernames can't contain spaces or null characters\r\n");
  EXPECT_EQ(Run("ACL", "SETUSER", "joe", "(+get"),
            "-ERR Unmatched parenthesis in acl selector starting at '(+get'.\r\n");
}

TEST_F(AclCommandsTest, RemovingAUserClosesWhoIsLoggedInAsIt) {
  Run("ACL", "SETUSER", "joe", "on", "nopass", "+@all");
  Run("ACL", "SETUSER", "ann", "on", "nopass");
  ClientState joe;
  joe.id = 6;
  BecomeUser(&joe, services.config().users().Find("joe"));
  ClientState ann;
  ann.id = 7;
  BecomeUser(&ann, services.config().users().Find("ann"));
  services.clients = {&client, &joe, &ann};
  EXPECT_EQ(Run("ACL", "DELUSER", "joe", "default"),
            "-ERR The 'default' user cannot be removed\r\n");
  EXPECT_EQ(Run("ACL", "DELUSER", "joe", "nobody"), ":1\r\n");
  EXPECT_EQ(services.actions.at(6), Services::ClientAction::kClose);
  EXPECT_EQ(services.actions.at(5), Services::ClientAction::kKeep);
  EXPECT_EQ(services.actions.at(7), Services::ClientAction::kKeep);
  EXPECT_EQ(Run("ACL", "DELUSER", "nobody"), ":0\r\n");
  // Whoever removes itself has the reply first.
  BecomeUser(&client, services.config().users().Find("ann"));
  EXPECT_EQ(Run("ACL", "DELUSER", "ann"), ":1\r\n");
  EXPECT_EQ(services.actions.at(5), Services::ClientAction::kCloseAfterReplies);
}

TEST_F(AclCommandsTest, PasswordsAreMadeUpByTheBit) {
  EXPECT_EQ(Run("ACL", "GENPASS").size(), 64u + 7);
  EXPECT_EQ(Run("ACL", "GENPASS", "5").substr(0, 4), "$2\r\n");
  EXPECT_EQ(Run("ACL", "GENPASS", "4096").substr(0, 7), "$1024\r\n");
  for (const char* bad : {"0", "-1", "4097"}) {
    EXPECT_TRUE(Run("ACL", "GENPASS", bad).starts_with("-ERR ACL GENPASS argument must be")) << bad;
  }
  EXPECT_EQ(Run("ACL", "GENPASS", "x"), "-ERR value is not an integer or out of range\r\n");
}

TEST_F(AclCommandsTest, DryRunTellsAndRunsNothing) {
  Run("ACL", "SETUSER", "joe", "+get", "+publish", "+client|id", "~a");
  EXPECT_EQ(Run("ACL", "DRYRUN", "joe", "get", "a"), "+OK\r\n");
  EXPECT_EQ(Run("ACL", "DRYRUN", "joe", "get", "b"),
            "$50\r\nThis user has no permissions to access the 'b' key\r\n");
  EXPECT_EQ(Run("ACL", "DRYRUN", "joe", "client", "kill", "x"),
            "$61\r\nThis user has no permissions to run the 'client|kill' command\r\n");
  EXPECT_EQ(Run("ACL", "DRYRUN", "joe", "publish", "c", "m"),
            "$54\r\nThis user has no permissions to access the 'c' channel\r\n");
  EXPECT_EQ(Run("ACL", "DRYRUN", "nobody", "get", "a"), "-ERR User 'nobody' not found\r\n");
  EXPECT_EQ(Run("ACL", "DRYRUN", "joe", "nosuch"), "-ERR Command 'nosuch' not found\r\n");
  EXPECT_EQ(Run("ACL", "DRYRUN", "joe", "get"),
            "-ERR wrong number of arguments for 'get' command\r\n");
  EXPECT_TRUE(services.refusals.Newest(10).empty());
}

TEST_F(AclCommandsTest, FailedLoginsAreInTheLogOncePerMinute) {
  WallClock::SetForTest(kNowMs);
  Run("AUTH", "joe", "x");
  Run("AUTH", "joe", "y");
  Run("HELLO", "3", "AUTH", "ann", "x");
  const std::string log = Run("ACL", "LOG");
  EXPECT_TRUE(
      log.starts_with("*2\r\n*14\r\n$5\r\ncount\r\n:1\r\n$6\r\nreason\r\n$4\r\nauth\r\n"
                      "$7\r\ncontext\r\n$8\r\ntoplevel\r\n$6\r\nobject\r\n$5\r\nhello\r\n"
                      "$8\r\nusername\r\n$3\r\nann\r\n$11\r\nage-seconds\r\n$1\r\n0\r\n"
                      "$11\r\nclient-info\r\n"))
      << log;
  EXPECT_NE(log.find("count\r\n:2\r\n"), std::string::npos) << log;
  EXPECT_EQ(Run("ACL", "LOG", "1").substr(0, 4), "*1\r\n");
  EXPECT_EQ(Run("ACL", "LOG", "-1"), "*0\r\n");
  EXPECT_EQ(Run("ACL", "LOG", "x"), "-ERR value is not an integer or out of range\r\n");
  EXPECT_EQ(Run("ACL", "LOG", "reset"), "+OK\r\n");
  EXPECT_EQ(Run("ACL", "LOG"), "*0\r\n");
  WallClock::SetForTest(0);
}

TEST_F(AclCommandsTest, TheLogKeepsNoMoreThanItMay) {
  AclLog log;
  const auto add = [&log](const std::string& object, uint64_t most, int64_t time_ms = 0) {
    AclLogEntry entry;
    entry.object = object;
    entry.time_ms = time_ms;
    log.Add(std::move(entry), most);
  };
  for (int i = 0; i < 5; ++i) add(std::to_string(i), 3);
  ASSERT_EQ(log.Newest(10).size(), 3u);
  EXPECT_EQ(log.Newest(10)[0].object, "4");
  add("2", 3);
  EXPECT_EQ(log.Newest(10)[0].count, 2u);
  add("2", 4, AclLog::kTogetherMs + 1);
  EXPECT_EQ(log.Newest(10)[0].count, 1u) << "later than a minute";
}

TEST_F(AclCommandsTest, WithoutAFileThereIsNothingToLoad) {
  EXPECT_TRUE(Run("ACL", "LOAD").starts_with("-ERR This Redis instance is not configured to use"));
  EXPECT_TRUE(Run("ACL", "SAVE").starts_with("-ERR This Redis instance is not configured to use"));
}

TEST_F(AclCommandsTest, TheFileHasAllUsersAndReplacesThem) {
  services.config().acl_file = path;
  Run("ACL", "SETUSER", "joe", "on", "nopass", "~a", "+get", "(+set ~b)");
  EXPECT_EQ(RunAside("ACL", "SAVE"), "+OK\r\n");
  const std::string saved =
      "user default on nopass ~* &* +@all\n"
      "user joe on nopass ~a resetchannels -@all +get "
      "(~b resetchannels -@all +set)\n";
  EXPECT_EQ(Read(), saved);
  Run("ACL", "SETUSER", "joe", "reset");
  Run("ACL", "SETUSER", "ann");
  EXPECT_EQ(RunAside("ACL", "LOAD"), "+OK\r\n");
  EXPECT_EQ(Run("ACL", "USERS"), "*2\r\n$7\r\ndefault\r\n$3\r\njoe\r\n");
  EXPECT_EQ(RunAside("ACL", "SAVE"), "+OK\r\n");
  EXPECT_EQ(Read(), saved);

  Write("user joe on\n\nuser joe off\nfoo\nuser x +nosuch bar baz\n");
  EXPECT_EQ(RunAside("ACL", "LOAD"),
            "-ERR WARNING: Duplicate user 'joe' found on line 3. " + path +
                ":4 should start with user keyword followed by the username. " + path +
                ":5: Error in applying operation '+nosuch': Unknown command or category name in "
                "ACL. " +
                path +
                ":5: Syntax error. WARNING: ACL errors detected, no change to the previously "
                "active ACL rules was performed\r\n");
  EXPECT_EQ(Run("ACL", "USERS"), "*2\r\n$7\r\ndefault\r\n$3\r\njoe\r\n");
  std::filesystem::remove(path);
  EXPECT_EQ(RunAside("ACL", "LOAD"),
            "-ERR Error loading ACLs, opening file '" + path + "': No such file or directory\r\n");
}

TEST_F(AclCommandsTest, ReloadingClosesAllButTheDefaultUsersClients) {
  services.config().acl_file = path;
  Run("ACL", "SETUSER", "joe", "on", "nopass");
  Write("user joe on nopass\n");
  ClientState joe;
  joe.id = 6;
  BecomeUser(&joe, services.config().users().Find("joe"));
  services.clients = {&client, &joe};
  EXPECT_EQ(RunAside("ACL", "LOAD"), "+OK\r\n");
  EXPECT_EQ(services.actions.at(6), Services::ClientAction::kClose);
  EXPECT_EQ(services.actions.at(5), Services::ClientAction::kKeep);
}

TEST_F(AclCommandsTest, ADeclarationBeginsWithNothing) {
  AclUsers& users = services.config().users();
  EXPECT_EQ(DeclareUser("joe on nopass (+get ~a)", &users), "");
  EXPECT_EQ(users.Find("joe")->Text(),
            "user joe on nopass resetchannels -@all (~a resetchannels "
            "-@all +get)");
  EXPECT_EQ(DeclareUser("default on >x", &users), "");
  EXPECT_TRUE(users.asks_for_login());
  EXPECT_FALSE(users.Find("default")->may_do_everything());
  EXPECT_EQ(DeclareUser("ann +nosuch", &users),
            "'+nosuch': Unknown command or category name in ACL");
  EXPECT_NE(DeclareUser("ann (+get", &users), "");
}

}  // namespace
}  // namespace tally::server
