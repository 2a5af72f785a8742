#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "protocol/reply.h"
#include "server/command.h"
#include "server/operation.h"

namespace tally::server {

// What the table tells about a command, each one element of a larger reply.

/// An element of COMMAND INFO: name, arity, flags, first, last and step of its keys, ACL
/// categories, tips, key specs, subcommands.
void WriteCommandInfo(protocol::ReplyWriter& reply, const Command& command);

struct AclCategoryName {
  uint32_t category;
  std::string_view name;  ///< "@read"
};
/// In the order in which COMMAND INFO lists them.
[[nodiscard]] std::span<const AclCategoryName> AclCategoryNames();

/// An entry of COMMAND DOCS: the full name, and the map of what there is to know.
void WriteCommandDocs(protocol::ReplyWriter& reply, const Command& command);

/// The whole reply of a HELP subcommand, made from the rows of its container: the container in
/// short, then each subcommand with its arguments and its summary.
void ReplyHelp(Operation& op);

/// "key value [NX|XX] [EX seconds|KEEPTTL]": a row's syntax as a person reads it.
[[nodiscard]] std::string HumanSyntax(const Command& command);

}  // namespace tally::server
