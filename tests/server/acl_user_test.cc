#include "server/acl_user.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "server/acl_password.h"
#include "server/acl_users.h"
#include "server/command.h"

namespace tally::server {
namespace {

class AclUserTest : public ::testing::Test {
 protected:
  AclProblem Apply(std::string_view rule) { return user.Apply(rule, false); }
  /// A new user by these rules, without "user joe off" and "resetchannels".
  std::string Described(std::initializer_list<std::string_view> rules) {
    user = AclUser("joe", 1, false);
    for (const std::string_view rule : rules) {
      const AclProblem problem = Apply(rule);
      if (problem != AclProblem::kNone) return std::string(TextOf(problem));
    }
    constexpr std::string_view kUsual = "user joe off resetchannels ";
    const std::string text = user.Text();
    return text.starts_with(kUsual) ? text.substr(kUsual.size()) : text;
  }
  /// Why the user may not run it: "" (it may), "command", "key 2", "channel 1".
  std::string Denied(std::initializer_list<std::string_view> request) {
    const std::span<const std::string_view> args(request.begin(), request.size());
    bool unknown_subcommand = false;
    const Command* const command = FindCommand(args, &unknown_subcommand);
    if (command == nullptr || !ArityFits(*command, args.size())) return "no such request";
    const AclDenial denial = user.Check(*command, args);
    switch (denial.reason) {
      case AclDenial::Reason::kNone:
        return "";
      case AclDenial::Reason::kCommand:
        return "command";
      case AclDenial::Reason::kKey:
        return "key " + std::to_string(denial.argument);
      case AclDenial::Reason::kChannel:
        return "channel " + std::to_string(denial.argument);
    }
    return "";
  }

