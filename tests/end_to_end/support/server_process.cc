#include "tests/end_to_end/support/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <fmt/format.h>

#include "tests/end_to_end/support/client.h"

namespace tally::test {
namespace {

constexpr int kPortAttempts = 10;
constexpr auto kPollInterval = std::chrono::milliseconds(2);
constexpr size_t kLogTailBytes = 2000;

std::string TallyBinary() {
  const char* path = std::getenv("TALLY_SERVER");
  return path != nullptr && *path != '\0' ? path : "build/release/tally-server";
}

std::vector<std::string> CommandLine(const ServerOptions& options, uint16_t port,
                                     const std::string& directory) {
  const std::string port_text = std::to_string(port);
  std::vector<std::string> arguments;
  if (options.kind == ServerKind::kTally && !TallyIsStoodInFor()) {
    arguments = {TallyBinary(), "--port", port_text, "--dir", directory, "--threads",
                 std::to_string(options.threads),
                 // Servers of tests run side by side.
                 "--http-port", "0", "--admin-port", "0"};
    if (options.tiny_memory) {
      arguments.insert(arguments.end(), {"--maxmemory", "1", "--journal-limit", "64kb"});
    }
  } else if (options.kind == ServerKind::kTally) {
    arguments = {TallyBinary(), "--port",        port_text, "--dir", directory,
                 "--bind",      "127.0.0.1",     "--save",  "",      "--appendonly",
                 "yes",         "--appendfsync", "always"};
  } else {
    const char* oracle = std::getenv("REDIS_SERVER");
    arguments = {oracle != nullptr ? oracle : "redis-server",
                 "--port",
                 port_text,
                 "--dir",
                 directory,
                 "--bind",
                 "127.0.0.1",
                 "--save",
                 "",
                 "--appendonly",
                 "no",
                 "--appendfsync",
                 "always"};
  }
  arguments.insert(arguments.end(), options.extra_arguments.begin(), options.extra_arguments.end());
  return arguments;
}

/// Forks and executes; the child appends what it prints to `log_path`.
pid_t Spawn(const std::vector<std::string>& arguments, const std::string& log_path) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child > 0) return child;

  // From here to the exec only async-signal-safe calls: the parent may have threads.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int null = ::open("/dev/null", O_RDONLY);
  if (log < 0 || null < 0) ::_exit(126);
  ::dup2(null, STDIN_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::close_range(3, ~0U, 0);  // a client's socket kept open by a server would hide its close
  ::signal(SIGPIPE, SIG_DFL);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

ExitStatus FromWaitStatus(int status) {
  ExitStatus result;
  if (WIFEXITED(status)) {
    result.code = WEXITSTATUS(status);
  } else if (WIFSIGNALED(status)) {
    result.signal = WTERMSIG(status);
  }
  return result;
}

bool NobodyListensOn(uint16_t port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "socket");
  const int on = 1;
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int bound =
      ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  ::close(descriptor);
  return bound == 0;
}

/// Whether the process itself listens on the port: somebody else's server must not be taken for
/// ours when both wanted the same one.
bool ListensOn(pid_t pid, uint16_t port) {
  std::ifstream table("/proc/net/tcp");
  const std::string local = fmt::format("0100007F:{:04X}", port);
  const std::string any = fmt::format("00000000:{:04X}", port);
  std::string line;
  std::string socket_name;
  std::getline(table, line);  // the headings
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string slot, address, remote, state, skip, inode;
    fields >> slot >> address >> remote >> state >> skip >> skip >> skip >> skip >> skip >> inode;
    if ((address == local || address == any) && state == "0A") {
      socket_name = "socket:[" + inode + "]";
    }
  }
  if (socket_name.empty()) return false;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(fmt::format("/proc/{}/fd", pid), error), end;
       !error && entry != end; entry.increment(error)) {
    std::error_code unreadable;
    if (std::filesystem::read_symlink(entry->path(), unreadable) == socket_name) return true;
  }
  return false;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::string ExitStatus::Describe() const {
  return signal != 0 ? fmt::format("ended by signal {}", signal)
                     : fmt::format("exit code {}", code);
}

