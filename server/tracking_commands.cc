#include "server/tracking_commands.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "server/client_info.h"
#include "server/command.h"
#include "server/services.h"
#include "server/tracking.h"
#include "server/tracking_registry.h"
#include "storage/invariant.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;

struct Wanted {
  TrackingOptions options;
  std::vector<std::string_view> prefixes;  // as they came
};

// False: an error was replied.
bool ReadRedirect(Operation& op, std::string_view text, uint64_t* redirect) {
  if (*redirect != 0) {
    op.reply().Error(errors::kRedirectTwice);
    return false;
  }
  const std::optional<int64_t> id = protocol::ParseInt64(text);
  if (!id) {
    op.reply().Error(errors::kNotAnInteger);
    return false;
  }
  *redirect = static_cast<uint64_t>(*id);
  if (*id > 0 && op.services().tracking().clients().CoreOf(*redirect)) return true;
  op.reply().Error(errors::kNoClientToRedirectTo);
  return false;
}

bool ReadOptions(Operation& op, Wanted* wanted) {
  TrackingOptions& options = wanted->options;
  for (size_t i = 3; i < op.argc(); ++i) {
    const std::string_view word = op.arg(i);
    const bool has_value = i + 1 < op.argc();
    if (EqualsIgnoreCase(word, "REDIRECT") && has_value) {
      if (!ReadRedirect(op, op.arg(++i), &options.redirect)) return false;
    } else if (EqualsIgnoreCase(word, "BCAST")) {
      options.broadcast = true;
    } else if (EqualsIgnoreCase(word, "OPTIN")) {
      options.opt_in = true;
    } else if (EqualsIgnoreCase(word, "OPTOUT")) {
      options.opt_out = true;
    } else if (EqualsIgnoreCase(word, "NOLOOP")) {
      options.no_loop = true;
    } else if (EqualsIgnoreCase(word, "PREFIX") && has_value) {
      wanted->prefixes.push_back(op.arg(++i));
    } else {
      op.reply().Error(errors::kSyntax);
      return false;
    }
  }
  return true;
}

// Of two prefixes one is a prefix of the other.
bool Overlap(std::string_view a, std::string_view b) {
  return a.starts_with(b) || b.starts_with(a);
}

// Why the prefixes cannot be had together, and with those that the client has; "" when they can.
std::string PrefixError(const Wanted& wanted, const Tracking* before) {
  const std::vector<std::string_view>& prefixes = wanted.prefixes;
  for (size_t i = 0; i < prefixes.size(); ++i) {
    if (before != nullptr) {
      for (const std::string& existing : before->options.prefixes) {
        if (Overlap(existing, prefixes[i])) {
          return errors::PrefixOverlapsExisting(prefixes[i], existing);
        }
      }
    }
    for (size_t j = i + 1; j < prefixes.size(); ++j) {
      if (Overlap(prefixes[i], prefixes[j])) {
        return errors::PrefixOverlapsProvided(prefixes[i], prefixes[j]);
      }
    }
  }
  return {};
}

// Why these options cannot be had, in Redis's order of checks; "" when they can.
std::string OptionsError(const Wanted& wanted, const Tracking* before) {
  const TrackingOptions& options = wanted.options;
  if (!options.broadcast && !wanted.prefixes.empty()) {
    return std::string(errors::kPrefixWithoutBroadcast);
  }
  if (before != nullptr && before->options.broadcast != options.broadcast) {
    return std::string(errors::kBroadcastSwitched);
  }
  if (options.broadcast && (options.opt_in || options.opt_out)) {
    return std::string(errors::kBroadcastWithOptIn);
  }
  if (options.opt_in && options.opt_out) return std::string(errors::kOptInAndOptOut);
  if (before != nullptr && ((options.opt_in && before->options.opt_out) ||
                            (options.opt_out && before->options.opt_in))) {
    return std::string(errors::kOptInSwitched);
  }
  return options.broadcast ? PrefixError(wanted, before) : std::string();
}