  AclUser user{"joe", 1, false};
};

TEST_F(AclUserTest, ANewUserMayDoNothingAndTheDefaultOneAll) {
  EXPECT_EQ(user.Text(), "user joe off resetchannels -@all");
  EXPECT_EQ(AclUser("joe", 1, true).Text(), "user joe off &* -@all");
  const AclUser everybody = AclUser::Default(1);
  EXPECT_EQ(everybody.Text(), "user default on nopass ~* &* +@all");
  EXPECT_TRUE(everybody.may_do_everything());
  EXPECT_FALSE(user.may_do_everything());
  EXPECT_EQ(Denied({"GET", "a"}), "command");
}

// As redis-server 7.0.15 describes them (single commands sorted).
TEST_F(AclUserTest, CommandsAreDescribedByTheCategoriesThatFitBest) {
  EXPECT_EQ(Described({"+get", "+set"}), "-@all +get +set");
  EXPECT_EQ(Described({"allcommands", "-get", "+get"}), "+@all");
  EXPECT_EQ(Described({"+@all", "-get"}), "+@all -get");
  EXPECT_EQ(Described({"+@read", "-get", "+@read"}), "-@all +@read");
  EXPECT_EQ(Described({"+@read", "-get"}), "-@all +@read -get");
  EXPECT_EQ(Described({"+@read", "+@write", "-@write"}), "-@all +@read");
  EXPECT_EQ(Described({"+GET", "get", "+@READ"}), "Syntax error");
  EXPECT_EQ(Described({"+GET", "+@READ"}), "-@all +@read");
  EXPECT_EQ(Described({"+client|kill", "+client|list", "-client"}), "-@all");
  EXPECT_EQ(Described({"+@all", "-client", "+client|kill"}).substr(0, 5), "+@all");
  EXPECT_EQ(Described({"+@all", "-client|kill", "+client"}), "+@all");
  EXPECT_EQ(Described({"+@admin", "-config|get"}), "-@all +@admin -config|get");
  EXPECT_EQ(Described({"+@all", "-@all", "+get"}), "-@all +get");
}

TEST_F(AclUserTest, CommandsOfRedisThatAreMissingHereMayBeNamed) {
  EXPECT_EQ(Described({"+zadd", "+xgroup|create"}), "-@all +xgroup|create +zadd");
  EXPECT_EQ(Described({"+@sortedset"}), "-@all +@sortedset");
  EXPECT_EQ(Described({"+@all", "-@hash"}), "+@all -@hash");
}

TEST_F(AclUserTest, AFirstArgumentAllowsACommandThatIsNotAllowed) {
  EXPECT_EQ(Described({"+select|0", "+select|1", "+get|Foo", "+get|foo"}),
            "-@all +get|Foo +select|0 +select|1");
  EXPECT_EQ(Denied({"SELECT", "1"}), "");
  EXPECT_EQ(Denied({"SELECT", "2"}), "command");
  EXPECT_EQ(Described({"+select|0", "+select", "-select"}), "-@all");
  EXPECT_EQ(Described({"+client|kill|x"}), "Allowing first-arg of a subcommand is not supported");
  EXPECT_EQ(Described({"+get|"}), "Syntax error");
}

TEST_F(AclUserTest, RulesThatAreWrong) {
  constexpr std::string_view kUnknown = "Unknown command or category name in ACL";
  for (const std::string_view rule : {"+nosuch", "-nosuch", "+@nosuch", "+client|nosuch", "+", "+|",
                                      "-get|x", "-client|", "+nosuch|x", "+@"}) {
    EXPECT_EQ(Described({rule}), kUnknown) << rule;
  }
  for (const std::string_view rule : {"foo", ")", "%", "%~x", "%RR~x", "%RWx~x", "~a b", "&a b",
                                      "+client|", "((+get))", "(on)", "(+get x)"}) {
    EXPECT_EQ(Described({rule}), "Syntax error") << rule;
  }
  EXPECT_TRUE(Described({"allkeys", "~x"})
                  .starts_with("Adding a pattern after the * pattern (or "
                               "the 'allkeys' flag)"));
  EXPECT_TRUE(Described({"&*", "&x"})
                  .starts_with("Adding a pattern after the * pattern (or the "
                               "'allchannels' flag)"));
}

TEST_F(AclUserTest, PasswordsAreKeptAsHashes) {
  const std::string x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
  EXPECT_EQ(PasswordHash("x"), x);
  EXPECT_EQ(Described({">x", ">x"}), "user joe off #" + x + " resetchannels -@all");
  EXPECT_TRUE(user.HasPassword(x));
  EXPECT_EQ(Described({"nopass", "#" + x}), "user joe off #" + x + " resetchannels -@all");
  EXPECT_EQ(Described({">x", "!" + x}), "-@all");
  EXPECT_EQ(Described({">x", "<y"}),
            "The password you are trying to remove from the user does not exist");
  for (const std::string_view hash : {"#abc", "!abc", "#"}) {
    EXPECT_TRUE(Described({hash}).starts_with("The password hash must be exactly 64 ")) << hash;
  }
  EXPECT_EQ(Described({">x", "nopass", "on"}), "user joe on nopass resetchannels -@all");
  EXPECT_EQ(RandomHexDigits(5).size(), 5u);
  EXPECT_NE(RandomHexDigits(64), RandomHexDigits(64));
}

TEST_F(AclUserTest, KeysAreReadOrWrittenOrBoth) {
  EXPECT_EQ(Described({"+@all", "%R~r*", "%W~w*", "~b*", "%rw~c", "%R~d", "%W~d"}),
            "user joe off %R~r* %W~w* ~b* ~c ~d resetchannels +@all");
  EXPECT_EQ(Denied({"GET", "r1"}), "");
  EXPECT_EQ(Denied({"GET", "w1"}), "key 1");
  EXPECT_EQ(Denied({"SET", "w1", "x"}), "");
  EXPECT_EQ(Denied({"SET", "w1", "x", "GET"}), "key 1");
  EXPECT_EQ(Denied({"SET", "b1", "x", "GET"}), "");
  EXPECT_EQ(Denied({"INCR", "w1"}), "key 1");
  EXPECT_EQ(Denied({"DEL", "w1", "w2", "r1"}), "key 3");
  EXPECT_EQ(Denied({"MGET", "r1", "x"}), "key 2");
  EXPECT_EQ(Denied({"MSET", "w1", "v", "r1", "v"}), "key 3");
  EXPECT_EQ(Denied({"COPY", "r1", "w1"}), "");
  EXPECT_EQ(Denied({"COPY", "w1", "r1"}), "key 1");
  EXPECT_EQ(Denied({"RENAME", "b1", "r1"}), "key 2");
  EXPECT_EQ(Denied({"BITOP", "AND", "w1", "r1", "w1"}), "key 4");
  EXPECT_EQ(Denied({"BITFIELD", "r1", "GET", "u8", "0"}), "");
  EXPECT_EQ(Denied({"BITFIELD", "r1", "SET", "u8", "0", "1"}), "key 1");
  EXPECT_EQ(Denied({"OBJECT", "ENCODING", "x"}), "key 2");
  // Neither read nor written: any pattern will do.
  EXPECT_EQ(Denied({"EXISTS", "r1", "w1", "b1"}), "");
  EXPECT_EQ(Denied({"EXISTS", "x"}), "key 1");
  EXPECT_EQ(Denied({"WATCH", "x"}), "key 1");
  EXPECT_EQ(Denied({"PING"}), "");
}

TEST_F(AclUserTest, ChannelsMatchAPatternAndPatternsOnlyThemselves) {
  EXPECT_EQ(Described({"+@all", "~*", "&ch*", "&x"}),
            "user joe off ~* resetchannels &ch* &x +@all");
  EXPECT_EQ(Denied({"PUBLISH", "ch1", "m"}), "");
  EXPECT_EQ(Denied({"PUBLISH", "y", "ch1"}), "channel 1");
  EXPECT_EQ(Denied({"SUBSCRIBE", "ch1", "y"}), "channel 2");
  EXPECT_EQ(Denied({"SSUBSCRIBE", "x", "y"}), "channel 2");
  EXPECT_EQ(Denied({"SPUBLISH", "y", "m"}), "channel 1");
  EXPECT_EQ(Denied({"PSUBSCRIBE", "ch*"}), "");
  EXPECT_EQ(Denied({"PSUBSCRIBE", "ch1"}), "channel 1");
  EXPECT_EQ(Denied({"UNSUBSCRIBE", "y"}), "");
}

TEST_F(AclUserTest, OneSelectorHasToAllowTheWholeRequest) {
  EXPECT_EQ(Described({"+get", "~a", "(+set ~b)", "( +mget   %R~c )", "()"}),
            "user joe off ~a resetchannels -@all +get (~b resetchannels -@all +set) "
            "(%R~c resetchannels -@all +mget) (resetchannels -@all)");
  EXPECT_EQ(Denied({"GET", "a"}), "");
  EXPECT_EQ(Denied({"SET", "b", "x"}), "");
  EXPECT_EQ(Denied({"SET", "a", "x"}), "key 1");
  EXPECT_EQ(Denied({"GET", "b"}), "key 1");
  EXPECT_EQ(Denied({"DEL", "a"}), "command");
  EXPECT_EQ(Apply("clearselectors"), AclProblem::kNone);
  EXPECT_EQ(Denied({"SET", "b", "x"}), "command");
}

TEST_F(AclUserTest, WhoeverMayDoNothingMayStillLogIn) {
  EXPECT_EQ(Denied({"AUTH", "x"}), "");
  EXPECT_EQ(Denied({"HELLO"}), "");
  EXPECT_EQ(Denied({"QUIT"}), "");
  EXPECT_EQ(Denied({"RESET"}), "");
  EXPECT_EQ(Denied({"PING"}), "command");
}

TEST_F(AclUserTest, ResetForgetsEverything) {
  EXPECT_EQ(Described({"on", ">x", "~a", "&b", "+get", "(+set)", "reset"}),
            "user joe off sanitize-payload resetchannels -@all");
  EXPECT_EQ(Described({"skip-sanitize-payload"}),
            "user joe off skip-sanitize-payload resetchannels -@all");
  EXPECT_EQ(user.id(), 1u);
}

TEST_F(AclUserTest, ASelectorMayComeInPieces) {
  std::string unmatched;
  const std::array<std::string_view, 5> pieces{"on", "(+get", "~a", "~b)", "off"};
  const std::vector<std::string> whole{"on", "(+get ~a ~b)", "off"};
  EXPECT_EQ(JoinSelectors(pieces, &unmatched), whole);
  EXPECT_EQ(unmatched, "");
  const std::array<std::string_view, 3> open{"()", "(+get)x", "on"};
  static_cast<void>(JoinSelectors(open, &unmatched));
  EXPECT_EQ(unmatched, "(+get)x");
  const std::array<std::string_view, 5> twice{"on", "(+get", "off", "(+set", "~a)"};
  const std::vector<std::string> last{"on", "(+set ~a)"};
  EXPECT_EQ(JoinSelectors(twice, &unmatched), last);
  EXPECT_EQ(unmatched, "");
}

TEST_F(AclUserTest, LosingChannelsIsNoticed) {
  const auto with = [](std::initializer_list<std::string_view> rules) {
    AclUser made("joe", 1, false);
    for (const std::string_view rule : rules) EXPECT_EQ(made.Apply(rule, false), AclProblem::kNone);
    return made;
  };
  EXPECT_TRUE(with({"&a"}).LosesChannels(with({"&*"})));
  EXPECT_TRUE(with({"&a"}).LosesChannels(with({"&a", "(&b)"})));
  EXPECT_FALSE(with({"&a", "&b"}).LosesChannels(with({"&a"})));
  EXPECT_FALSE(with({"(&*)"}).LosesChannels(with({"&*"})));
  EXPECT_TRUE(with({"&a*"}).MayListen("ab", false));
  EXPECT_FALSE(with({"&a*"}).MayListen("ab", true));
}

TEST(AclUsers, AChangeIsWholeAndRaisesTheGeneration) {
  AclUsers users;
  const uint64_t before = users.generation();
  const std::vector<std::string> bad{"on", "+nosuch"};
  const AclUsers::Change failed = users.Set("joe", bad);
  EXPECT_EQ(failed.problem, AclProblem::kUnknownName);
  EXPECT_EQ(failed.rule, "+nosuch");
  EXPECT_EQ(users.Find("joe"), nullptr);
  EXPECT_EQ(users.generation(), before);

  const std::vector<std::string> good{"on", ">pw"};
  const AclUsers::Change made = users.Set("joe", good);
  EXPECT_EQ(made.before, nullptr);
  EXPECT_GT(users.generation(), before);
  const AclUsers::UserPtr kept = users.Find("joe");
  const std::vector<std::string> more{"+get"};
  EXPECT_EQ(users.Set("joe", more).before, kept);
  EXPECT_NE(users.Find("joe")->Text(), kept->Text());
  EXPECT_EQ(users.Find("joe")->id(), kept->id());

  EXPECT_EQ(users.LogIn("joe", "pw"), users.Find("joe"));
  EXPECT_EQ(users.LogIn("joe", "px"), nullptr);
  EXPECT_EQ(users.LogIn("nobody", "pw"), nullptr);
  EXPECT_EQ(users.Remove("nobody"), nullptr);
  EXPECT_NE(users.Remove("joe"), nullptr);
  EXPECT_EQ(users.Find("joe"), nullptr);
  EXPECT_NE(users.Set("joe", good).after->id(), kept->id()) << "another of that name";
}

TEST(AclUsers, TheDefaultUserSaysWhetherALoginIsAskedFor) {
  AclUsers users;
  EXPECT_FALSE(users.asks_for_login());
  EXPECT_EQ(users.Remove("default"), nullptr);
  users.SetDefaultPassword("x");
  EXPECT_TRUE(users.asks_for_login());
  EXPECT_FALSE(users.default_is_open());
  users.SetDefaultPassword("");
  EXPECT_FALSE(users.asks_for_login());
  const std::vector<std::string> off{"off"};
  ASSERT_EQ(users.Set("default", off).problem, AclProblem::kNone);
  EXPECT_TRUE(users.asks_for_login());
  EXPECT_TRUE(users.default_is_open());
}

}  // namespace
}  // namespace tally::server
