#include "server/client_visits.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/errors.h"
#include "protocol/number.h"
#include "protocol/request_parser.h"
#include "server/client_info.h"
#include "server/deferred_reply.h"
#include "server/services.h"
#include "server/subscriptions.h"

namespace tally::server {
namespace {

namespace errors = protocol::errors;
using protocol::ReplyWriter;

enum class ClientType : uint8_t { kNormal, kMaster, kReplica, kPubSub };

std::optional<ClientType> ParseClientType(std::string_view text) {
  if (EqualsIgnoreCase(text, "NORMAL")) return ClientType::kNormal;
  if (EqualsIgnoreCase(text, "MASTER")) return ClientType::kMaster;
  if (EqualsIgnoreCase(text, "REPLICA") || EqualsIgnoreCase(text, "SLAVE")) {
    return ClientType::kReplica;
  }
  if (EqualsIgnoreCase(text, "PUBSUB")) return ClientType::kPubSub;
  return std::nullopt;
}

// There is no replication yet.
ClientType TypeOf(const ClientState& client) {
  return IsSubscriber(client) ? ClientType::kPubSub : ClientType::kNormal;
}

// What CLIENT LIST asks for, and what it has found so far.
struct Listing {
  struct Line {
    uint64_t id;
    std::string text;
  };

  std::optional<ClientType> type;
  std::optional<std::vector<int64_t>> ids;  // in the order asked for, repetitions too
  int64_t now_ms = 0;
  uint64_t caller = 0;
  size_t asking_bytes = 0;  // the length of the caller's request
  std::vector<Line> lines;
  std::shared_ptr<DeferredReply> token;

  [[nodiscard]] bool Wants(const ClientState& client) const {
    if (type) return TypeOf(client) == *type;
    return !ids || std::ranges::find(*ids, static_cast<int64_t>(client.id)) != ids->end();
  }

  // As long as Redis's: in the order in which the clients came, or in that of the ids.
  [[nodiscard]] std::string Text() {
    std::ranges::sort(lines, {}, &Line::id);
    std::string text;
    if (!ids) {
      for (const Line& line : lines) text += line.text + "\n";
      return text;
    }
    for (const int64_t id : *ids) {
      const auto line = std::ranges::lower_bound(lines, static_cast<uint64_t>(id), {}, &Line::id);
      if (line != lines.end() && line->id == static_cast<uint64_t>(id)) text += line->text + "\n";
    }
    return text;
  }
};

// False: an error was replied.
bool ParseListing(Operation& op, Listing* listing) {
  if (op.argc() == 2) return true;
  if (op.argc() == 4 && EqualsIgnoreCase(op.arg(2), "TYPE")) {
    listing->type = ParseClientType(op.arg(3));
    if (!listing->type) op.reply().Error(errors::UnknownClientType(op.arg(3)));
    return listing->type.has_value();
  }
  if (op.argc() > 3 && EqualsIgnoreCase(op.arg(2), "ID")) {
    listing->ids.emplace();
    for (const std::string_view word : op.args().subspan(3)) {
      const std::optional<int64_t> id = protocol::ParseInt64(word);
      if (!id) {
        op.reply().Error(errors::kInvalidClientId);
        return false;
      }
      listing->ids->push_back(*id);
    }
    return true;
  }
  op.reply().Error(errors::kSyntax);
  return false;
}

// What CLIENT KILL asks for; a filter that is not given fits every client.
struct Killing {
  std::optional<int64_t> id;
  std::optional<ClientType> type;
  std::optional<std::string> user;
  std::optional<std::string> address;
  std::optional<std::string> local_address;
  bool skip_me = true;
  bool one_address = false;  // the old form: CLIENT KILL ip:port
  uint64_t caller = 0;
  uint64_t killed = 0;
  std::shared_ptr<DeferredReply> token;

