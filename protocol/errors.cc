#include "protocol/errors.h"

#include <initializer_list>

#include "protocol/number.h"

namespace tally::protocol::errors {
namespace {

// How much of a command's name, and of all its arguments together, an error shows.
constexpr std::size_t kMaxEchoBytes = 128;

std::string_view UntilNul(std::string_view text) { return text.substr(0, text.find('\0')); }

std::string Join(std::initializer_list<std::string_view> parts) {
  std::size_t size = 0;
  for (const std::string_view part : parts) {
    size += part.size();
  }
  std::string joined;
  joined.reserve(size);
  for (const std::string_view part : parts) {
    joined += part;
  }
  return joined;
}

std::string Decimal(std::int64_t value) {
  std::string text;
  AppendInteger(&text, value);
  return text;
}

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') {
      c = static_cast<char>(c - 'a' + 'A');
    }
  }
  return upper;
}

}  // namespace

std::string ExpectedBulk(char got) {
  if (got == '\r' || got == '\n' || got == '\0') {
    got = ' ';
  }
  return Join({"ERR Protocol error: expected '$', got '", std::string_view(&got, 1), "'"});
}

std::string UnknownCommand(std::span<const std::string_view> args) {
  std::string shown;
  for (std::size_t i = 1; i < args.size() && shown.size() < kMaxEchoBytes; ++i) {
    const std::string_view arg = args[i].substr(0, kMaxEchoBytes - shown.size());
    shown += '\'';
    shown += UntilNul(arg);
    shown += "' ";
  }
  const std::string_view name =
      args.empty() ? std::string_view() : args[0].substr(0, kMaxEchoBytes);
  return Join({"ERR unknown command '", UntilNul(name), "', with args beginning with: ", shown});
}

std::string UnknownSubcommand(std::string_view subcommand, std::string_view command) {
  return Join({"ERR unknown subcommand '", UntilNul(subcommand.substr(0, kMaxEchoBytes)), "'. Try ",
               UpperCase(command), " HELP."});
}

std::string BadSubcommand(std::string_view subcommand, std::string_view command) {
  return Join({"ERR unknown subcommand or wrong number of arguments for '",
               UntilNul(subcommand.substr(0, kMaxEchoBytes)), "'. Try ", UpperCase(command),
               " HELP."});
}

std::string NotForSubscribers(std::string_view command) {
  return Join(
      {"ERR Can't execute '", command,
       "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
       "context"});
}

std::string WrongArgumentCount(std::string_view command) {
  return Join({"ERR wrong number of arguments for '", command, "' command"});
}

std::string MustBeBetween(std::int64_t min, std::int64_t max) {
  return Join(
      {"ERR value is out of range, value must between ", Decimal(min), " and ", Decimal(max)});
}

std::string InvalidExpireTime(std::string_view command) {
  return Join({"ERR invalid expire time in '", command, "' command"});
}

std::string UnsupportedOption(std::string_view option) {
  return Join({"ERR Unsupported option ", UntilNul(option)});
}

std::string NamedNotAnInteger(std::string_view what) {
  return Join({"ERR ", what, " is not an integer or out of range"});
}

std::string NamedNotAFloat(std::string_view what) {
  return Join({"ERR ", what, " is not a valid float"});
}

std::string HelloSyntax(std::string_view option) {
  return Join({"ERR Syntax error in HELLO option '", UntilNul(option), "'"});
}

std::string NoSuchUser(std::string_view user) {
  return Join({"ERR No such user '", UntilNul(user), "'"});
}

std::string UnknownClientType(std::string_view type) {
  return Join({"ERR Unknown client type '", UntilNul(type), "'"});
}

std::string PrefixOverlapsExisting(std::string_view prefix, std::string_view existing) {
  return Join({"ERR Prefix '", UntilNul(prefix), "' overlaps with an existing prefix '",
               UntilNul(existing), "'. Prefixes for a single client must not overlap."});
}

std::string PrefixOverlapsProvided(std::string_view prefix, std::string_view provided) {
  return Join({"ERR Prefix '", UntilNul(prefix), "' overlaps with another provided prefix '",
               UntilNul(provided), "'. Prefixes for a single client must not overlap."});
}

std::string UnrecognizedOption(std::string_view option) {
  return Join({"ERR Unrecognized option '", UntilNul(option), "'"});
}

std::string InvalidClientAttribute(std::string_view attribute) {
  return Join({"ERR ", attribute, " cannot contain spaces, newlines or special characters."});
}

std::string NotAProtocolType(std::string_view names) {
  return "ERR Wrong protocol type name. Please use one of the following: " + std::string(names);
}

std::string UnknownArgument(std::string_view argument) {
  return "ERR Unknown argument " + std::string(argument);
}

std::string UnknownConfigOption(std::string_view option) {
  return Join(
      {"ERR Unknown option or number of arguments for CONFIG SET - '", UntilNul(option), "'"});
}

std::string ConfigSetFailed(std::string_view name, std::string_view reason) {
  return Join({"ERR CONFIG SET failed (possibly related to argument '", name, "') - ", reason});
}

std::string ConfigOutOfRange(std::int64_t min, std::int64_t max) {
  return Join({"argument must be between ", Decimal(min), " and ", Decimal(max), " inclusive"});
}

std::string ConfigNotOneOf(std::span<const std::string_view> choices) {
  std::string text = "argument(s) must be one of the following: ";
  for (std::size_t i = 0; i < choices.size(); ++i) {
    text += i == 0 ? "" : ", ";
    text += choices[i];
  }
  return text;
}

std::string ExecAborted(std::string_view error) {
  constexpr std::string_view kUsualCode = "ERR ";
  if (error.starts_with(kUsualCode)) error.remove_prefix(kUsualCode.size());
  return "EXECABORT Transaction discarded because of: " + std::string(error);
}

std::string ConfigRewriteFailed(std::string_view problem) {
  return Join({"ERR Rewriting config file: ", problem});
}

std::string UnrecognizedReplConf(std::string_view option) {
  return Join({"ERR Unrecognized REPLCONF option: ", UntilNul(option)});
}

std::string UnknownCategory(std::string_view category) {
  return Join({"ERR Unknown category '", UntilNul(category), "'"});
}

std::string NoPermissionToRun(std::string_view command) {
  return Join({"NOPERM this user has no permissions to run the '", command, "' command"});
}

std::string BadAclRule(std::string_view rule, std::string_view problem) {
  return Join({"ERR Error in ACL SETUSER modifier '", UntilNul(rule), "': ", problem});
}

std::string UnmatchedSelector(std::string_view rule) {
  return Join({"ERR Unmatched parenthesis in acl selector starting at '", UntilNul(rule), "'."});
}

std::string UserNotFound(std::string_view user) {
  return Join({"ERR User '", UntilNul(user), "' not found"});
}

std::string CommandNotFound(std::string_view command) {
  return Join({"ERR Command '", UntilNul(command), "' not found"});
}

std::string NoLatencySamples(std::string_view event) {
  return Join({"ERR No samples available for event '", UntilNul(event), "'"});
}

}  // namespace tally::protocol::errors
