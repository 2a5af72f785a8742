#include "server/command_syntax.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tally::server {
namespace {

using Type = SyntaxArgument::Type;
using Arguments = std::vector<SyntaxArgument>;

struct TypeWord {
  Type type;
  std::string_view word;
};
constexpr std::array kTypes{
    TypeWord{Type::kString, "string"},        TypeWord{Type::kInteger, "integer"},
    TypeWord{Type::kDouble, "double"},        TypeWord{Type::kKey, "key"},
    TypeWord{Type::kPattern, "pattern"},      TypeWord{Type::kUnixTime, "unix-time"},
    TypeWord{Type::kPureToken, "pure-token"}, TypeWord{Type::kOneOf, "oneof"},
    TypeWord{Type::kBlock, "block"},
};

constexpr std::string_view kStructure = " |[]<>{}=@!";
constexpr std::string_view kEllipsis = "...";

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

std::string Lower(std::string_view word) {
  std::string lower(word);
  for (char& c : lower) {
    if (IsUpper(c)) c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Recursive descent; `failed_` stays once something did not fit.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  std::optional<Arguments> Parse() {
    Arguments arguments;
    if (!rest_.empty()) arguments = Sequence();
    if (failed_ || !rest_.empty()) return std::nullopt;
    return arguments;
  }

 private:
  static bool IsWord(std::string_view name) {
    if (name.empty() || !IsUpper(name.front())) return false;
    for (const char c : name) {
      if (c >= 'a' && c <= 'z') return false;
    }
    return true;
  }

  bool Accept(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }
  void Expect(std::string_view prefix) {
    if (!Accept(prefix)) failed_ = true;
  }

  // The characters up to the next structural one or "...".
  std::string_view PeekName() const {
    const size_t end = std::min(rest_.find_first_of(kStructure), rest_.find(kEllipsis));
    return rest_.substr(0, end);
  }
  std::string_view Name() {
    const std::string_view name = PeekName();
    if (name.empty()) failed_ = true;
    rest_.remove_prefix(name.size());
    return name;
  }

  Arguments Sequence() {
    Arguments arguments;
    do {
      arguments.push_back(Argument());
    } while (!failed_ && Accept(" "));
    return arguments;
  }

  SyntaxArgument Argument() {
    SyntaxArgument argument;
    const bool is_optional = rest_.starts_with('[');
    if (IsWord(PeekName())) {
      const std::string_view word = Name();
      if (WordHasArgument()) {
        Expect(" ");
        argument = Operand();
      } else {
        argument.type = Type::kPureToken;
        argument.name = Lower(word);
      }
      argument.token = word;
    } else {
      argument = Operand();
    }
    const bool was_multiple = argument.multiple;
    Suffixes(&argument);
    if (is_optional && !was_multiple && !argument.token.empty()) {
      argument.multiple_token = argument.multiple;
    }
    return argument;
  }

  // After a word: does what follows belong to it? Another word or an optional part does not.
  bool WordHasArgument() const {
    if (!rest_.starts_with(' ')) return false;
    Parser ahead(rest_.substr(1));
    return !ahead.rest_.starts_with('[') && !IsWord(ahead.PeekName());
  }

  SyntaxArgument Operand() {
    if (Accept("[")) return Optional();
    if (Accept("<")) return Group(">", Type::kOneOf);
    if (Accept("{")) return Group("}", Type::kBlock);
    return Value();
  }

  SyntaxArgument Value() {
    SyntaxArgument value;
    std::string_view name = Name();
    if (name == "key") value.type = Type::kKey;
    for (const TypeWord& known : kTypes) {
      if (known.type < Type::kPureToken && name.size() > known.word.size() + 1 &&
          name.ends_with(known.word) && name[name.size() - known.word.size() - 1] == ':') {
        value.type = known.type;
        name.remove_suffix(known.word.size() + 1);
        break;
      }
    }
    value.name = name;
    return value;
  }

  std::string_view GroupName() {
    const std::string_view name = PeekName();
    if (name.empty() || !rest_.substr(name.size()).starts_with('=')) return {};
    rest_.remove_prefix(name.size() + 1);
    return name;
  }

  // What stands between brackets: the alternatives, each one argument.
  Arguments Alternatives() {
    Arguments alternatives;
    do {
      Arguments sequence = Sequence();
      alternatives.push_back(sequence.size() == 1 ? std::move(sequence.front())
                                                  : Compose(Type::kBlock, {}, std::move(sequence)));
    } while (!failed_ && Accept("|"));
    return alternatives;
  }

  static SyntaxArgument Compose(Type type, std::string_view name, Arguments arguments) {
    SyntaxArgument group;
    group.type = type;
    group.name = name.empty() ? arguments.front().name : std::string(name);
    group.arguments = std::move(arguments);
    return group;
  }

  SyntaxArgument Group(std::string_view close, Type type) {
    const std::string_view name = GroupName();
    Arguments arguments = type == Type::kOneOf ? Alternatives() : Sequence();
    Expect(close);
    return Compose(type, name, std::move(arguments));
  }

  SyntaxArgument Optional() {
    const std::string_view name = GroupName();
    Arguments alternatives = Alternatives();
    Expect("]");
    SyntaxArgument argument;
    if (alternatives.size() > 1) {
      argument = Compose(Type::kOneOf, name, std::move(alternatives));
    } else {
      argument = std::move(alternatives.front());
      if (!name.empty()) argument.name = name;
    }
    argument.optional = true;
    return argument;
  }

  void Suffixes(SyntaxArgument* argument) {
    while (!failed_) {
      if (Accept(kEllipsis)) {
        argument->multiple = true;
      } else if (Accept("@")) {
        argument->since = Name();
      } else if (Accept("!")) {
        argument->deprecated_since = Name();
      } else {
        return;
      }
    }
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

std::string_view TypeName(SyntaxArgument::Type type) {
  return kTypes[static_cast<size_t>(type)].word;
}

std::optional<std::vector<SyntaxArgument>> ParseSyntax(std::string_view syntax) {
  return Parser(syntax).Parse();
}

}  // namespace tally::server
