#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/end_to_end/support/temp_directory.h"

namespace tally::test {

enum class ServerKind : uint8_t {
  kTally,   ///< $TALLY_SERVER, or build/release/tally-server
  kOracle,  ///< redis-server: what the replies are compared with; keeps nothing on disk
};

struct ServerOptions {
  ServerKind kind = ServerKind::kTally;
  int threads = 1;  ///< of a Tally
  /// A Tally keeps 64 KiB of objects per core, the least there is, and makes checkpoints all the time: what a
  /// command needs has as a rule to be read from the disk.
  bool tiny_memory = false;
  std::vector<std::string> extra_arguments = {};
};

/// How a process ended.
struct ExitStatus {
  int code = -1;   ///< when it ended by itself
  int signal = 0;  ///< when a signal ended it

  [[nodiscard]] bool Clean() const { return signal == 0 && code == 0; }
  [[nodiscard]] std::string Describe() const;
};

/// Whether $TALLY_SERVER names a redis-server, to develop tests against. It then runs with
/// `appendonly yes, appendfsync always`, the closest that it has to a Tally; tests of what only
/// Tally promises skip themselves.
[[nodiscard]] bool TallyIsStoodInFor();

/// A server process on a port of 127.0.0.1 that was free, with a directory of its own.
///
/// Starts in the constructor unless told otherwise. The data directory stays over Kill9() and
/// Restart() until the object ends. The destructor ends this process (by its id) and no other, and
/// the kernel kills it should the test's own process die: the *thread* that starts a server must
/// therefore live at least as long as the server.
///
/// What the server prints goes to `log_path()`. Throws std::runtime_error with the end of that log
/// when the server does not come up.
class ServerProcess {
 public:
  static constexpr std::chrono::seconds kStartTimeout{30};
  static constexpr std::chrono::seconds kStopTimeout{30};

  explicit ServerProcess(ServerOptions options = {});
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] const std::string& data_directory() const { return data_directory_; }
  [[nodiscard]] const std::string& log_path() const { return log_path_; }
  [[nodiscard]] std::string Log() const;
  [[nodiscard]] bool IsRunning();

  /// SIGKILL; returns when the process is gone.
  void Kill9();
  /// SIGTERM, then waits; SIGKILL and a std::runtime_error after kStopTimeout.
  ExitStatus Terminate();
  /// Waits for the process to end by itself; nullopt when it did not.
  [[nodiscard]] std::optional<ExitStatus> WaitForExit(std::chrono::milliseconds timeout);

  /// Starts again on the same directory (the server must have ended) and waits until it answers.
  /// On the same port unless that has been taken meanwhile.
  void Restart();
  /// The same with other options (threads, say).
  void Restart(ServerOptions options);
  /// Starts on the same directory and returns at once: for kills during recovery.
  void RestartWithoutWaiting();

 private:
  void Start();
  void Launch();
  bool WaitUntilReady();
  void EndNow();

  ServerOptions options_;
  TempDirectory directory_;
  std::string data_directory_;
  std::string log_path_;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
  std::optional<ExitStatus> exit_;
};

struct RunResult {
  std::optional<ExitStatus> exit;  ///< nullopt: it had to be killed at the timeout
  std::string output;              ///< stdout and stderr
};

/// Runs a server that is expected to refuse to start, with these arguments after the usual ones.
[[nodiscard]] RunResult RunUntilExit(const ServerOptions& options, uint16_t port,
                                     const std::string& data_directory,
                                     std::chrono::milliseconds timeout);

/// A port of 127.0.0.1 that nobody listens on, outside of the range from which the kernel takes
/// ports for outgoing connections (there a client could come to sit on a restarting server's port).
[[nodiscard]] uint16_t FreePort();

}  // namespace tally::test