  [[nodiscard]] bool Wants(const ClientState& client) const {
    return (!id || static_cast<int64_t>(client.id) == *id) && (!type || TypeOf(client) == *type) &&
           (!user || client.user == *user) && (!address || client.address == *address) &&
           (!local_address || client.local_address == *local_address) &&
           !(skip_me && client.id == caller);
  }
};

// Takes one filter; false: an error was replied.
bool ParseFilter(Operation& op, std::string_view name, std::string_view value, Killing* killing) {
  if (EqualsIgnoreCase(name, "ID")) {
    killing->id = protocol::ParseInt64(value);
    if (killing->id && *killing->id > 0) return true;
    op.reply().Error(errors::kClientIdNotPositive);
  } else if (EqualsIgnoreCase(name, "TYPE")) {
    killing->type = ParseClientType(value);
    if (killing->type) return true;
    op.reply().Error(errors::UnknownClientType(value));
  } else if (EqualsIgnoreCase(name, "USER")) {
    killing->user = value;
    if (op.services().config().users().Find(value) != nullptr) return true;
    op.reply().Error(errors::NoSuchUser(value));
  } else if (EqualsIgnoreCase(name, "ADDR")) {
    killing->address = value;
    return true;
  } else if (EqualsIgnoreCase(name, "LADDR")) {
    killing->local_address = value;
    return true;
  } else if (EqualsIgnoreCase(name, "SKIPME") &&
             (EqualsIgnoreCase(value, "YES") || EqualsIgnoreCase(value, "NO"))) {
    killing->skip_me = EqualsIgnoreCase(value, "YES");
    return true;
  } else {
    op.reply().Error(errors::kSyntax);
  }
  return false;
}

bool ParseKilling(Operation& op, Killing* killing) {
  if (op.argc() == 3) {
    killing->one_address = true;
    killing->address = op.arg(2);
    killing->skip_me = false;
    return true;
  }
  for (size_t i = 2; i < op.argc(); i += 2) {
    if (i + 1 == op.argc()) {
      op.reply().Error(errors::kSyntax);
      return false;
    }
    if (!ParseFilter(op, op.arg(i), op.arg(i + 1), killing)) return false;
  }
  return true;
}

}  // namespace

void ListClients(Operation& op) {
  const auto listing = std::make_shared<Listing>();
  if (!ParseListing(op, listing.get())) return;
  listing->now_ms = op.now_ms();
  listing->caller = op.client()->id;
  listing->asking_bytes = protocol::EncodedRequestBytes(op.args());
  listing->token = op.Defer();
  op.services().VisitClients(
      [listing](ClientState& client) {
        if (listing->Wants(client)) {
          const size_t asking_bytes = client.id == listing->caller ? listing->asking_bytes : 0;
          listing->lines.push_back(
              {client.id, ClientInfoLine(client, listing->now_ms, asking_bytes)});
        }
        return Services::ClientAction::kKeep;
      },
      [listing] {
        SendReply(*listing->token,
                  [&](ReplyWriter& reply) { reply.Verbatim("txt", listing->Text()); });
      });
}

void KillClients(Operation& op) {
  const auto killing = std::make_shared<Killing>();
  if (!ParseKilling(op, killing.get())) return;
  killing->caller = op.client()->id;
  killing->token = op.Defer();
  op.services().VisitClients(
      [killing](ClientState& client) {
        using Action = Services::ClientAction;
        if (!killing->Wants(client)) return Action::kKeep;
        ++killing->killed;
        // The caller learns how many it were.
        return client.id == killing->caller ? Action::kCloseAfterReplies : Action::kClose;
      },
      [killing] {
        SendReply(*killing->token, [&](ReplyWriter& reply) {
          if (!killing->one_address) {
            reply.Integer(static_cast<int64_t>(killing->killed));
          } else if (killing->killed == 0) {
            reply.Error(errors::kNoSuchClient);
          } else {
            reply.Ok();
          }
        });
      });
}

}  // namespace tally::server
