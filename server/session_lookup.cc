// Which command a request is, from the session's side.
#include <algorithm>
#include <string>

#include "protocol/errors.h"
#include "server/session.h"

namespace tally::server {

namespace {

namespace errors = protocol::errors;

// A browser that was made to talk to this port begins like this. Closing at once keeps its request
// body from being read as commands.
bool IsHttp(std::string_view name) {
  return EqualsIgnoreCase(name, "post") || EqualsIgnoreCase(name, "host:");
}

}  // namespace

const Command* Session::Lookup(std::span<const std::string_view> args) {
  if (last_command_ != nullptr && args.front() == last_name_) return last_command_;
  bool unknown_subcommand = false;
  const Command* command = FindCommand(args, &unknown_subcommand);
  refusal_.clear();
  if (command == nullptr) {
    if (IsHttp(args.front())) {
      client_.close_after_replies = true;
    } else {
      std::string name(args.front());
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      refusal_ = unknown_subcommand ? errors::UnknownSubcommand(args[1], name)
                                    : errors::UnknownCommand(args);
    }
  } else if (command->subcommands.empty() && command->parent.empty()) {
    last_name_ = args.front();
    last_command_ = command;
  }
  return command;
}

}  // namespace tally::server
