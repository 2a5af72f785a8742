#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "server/command.h"
#include "server/publication.h"

namespace tally::server {

class AclUser;
class Subscriptions;
class Transaction;
struct Tracking;
class Watch;

/// What a server keeps about one client, as CLIENT commands read and change it.
///
/// Thread: the core of the client's connection. While a spanning operation of this client runs
/// elsewhere the session is stalled, and that thread may read it.
struct ClientState {
  uint64_t id = 0;
  std::string name;
  std::string library_name;
  std::string library_version;
  std::string address;        // "127.0.0.1:40612"; "PATH:0" of a Unix socket
  std::string local_address;  // "127.0.0.1:6379"
  bool unix_socket = false;
  int file_descriptor = -1;
  int resp = 2;
  int database = 0;
  bool authenticated = true;
  std::string user = "default";
  /// What `user` may do, as of a generation of the AclUsers; null: nobody has asked yet. See ClientRights.
  std::shared_ptr<const AclUser> rights;
  uint64_t rights_generation = 0;
  /// While the users' generation is this, the client may do everything; 0: it may not, or nobody has asked.
  uint64_t trusted_generation = 0;
  /// Its requests are checked before they come here: over HTTP each is made as a user of its own.
  bool is_checked_at_door = false;
  bool no_evict = false;
  bool no_touch = false;

  bool monitoring = false;  ///< MONITOR

  /// CLIENT REPLY.
  enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkipping };
  ReplyMode reply_mode = ReplyMode::kOn;

  std::shared_ptr<Transaction> transaction;  // since MULTI; else null
  std::shared_ptr<Watch> watch;              // since the first WATCH; else null

  /// Since the first SUBSCRIBE; else null. The session's own; a transaction's copy of this has its own, too.
  std::shared_ptr<Subscriptions> subscriptions;
  /// What the running command publishes, or the transaction; null: nothing. Whoever ran it sends it.
  std::shared_ptr<Publications> publications;

  std::shared_ptr<const Tracking> tracking;  ///< since CLIENT TRACKING ON; else null
  bool caching = false;  ///< CLIENT CACHING, for the next request or transaction

  int64_t created_ms = 0;  // wall clock
  int64_t last_interaction_ms = 0;
  const Command* last_command = nullptr;
  bool paused = false;  // CLIENT PAUSE holds its next command, `last_command`, back
  uint64_t commands = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  // Of the connection's buffers, as of its last read or write.
  size_t unread_bytes = 0;         // requests that are not taken yet
  size_t read_capacity_bytes = 0;  // allocated for reading
  size_t owed_bytes = 0;           // of replies that the client has not taken

  /// Set by a handler: no further request is read, and the connection closes once all replies that
  /// are due have been written.
  bool close_after_replies = false;
};

}  // namespace tally::server
