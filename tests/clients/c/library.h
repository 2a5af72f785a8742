#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <hiredis/hiredis.h>

namespace tally::clients {

/// A reply, copied: the library frees its own.
struct Reply {
  int type = 0;  // REDIS_REPLY_…
  int64_t integer = 0;
  std::string text;
  std::vector<Reply> elements;

  static Reply Of(const redisReply& reply);
  bool operator==(const Reply&) const = default;
};

using Command = std::vector<std::string>;

/// The arguments of a command as the library takes them; lives no longer than the command.
struct Arguments {
  explicit Arguments(const Command& command);
  [[nodiscard]] int count() const { return static_cast<int>(words.size()); }

  std::vector<const char*> words;
  std::vector<size_t> sizes;
};

/// The connection broke. Whether the server has done what was under way, nobody knows.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One way to use the library: a connection to 127.0.0.1 that connects again, when used, after it
/// broke. For one thread.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// Sends all commands before it looks at a reply. One reply each, in their order.
  virtual std::vector<Reply> Pipeline(const std::vector<Command>& commands) = 0;
  /// Returns when the server has said that it subscribed. Nothing else may be sent from then on.
  virtual void Subscribe(const std::string& channel) = 0;
  /// Waits for the next message of what is subscribed.
  virtual std::string NextMessage() = 0;

  Reply Call(const Command& command) { return Pipeline({command}).front(); }
};

using Connect = std::function<std::unique_ptr<Connection>(uint16_t port)>;

/// A program's main: the scenario of ../README.md. `arguments` are the port and the scenario's file.
int RunScenario(int count, char** arguments, const Connect& connect);

/// Throws when the two differ; `what` is told.
void Expect(const Reply& wanted, const Reply& got, const std::string& what);
Reply Integer(int64_t value);
Reply Text(std::string value);
Reply Status(std::string value);

}  // namespace tally::clients