bool TallyIsStoodInFor() {
  return std::filesystem::path(TallyBinary()).filename().string().starts_with("redis-server");
}

uint16_t FreePort() {
  static std::minstd_rand random(std::random_device{}());
  std::uniform_int_distribution<int> ports(10'000, 30'000);
  while (true) {
    const auto port = static_cast<uint16_t>(ports(random));
    if (NobodyListensOn(port)) return port;
  }
}

ServerProcess::ServerProcess(ServerOptions options)
    : options_(std::move(options)),
      data_directory_(directory_.File("data")),
      log_path_(directory_.File("log")) {
  std::filesystem::create_directory(data_directory_);
  port_ = FreePort();
  Start();
}

ServerProcess::~ServerProcess() { EndNow(); }

void ServerProcess::Start() {
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    Launch();
    if (WaitUntilReady()) return;
    const bool lost_the_port = !NobodyListensOn(port_);
    EndNow();
    if (!lost_the_port) break;
    port_ = FreePort();
  }
  std::string log = Log();
  if (log.size() > kLogTailBytes) log.erase(0, log.size() - kLogTailBytes);
  throw std::runtime_error(fmt::format("the server did not start ({}); it printed:\n{}",
                                       exit_ ? exit_->Describe() : std::string("no answer"), log));
}

void ServerProcess::Launch() {
  if (IsRunning()) throw std::logic_error("the server runs already");
  exit_.reset();
  pid_ = Spawn(CommandLine(options_, port_, data_directory_), log_path_);
}

bool ServerProcess::WaitUntilReady() {
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (std::chrono::steady_clock::now() < deadline && IsRunning()) {
    if (ListensOn(pid_, port_)) {
      std::optional<Client> client = Client::TryConnect(port_);
      if (client && client->Command({"PING"}) == "+PONG\r\n") return true;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  return false;
}

bool ServerProcess::IsRunning() {
  return pid_ > 0 && !WaitForExit(std::chrono::milliseconds(0)).has_value();
}

std::optional<ExitStatus> ServerProcess::WaitForExit(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (pid_ > 0) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      exit_ = FromWaitStatus(status);
      pid_ = -1;
      break;
    }
    if (std::chrono::steady_clock::now() >= deadline) return std::nullopt;
    std::this_thread::sleep_for(kPollInterval);
  }
  return exit_;
}

void ServerProcess::Kill9() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);
  if (!WaitForExit(kStopTimeout)) throw std::runtime_error("the server outlived SIGKILL");
}

ExitStatus ServerProcess::Terminate() {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
  const std::optional<ExitStatus> exit = WaitForExit(kStopTimeout);
  if (exit) return *exit;
  Kill9();
  throw std::runtime_error("the server did not end on SIGTERM");
}

void ServerProcess::Restart() { Start(); }

void ServerProcess::Restart(ServerOptions options) {
  options_ = std::move(options);
  Start();
}

void ServerProcess::RestartWithoutWaiting() { Launch(); }

std::string ServerProcess::Log() const { return ReadFile(log_path_); }

void ServerProcess::EndNow() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  exit_ = FromWaitStatus(status);
  pid_ = -1;
}

RunResult RunUntilExit(const ServerOptions& options, uint16_t port,
                       const std::string& data_directory, std::chrono::milliseconds timeout) {
  const TempDirectory directory;
  const std::string log_path = directory.File("log");
  const pid_t pid = Spawn(CommandLine(options, port, data_directory), log_path);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  RunResult result;
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() >= deadline) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      result.output = ReadFile(log_path);
      return result;
    }
    std::this_thread::sleep_for(kPollInterval);
  }
  result.exit = FromWaitStatus(status);
  result.output = ReadFile(log_path);
  return result;
}

}  // namespace tally::test
