// tally-server: reads the options, opens the data directory, serves until a signal or SHUTDOWN.
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "server/banner.h"
#include "server/config.h"
#include "server/config_parse.h"
#include "server/cycle_clock.h"
#include "server/descriptor_limit.h"
#include "server/doors.h"
#include "server/held_log.h"
#include "server/log_setup.h"
#include "server/memory_usage.h"
#include "server/pid_file.h"
#include "server/residency.h"
#include "server/server.h"
#include "server/wall_clock.h"
#include "storage/data_directory.h"
#include "storage/high_water.h"
#include "storage/rocks_database.h"

// jemalloc reads it before main. Memory that objects give back is given back to the system within about
// half a second, by a thread of its own: the process is to stay near its limit, and no core to pay for it.
// NOLINTNEXTLINE(readability-identifier-naming,cppcoreguidelines-avoid-non-const-global-variables)
extern "C" const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:500,muzzy_decay_ms:0";

namespace {

using tally::server::Config;
using tally::server::HeldLog;
using tally::server::PidFile;
using tally::server::Server;
using tally::storage::Status;

constexpr int kExitCannotStart = 1;
constexpr int kExitCommitFailed = 74;  // EX_IOERR

// Signals become readable descriptors, and no thread is interrupted by them.
int MakeSignalDescriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
  sigaction(SIGHUP, &ignore, nullptr);
  sigaction(SIGXFSZ, &ignore, nullptr);  // a file-size limit is a write error, not a death
  return signalfd(-1, &signals, SFD_CLOEXEC);
}

// A client's core needs a CPU, and so do RocksDB's background work and the clients beside the server.
// Measured on two CPUs: one core is best (docs/BENCHMARKS.md).
int DefaultThreads() {
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency() / 2));
}

// Lowers maxclients where the descriptor limit forbids more.
void FitDescriptorLimit(Config* config) {
  const uint32_t wanted = config->maxclients.load();
  const uint32_t fitting = tally::server::RaiseDescriptorLimit(wanted);
  if (fitting == wanted) return;
  spdlog::warn("the limit of open files allows {} clients instead of {}: maxclients is {}", fitting,
               wanted, fitting);
  config->maxclients = fitting;
}

std::string DrawRunId() {
  std::random_device random;
  std::string id;
  while (id.size() < 40) id += fmt::format("{:08x}", random());
  return id;
}

std::string ExecutablePath() {
  std::array<char, 4096> path{};
  const ssize_t size = readlink("/proc/self/exe", path.data(), path.size());
  return size > 0 ? std::string(path.data(), static_cast<size_t>(size)) : std::string();
}

[[noreturn]] void EndAfterFailedCommit(const std::string& message) {
  // Nothing more may be told to anybody, and the state of the disk is unknown: no clean stop.
  spdlog::critical("a commit failed, nothing is acknowledged any more, ending: {}", message);
  spdlog::default_logger()->flush();
  std::_Exit(kExitCommitFailed);
}

int Fail(const std::string& message) {
  fmt::print(stderr, "tally-server: {}\n", message);
  return kExitCannotStart;
}

// How the end was asked for: by a signal, or by SHUTDOWN with or without a checkpoint.
bool WaitForEnd(int signal_descriptor, int shutdown_descriptor, const std::atomic<bool>& save) {
  std::array<struct pollfd, 2> sources{};
  sources[0] = {signal_descriptor, POLLIN, 0};
  sources[1] = {shutdown_descriptor, POLLIN, 0};
  while (poll(sources.data(), sources.size(), -1) < 0) {
  }
  return (sources[0].revents & POLLIN) != 0 || save.load();
}

int Run(int argc, char** argv) {
  tally::server::ParsedConfig parsed = tally::server::ParseConfig(argc, argv, TALLY_VERSION);
  if (parsed.config == nullptr) {
    if (parsed.exit_code != 0) return Fail(parsed.text + " (--help lists the options)");
    fmt::print("{}\n", parsed.text);
    return 0;
  }
  Config& config = *parsed.config;
  if (const std::string problem = tally::server::OpenLog(config); !problem.empty()) {
    return Fail("the log cannot be written: " + problem);
  }
  const int signal_descriptor = MakeSignalDescriptor();
  const int shutdown_descriptor = eventfd(0, EFD_CLOEXEC);
  config.threads_are_automatic = config.threads == 0;
  if (config.threads_are_automatic) config.threads = DefaultThreads();
  FitDescriptorLimit(&config);
  tally::server::CycleClock::Calibrate();

  tally::server::Doors doors;
  if (const Status status = OpenDoors(config, &doors); !status.ok()) return Fail(status.message());
  std::unique_ptr<tally::storage::DataDirectory> directory;
  if (const Status status = tally::storage::DataDirectory::Open(config.dir, &directory);
      !status.ok()) {
    return Fail(status.message());
  }
  std::optional<tally::storage::Ticket> high_water;
  if (const Status status =
          tally::storage::ReadHighWater(directory->high_water_path(), &high_water);
      !status.ok()) {
    return Fail(status.message());
  }
  HeldLog rocks_log([](const std::string& line) { spdlog::warn("RocksDB: {}", line); });
  std::unique_ptr<tally::storage::Database> database;
  tally::storage::RocksSettings settings;
  settings.block_cache_bytes = tally::server::StoreCacheBytes(config.maxmemory_bytes);
  settings.log = [&rocks_log](const std::string& line) { rocks_log.Add(line); };
  if (const Status status = tally::storage::OpenRocksDatabase(directory->rocks_path(), &database,
                                                              std::move(settings));
      !status.ok()) {
    return Fail(status.message());
  }

  std::atomic<bool> save{true};
  Server::Options options;
  options.config = &config;
  options.facts = {.version = TALLY_VERSION,
                   .run_id = DrawRunId(),
                   .executable = ExecutablePath(),
                   .config_file = config.config_file,
                   .data_directory = directory->path(),
                   .started_ms = tally::server::WallClock::NowMs(),
                   .start_memory = tally::server::MeasureMemory().used,
                   .threads = config.threads};
  options.high_water = high_water.value_or(tally::storage::kNoTicket);
  options.high_water_path = directory->high_water_path();
  options.on_recovered = [&directory] { directory->WritePid(); };
  options.on_fatal = EndAfterFailedCommit;
  options.on_shutdown = [&](bool with_checkpoint) {
    save = with_checkpoint;
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(shutdown_descriptor, &one, sizeof(one));
  };
  Server server(database.get(), std::move(options));
  if (const Status status = server.Start(std::move(doors)); !status.ok()) {
    return Fail(fmt::format("{}: {}", directory->path(), status.message()));
  }
  rocks_log.Release();
  const PidFile pid_file(config.pid_file);
  fmt::print("{}", BannerText(config, {.version = TALLY_VERSION,
                                       .directory = directory->path(),
                                       .objects = server.objects_at_start(),
                                       .journal_entries = server.recovered().journal_entries}));
  std::fflush(stdout);

  const bool with_checkpoint = WaitForEnd(signal_descriptor, shutdown_descriptor, save);
  spdlog::info("stopping");
  server.Stop(with_checkpoint);
  spdlog::info("stopped; everything acknowledged is on disk");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Run(argc, argv);
  } catch (const std::exception& problem) {
    return Fail(fmt::format("cannot start: {}", problem.what()));
  }
}
