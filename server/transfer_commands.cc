// Commands that take a value to another key or another database. Its expiry goes with it.
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/errors.h"
#include "server/command_families.h"
#include "server/operation.h"
#include "server/selected_database.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using storage::Object;

using Arguments = std::span<const std::string_view>;

constexpr size_t kSource = 0;  // key numbers
constexpr size_t kDestination = 1;

struct CopyOptions {
  std::optional<int> database;  // else the client's own
  bool replaces = false;
  std::string error;  // not empty: they are none
};

// Of what is said twice the last counts, of errors the first.
CopyOptions ReadCopyOptions(Arguments args, int databases) {
  CopyOptions options;
  for (size_t i = 3; i < args.size(); ++i) {
    if (EqualsIgnoreCase(args[i], "REPLACE")) {
      options.replaces = true;
    } else if (EqualsIgnoreCase(args[i], "DB") && i + 1 < args.size()) {
      NamedDatabase named = ReadDatabase(args[++i], databases);
      options.database = named.number;
      options.error = std::move(named.error);
    } else {
      options.error = errors::kSyntax;
    }
    if (!options.error.empty()) break;
  }
  return options;
}

std::optional<int> CopyDatabase(Arguments args, int databases) {
  const CopyOptions options = ReadCopyOptions(args, databases);
  return options.error.empty() ? options.database : std::nullopt;
}

std::optional<int> MoveDatabase(Arguments args, int databases) {
  return SelectedDatabase(args[2], databases);
}

enum class Renamed : uint8_t { kAnswered, kDestinationExists, kDone };

Renamed RenameIf(Operation& op, bool only_if_absent) {
  Object* const source = op.Find(kSource);
  if (source == nullptr) {
    op.reply().Error(errors::kNoSuchKey);
    return Renamed::kAnswered;
  }
  const bool is_same = op.arg(1) == op.arg(2);
  Object* const found = is_same ? source : op.Find(kDestination);
  if (found != nullptr && only_if_absent) return Renamed::kDestinationExists;
  if (is_same) return Renamed::kDone;
  op.PutCopyIn(op.database(), kDestination, found, *source);
  if (found != nullptr) op.NotifyNew(op.database(), kDestination);
  op.Erase(kSource, source);
  op.Notify(kGenericEvent, "rename_from", kSource);
  op.Notify(kGenericEvent, "rename_to", kDestination);
  return Renamed::kDone;
}

void Rename(Operation& op) {
  if (RenameIf(op, /*only_if_absent=*/false) == Renamed::kDone) op.reply().Ok();
}

void RenameNx(Operation& op) {
  const Renamed renamed = RenameIf(op, /*only_if_absent=*/true);
  if (renamed != Renamed::kAnswered) op.reply().Integer(renamed == Renamed::kDone ? 1 : 0);
}

void Copy(Operation& op) {
  const CopyOptions options = ReadCopyOptions(op.args(), op.databases());
  if (!options.error.empty()) return op.reply().Error(options.error);
  const int database = options.database.value_or(op.database());
  if (database == op.database() && op.arg(1) == op.arg(2)) {
    return op.reply().Error(errors::kSameObject);
  }
  const Object* const source = op.FindForRead(kSource);
  if (source == nullptr) return op.reply().Integer(0);
  Object* const found = op.FindIn(database, kDestination);
  if (found != nullptr && !options.replaces) return op.reply().Integer(0);
  op.PutCopyIn(database, kDestination, found, *source);
  if (found != nullptr) op.NotifyNew(database, kDestination);
  op.NotifyIn(database, kGenericEvent, "copy_to", kDestination);
  op.reply().Integer(1);
}

void Move(Operation& op) {
  const NamedDatabase target = ReadDatabase(op.arg(2), op.databases());
  if (!target.error.empty()) return op.reply().Error(target.error);
  if (target.number == op.database()) return op.reply().Error(errors::kSameObject);
  Object* const source = op.Find(kSource);
  if (source == nullptr || op.FindIn(target.number, kSource) != nullptr) {
    return op.reply().Integer(0);
  }
  op.PutCopyIn(target.number, kSource, nullptr, *source);
  op.Erase(kSource, source);
  op.Notify(kGenericEvent, "move_from", kSource);
  op.NotifyIn(target.number, kGenericEvent, "move_to", kSource);
  op.reply().Integer(1);
}

constexpr KeyPositions TwoKeys(std::string_view flags, std::string_view rest_flags) {
  return {.first = 1, .last = 2, .step = 1, .flags = flags, .rest_flags = rest_flags};
}

constexpr Command Row(Command row) {
  row.acl = kAclKeyspace;
  row.group = "generic";
  return row;
}

constexpr std::array kRows{
    Row({.name = "rename",
         .arity = 3,
         .flags = kWrite,
         .keys = TwoKeys("RW access delete", "OW update"),
         .scope = Scope::kKeys,
         .handler = Rename,
         .since = "1.0.0",
         .complexity = "O(N) where N is the size of the value",
         .summary = "Gives a value another name; what had that name before is gone.",
         .syntax = "key newkey:key"}),
    Row({.name = "renamenx",
         .arity = 3,
         .flags = kWrite | kFast,
         .keys = TwoKeys("RW access delete", "OW insert"),
         .scope = Scope::kKeys,
         .handler = RenameNx,
         .since = "1.0.0",
         .complexity = "O(N) where N is the size of the value",
         .summary = "Gives a value another name, unless something has that name already.",
         .syntax = "key newkey:key"}),
    Row({.name = "copy",
         .arity = -3,
         .flags = kWrite | kDenyOom,
         .keys = TwoKeys("RO access", "OW update"),
         .scope = Scope::kKeysEntered,
         .handler = Copy,
         .other_database = CopyDatabase,
         .since = "6.2.0",
         .complexity = "O(N) where N is the size of the value",
         .summary = "Gives another key, perhaps of another database, the same value.",
         .syntax = "source:key destination:key [DB destination-db:integer] [REPLACE]"}),
    Row({.name = "move",
         .arity = 3,
         .flags = kWrite | kFast,
         .keys = {.first = 1, .last = 1, .step = 1, .flags = "RW access update"},
         .scope = Scope::kKeysEntered,
         .handler = Move,
         .other_database = MoveDatabase,
         .since = "1.0.0",
         .complexity = "O(N) where N is the size of the value",
         .summary = "Takes a key to another database, unless it is there already.",
         .syntax = "key db:integer"}),
};

}  // namespace

std::span<const Command> TransferCommands() { return kRows; }

}  // namespace tally::server
