// COMMAND DOCS's and HELP's views of a command: what its row says in words, and its syntax as a
// tree.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/command_replies.h"
#include "server/command_syntax.h"
#include "storage/invariant.h"

namespace tally::server {
namespace {

using protocol::ReplyWriter;
using Arguments = std::vector<SyntaxArgument>;

// A map whose size is known only when all is said.
class Fields {
 public:
  explicit Fields(int resp) : writer_(&bytes_, resp) {}

  ReplyWriter& Add(std::string_view name) {
    ++count_;
    writer_.Bulk(name);
    return writer_;
  }
  void AddText(std::string_view name, std::string_view text) {
    if (!text.empty()) Add(name).Bulk(text);
  }
  void WriteTo(ReplyWriter& reply) const {
    reply.Map(count_);
    reply.Raw(bytes_);
  }

 private:
  std::string bytes_;
  ReplyWriter writer_;
  size_t count_ = 0;
};

Arguments SyntaxOf(const Command& command) {
  std::optional<Arguments> arguments = ParseSyntax(command.syntax);
  TALLY_ASSERT(arguments, "a row of the command table has a malformed syntax");
  return *std::move(arguments);
}

// Which key spec each key belongs to, in the order of the keys.
class KeySpecs {
 public:
  explicit KeySpecs(const KeyPositions& keys) : most_(keys.rest_flags.empty() ? 0 : 1) {}
  int Next() { return next_ < most_ ? next_++ : most_; }

 private:
  int most_;
  int next_ = 0;
};

void WriteArguments(ReplyWriter& reply, const Arguments& arguments, KeySpecs* key_specs);

void WriteArgument(ReplyWriter& reply, const SyntaxArgument& argument, KeySpecs* key_specs) {
  Fields fields(reply.resp());
  fields.AddText("name", argument.name);
  fields.AddText("type", TypeName(argument.type));
  if (argument.type == SyntaxArgument::Type::kKey) {
    fields.Add("key_spec_index").Integer(key_specs->Next());
  }
  fields.AddText("token", argument.token);
  fields.AddText("since", argument.since);
  fields.AddText("deprecated_since", argument.deprecated_since);
  if (argument.optional || argument.multiple) {
    ReplyWriter& flags = fields.Add("flags");
    flags.Set((argument.optional ? 1u : 0u) + (argument.multiple ? 1u : 0u) +
              (argument.multiple_token ? 1u : 0u));
    if (argument.optional) flags.Status("optional");
    if (argument.multiple) flags.Status("multiple");
    if (argument.multiple_token) flags.Status("multiple_token");
  }
  if (!argument.arguments.empty()) {
    WriteArguments(fields.Add("arguments"), argument.arguments, key_specs);
  }
  fields.WriteTo(reply);
}

void WriteArguments(ReplyWriter& reply, const Arguments& arguments, KeySpecs* key_specs) {
  reply.Array(arguments.size());
  for (const SyntaxArgument& argument : arguments) WriteArgument(reply, argument, key_specs);
}

std::string Human(const SyntaxArgument& argument);

std::string Join(const Arguments& arguments, char separator) {
  std::string joined;
  for (const SyntaxArgument& argument : arguments) {
    if (!joined.empty()) joined += separator;
    joined += Human(argument);
  }
  return joined;
}

// Without what says that it is optional.
std::string HumanOnce(const SyntaxArgument& argument) {
  using Type = SyntaxArgument::Type;
  if (argument.type == Type::kPureToken) return std::string(argument.token);
  std::string text;
  if (argument.type == Type::kOneOf) {
    text = Join(argument.arguments, '|');
    if (!argument.optional || !argument.token.empty() || argument.multiple) {
      text = '<' + text + '>';
    }
  } else if (argument.type == Type::kBlock) {
    text = Join(argument.arguments, ' ');
  } else {
    text = argument.name;
  }
  return argument.token.empty() ? text : std::string(argument.token) + ' ' + text;
}

std::string Human(const SyntaxArgument& argument) {
  std::string text = HumanOnce(argument);
  if (argument.multiple) text += " [" + text + " ...]";
  return argument.optional ? '[' + text + ']' : text;
}

std::string UpperCase(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

}  // namespace

void WriteCommandDocs(ReplyWriter& reply, const Command& command) {
  Fields fields(reply.resp());
  fields.AddText("summary", command.summary);
  fields.AddText("since", command.since);
  fields.AddText("group", command.group);
  fields.AddText("complexity", command.complexity);
  if (!command.deprecated_since.empty()) {
    ReplyWriter& flags = fields.Add("doc_flags");
    flags.Set(1);
    flags.Status("deprecated");
    fields.AddText("deprecated_since", command.deprecated_since);
    fields.AddText("replaced_by", command.replaced_by);
  }
  const Arguments arguments = SyntaxOf(command);
  KeySpecs key_specs(command.keys);
  if (!arguments.empty()) WriteArguments(fields.Add("arguments"), arguments, &key_specs);
  if (!command.subcommands.empty()) {
    ReplyWriter& subcommands = fields.Add("subcommands");
    subcommands.Map(command.subcommands.size());
    for (const Command& subcommand : command.subcommands) WriteCommandDocs(subcommands, subcommand);
  }
  reply.Bulk(FullName(command));
  fields.WriteTo(reply);
}

std::string HumanSyntax(const Command& command) { return Join(SyntaxOf(command), ' '); }

void ReplyHelp(Operation& op) {
  const Command* container = FindCommandByName(op.command().parent);
  TALLY_ASSERT(container != nullptr, "HELP is a subcommand");
  std::vector<std::string> lines;
  lines.push_back(UpperCase(container->name) + " <subcommand>, which is one of these:");
  if (container->handler != nullptr) {
    lines.push_back("(nothing)");
    lines.push_back("    " + std::string(container->summary));
  }
  for (const Command& subcommand : container->subcommands) {
    std::string syntax = HumanSyntax(subcommand);
    if (!syntax.empty()) syntax.insert(0, " ");
    lines.push_back(UpperCase(subcommand.name) + syntax);
    lines.push_back("    " + std::string(subcommand.summary));
  }
  op.reply().Array(lines.size());
  for (const std::string& line : lines) op.reply().Status(line);
}

}  // namespace tally::server
