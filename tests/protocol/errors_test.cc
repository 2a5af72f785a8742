#include "protocol/errors.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

// The expected texts were taken from redis-server 7.0.15.
namespace tally::protocol::errors {
namespace {

using namespace std::string_literals;  // NOLINT: literals with NUL in them

std::string Unknown(const std::vector<std::string>& args) {
  const std::vector<std::string_view> views(args.begin(), args.end());
  return UnknownCommand(views);
}

constexpr std::string_view kBeginning = "', with args beginning with: ";

TEST(ErrorsTest, UnknownCommandShowsItsArguments) {
  EXPECT_EQ(Unknown({"FoO"}), "ERR unknown command 'FoO', with args beginning with: ");
  EXPECT_EQ(Unknown({"foo", "bar", "", "'%s'"}),
            "ERR unknown command 'foo', with args beginning with: 'bar' '' ''%s'' ");
  EXPECT_EQ(Unknown({""}), "ERR unknown command '', with args beginning with: ");
}

TEST(ErrorsTest, UnknownCommandIsCutAt128Bytes) {
  EXPECT_EQ(Unknown({std::string(128, 'x')}),
            "ERR unknown command '" + std::string(128, 'x') + std::string(kBeginning));
  EXPECT_EQ(Unknown({std::string(129, 'x'), "y"}),
            "ERR unknown command '" + std::string(128, 'x') + std::string(kBeginning) + "'y' ");
  const auto shown = [](const std::vector<std::string>& args) {
    const std::string text = Unknown(args);
    return text.substr(text.find(": ") + 2);
  };
  const auto y = [](std::size_t n) { return std::string(n, 'y'); };
  EXPECT_EQ(shown({"f", y(128), "z"}), "'" + y(128) + "' ");
  EXPECT_EQ(shown({"f", y(200), "z"}), "'" + y(128) + "' ");
  EXPECT_EQ(shown({"f", y(120), "zzz"}), "'" + y(120) + "' 'zzz' ");
  EXPECT_EQ(shown({"f", y(123), "zz", "w"}), "'" + y(123) + "' 'zz' ");
  EXPECT_EQ(shown({"f", y(124), "zz", "w"}), "'" + y(124) + "' 'z' ");
  EXPECT_EQ(shown({"f", y(125), "zz"}), "'" + y(125) + "' ");
  EXPECT_EQ(shown({"f", y(60), y(60), "ccc"}), "'" + y(60) + "' '" + y(60) + "' 'cc' ");
}

TEST(ErrorsTest, EchoedNamesEndAtTheirFirstNul) {
  EXPECT_EQ(Unknown({"f\0o"s, "a\0b"s, "\0c"s, "d"}),
            "ERR unknown command 'f', with args beginning with: 'a' '' 'd' ");
  EXPECT_EQ(UnknownSubcommand("a\0b"s, "client"), "ERR unknown subcommand 'a'. Try CLIENT HELP.");
  EXPECT_EQ(BadSubcommand("a\0b"s, "debug"),
            "ERR unknown subcommand or wrong number of arguments for 'a'. Try DEBUG HELP.");
  EXPECT_EQ(HelloSyntax("a\0b"s), "ERR Syntax error in HELLO option 'a'");
  EXPECT_EQ(UnsupportedOption("f\0o"s), "ERR Unsupported option f");
  EXPECT_EQ(NoSuchUser("a\0b"s), "ERR No such user 'a'");
  EXPECT_EQ(UnknownClientType("a\0b"s), "ERR Unknown client type 'a'");
  EXPECT_EQ(UnknownConfigOption("a\0b"s),
            "ERR Unknown option or number of arguments for CONFIG SET - 'a'");
}

TEST(ErrorsTest, OtherEchoedBytesAreKept) {
  EXPECT_EQ(Unknown({"f", "\xff\x80\x01"}),
            "ERR unknown command 'f', with args beginning with: '\xff\x80\x01' ");
}

TEST(ErrorsTest, UnknownSubcommandIsCutAt128Bytes) {
  EXPECT_EQ(UnknownSubcommand(std::string(129, 'x'), "config"),
            "ERR unknown subcommand '" + std::string(128, 'x') + "'. Try CONFIG HELP.");
}

TEST(ErrorsTest, BuiltTextsReadAsInRedis) {
  EXPECT_EQ(WrongArgumentCount("get"), "ERR wrong number of arguments for 'get' command");
  EXPECT_EQ(WrongArgumentCount("config|get"),
            "ERR wrong number of arguments for 'config|get' command");
  EXPECT_EQ(InvalidExpireTime("setex"), "ERR invalid expire time in 'setex' command");
  EXPECT_EQ(MustBeBetween(-2147483648, 2147483647),
            "ERR value is out of range, value must between -2147483648 and 2147483647");
  EXPECT_EQ(ExpectedBulk('P'), "ERR Protocol error: expected '$', got 'P'");
  EXPECT_EQ(InvalidClientAttribute("lib-name"),
            "ERR lib-name cannot contain spaces, newlines or special characters.");
}

TEST(ErrorsTest, ConfigSetFailuresNameTheParameterAndTheReason) {
  EXPECT_EQ(ConfigSetFailed("maxclients", kConfigNotAnInteger),
            "ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument couldn't "
            "be parsed into an integer");
  EXPECT_EQ(ConfigSetFailed("maxclients", ConfigOutOfRange(1, 4294967295)),
            "ERR CONFIG SET failed (possibly related to argument 'maxclients') - argument must be "
            "between 1 and 4294967295 inclusive");
  const std::array<std::string_view, 3> choices = {"everysec", "always", "no"};
  EXPECT_EQ(ConfigSetFailed("appendfsync", ConfigNotOneOf(choices)),
            "ERR CONFIG SET failed (possibly related to argument 'appendfsync') - argument(s) must "
            "be one of the following: everysec, always, no");
}

}  // namespace
}  // namespace tally::protocol::errors
