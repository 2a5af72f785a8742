#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tally::server {

/// One argument of a command, as COMMAND DOCS tells it: a tree whose leaves are values and words.
struct SyntaxArgument {
  enum class Type : uint8_t {
    kString,
    kInteger,
    kDouble,
    kKey,
    kPattern,
    kUnixTime,
    kPureToken,  ///< a word that is typed as it stands
    kOneOf,      ///< one of `arguments`
    kBlock,      ///< all of `arguments`, in order
  };

  Type type = Type::kString;
  std::string name;
  std::string_view token;             ///< the word itself, or the word in front of the argument
  std::string_view since;             ///< empty: as old as the command
  std::string_view deprecated_since;  ///< empty: not deprecated
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;  ///< multiple, and the word comes again each time
  std::vector<SyntaxArgument> arguments;
};

/// Redis's name of a type ("unix-time").
[[nodiscard]] std::string_view TypeName(SyntaxArgument::Type type);

/// Reads the notation of `Command::syntax`, which stands for what follows the command's name:
///
///   value               a value of type string; the name `key` alone means type key
///   seconds:integer     a value with its type: string, integer, double, key, pattern, unix-time
///   GET                 a word (upper-case letters): type pure-token, named in lower case
///   EX seconds:integer  a word in front of the value or <…> or {…} that follows it
///   <NX|XX>             one of
///   {key value}         a block
///   [GET]               optional; around several: [NX|XX] is an optional one-of, [a b] an optional
///                       block; between `|` several in a row are a block
///   <condition=NX|XX>   any bracket may begin with its argument's name; else a one-of or a block
///                       has the name of its first argument
///   key...              may be repeated; likewise <…>... {…}... […]...
///   [GET name]...       the word is repeated, too; in [GET name...] it is not
///   GET@6.2.0           since that version; likewise after any bracket
///   host!2.8.12         deprecated since that version
///
/// So SET has "key value [condition=NX|XX]@2.6.12 [GET]@6.2.0 [expiration=EX seconds:integer|KEEPTTL]".
/// Names may hold any other character ("ip:port", "yes/no"). Single spaces separate. Views in the
/// result point into `syntax`. nullopt: malformed.
[[nodiscard]] std::optional<std::vector<SyntaxArgument>> ParseSyntax(std::string_view syntax);

}  // namespace tally::server