// What it had of prefixes it keeps.
void StartTracking(Operation& op, Wanted wanted) {
  ClientState& client = *op.client();
  TrackingRegistry& registry = op.services().tracking();
  std::shared_ptr<TrackingLease> lease;
  if (client.tracking != nullptr) {
    lease = client.tracking->lease;
    wanted.options.prefixes = client.tracking->options.prefixes;
  } else {
    // A client that has left meanwhile is nowhere; it is told nothing, wherever it would have been.
    lease = registry.Begin(client.id, registry.clients().CoreOf(client.id).value_or(0));
  }
  lease->tracker().Configure(wanted.options);
  if (wanted.options.broadcast) {
    if (wanted.prefixes.empty()) wanted.prefixes.emplace_back();
    for (const std::string_view prefix : wanted.prefixes) {
      const std::string text(prefix);
      registry.AddPrefix(lease->tracker().shared_from_this(), text);
      wanted.options.prefixes.insert(text);
    }
  }
  auto tracking = std::make_shared<Tracking>();
  tracking->options = std::move(wanted.options);
  tracking->lease = std::move(lease);
  client.tracking = std::move(tracking);
}

}  // namespace

void SetTracking(Operation& op) {
  Wanted wanted;
  if (!ReadOptions(op, &wanted)) return;
  if (EqualsIgnoreCase(op.arg(2), "ON")) {
    const std::string error = OptionsError(wanted, op.client()->tracking.get());
    if (!error.empty()) return op.reply().Error(error);
    StartTracking(op, std::move(wanted));
  } else if (EqualsIgnoreCase(op.arg(2), "OFF")) {
    op.client()->tracking = nullptr;
    op.client()->caching = false;
  } else {
    return op.reply().Error(errors::kSyntax);
  }
  op.reply().Ok();
}

void SetCaching(Operation& op) {
  const Tracking* const tracking = op.client()->tracking.get();
  if (tracking == nullptr) return op.reply().Error(errors::kCachingWithoutTracking);
  if (EqualsIgnoreCase(op.arg(2), "YES")) {
    if (!tracking->options.opt_in) return op.reply().Error(errors::kCachingYesWithoutOptIn);
  } else if (EqualsIgnoreCase(op.arg(2), "NO")) {
    if (!tracking->options.opt_out) return op.reply().Error(errors::kCachingNoWithoutOptOut);
  } else {
    return op.reply().Error(errors::kSyntax);
  }
  op.client()->caching = true;
  op.reply().Ok();
}

void TellTracking(Operation& op) {
  const Tracking* const tracking = op.client()->tracking.get();
  std::vector<std::string_view> flags;
  if (tracking == nullptr) {
    flags.emplace_back("off");
  } else {
    const TrackingOptions& options = tracking->options;
    const bool caching = op.client()->caching;
    flags.emplace_back("on");
    if (options.broadcast) flags.emplace_back("bcast");
    if (options.opt_in) flags.emplace_back("optin");
    if (options.opt_in && caching) flags.emplace_back("caching-yes");
    if (options.opt_out) flags.emplace_back("optout");
    if (options.opt_out && caching) flags.emplace_back("caching-no");
    if (options.no_loop) flags.emplace_back("noloop");
    if (tracking->tracker().broken()) flags.emplace_back("broken_redirect");
  }
  op.reply().Map(3);
  op.reply().Bulk("flags");
  op.reply().Set(flags.size());
  for (const std::string_view flag : flags) op.reply().Bulk(flag);
  op.reply().Bulk("redirect");
  op.reply().Integer(RedirectOf(*op.client()));
  op.reply().Bulk("prefixes");
  op.reply().Array(tracking == nullptr ? 0 : tracking->options.prefixes.size());
  if (tracking == nullptr) return;
  for (const std::string& prefix : tracking->options.prefixes) op.reply().Bulk(prefix);
}

void TellRedirect(Operation& op) { op.reply().Integer(RedirectOf(*op.client())); }

}  // namespace tally::server
