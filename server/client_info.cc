#include "server/client_info.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "server/subscriptions.h"
#include "server/tracking.h"
#include "server/transaction.h"
#include "server/watch.h"

namespace tally::server {
namespace {

std::string Flags(const ClientState& client) {
  std::string flags;
  if (client.monitoring) flags += 'O';
  if (IsSubscriber(client)) flags += 'P';
  if (client.transaction != nullptr) flags += 'x';
  if (client.tracking != nullptr) {
    flags += 't';
    if (client.tracking->tracker().broken()) flags += 'R';
    if (client.tracking->options.broadcast) flags += 'B';
  }
  if (client.watch != nullptr && client.watch->changed()) flags += 'd';
  if (client.paused) flags += 'b';
  if (client.close_after_replies) flags += 'c';
  if (client.unix_socket) flags += 'U';
  if (client.no_evict) flags += 'e';
  if (client.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

int64_t SecondsSince(int64_t then_ms, int64_t now_ms) {
  return std::max<int64_t>(now_ms - then_ms, 0) / 1000;
}

}  // namespace

std::string ClientInfoLine(const ClientState& client, int64_t now_ms, size_t asking_bytes) {
  std::string line;
  auto out = std::back_inserter(line);
  fmt::format_to(out, "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={}",
                 client.id, client.address, client.local_address, client.file_descriptor,
                 client.name, SecondsSince(client.created_ms, now_ms),
                 SecondsSince(client.last_interaction_ms, now_ms), Flags(client), client.database);
  const Transaction* const transaction = client.transaction.get();
  const int64_t queued = transaction == nullptr ? -1 : static_cast<int64_t>(transaction->queued());
  const size_t queued_bytes = transaction == nullptr ? 0 : transaction->requests().bytes();
  const size_t unread_bytes =
      std::min(client.unread_bytes + asking_bytes, client.read_capacity_bytes);
  // As Redis would divide it: what goes beyond its buffer of fixed size is a list (oll, omem).
  constexpr size_t kBufferBytes = size_t{16} << 10;
  const size_t in_buffer = std::min(client.owed_bytes, kBufferBytes);
  const size_t in_list = client.owed_bytes - in_buffer;
  fmt::format_to(
      out,
      " sub={} psub={} ssub={} multi={} qbuf={} qbuf-free={} argv-mem=0 multi-mem={} rbs={} "
      "rbp={} obl={} oll={} omem={} tot-mem={} events={}",
      CountSubscriptions(client, SubscriptionKind::kChannel),
      CountSubscriptions(client, SubscriptionKind::kPattern),
      CountSubscriptions(client, SubscriptionKind::kShardChannel), queued, unread_bytes,
      client.read_capacity_bytes - unread_bytes, queued_bytes, in_buffer, in_buffer, in_buffer,
      in_list == 0 ? 0 : 1, in_list, client.read_capacity_bytes + client.owed_bytes + queued_bytes,
      client.owed_bytes == 0 ? "r" : "rw");
  fmt::format_to(out, " cmd={} user={} redir={} resp={} lib-name={} lib-ver={}",
                 client.last_command == nullptr ? "NULL" : FullName(*client.last_command),
                 client.user, RedirectOf(client), client.resp, client.library_name,
                 client.library_version);
  return line;
}

int64_t RedirectOf(const ClientState& client) {
  if (client.tracking == nullptr) return -1;
  return static_cast<int64_t>(client.tracking->options.redirect);
}

bool IsValidClientAttribute(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '!' && c <= '~'; });
}

}  // namespace tally::server
