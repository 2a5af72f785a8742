#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif

#include "storage/high_water.h"

#include <charconv>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <xxhash.h>

#include "storage/durable_file.h"

namespace tally::storage {
namespace {

constexpr std::string_view kPrefix = "tally high-water 1 ticket ";

std::string Encode(Ticket ticket) {
  std::string text = fmt::format("{}{} checksum ", kPrefix, ticket);
  text += fmt::format("{:016x}\n", XXH3_64bits(text.data(), text.size()));
  return text;
}

}  // namespace

Status ReadHighWater(const std::string& path, std::optional<Ticket>* ticket) {
  ticket->reset();
  std::string contents;
  bool exists = false;
  Status status = ReadSmallFile(path, &contents, &exists);
  if (!status.ok() || !exists) return status;
  if (contents.starts_with(kPrefix)) {
    Ticket found = kNoTicket;
    std::from_chars(contents.data() + kPrefix.size(), contents.data() + contents.size(), found);
    if (contents == Encode(found)) {
      *ticket = found;
      return Status::Ok();
    }
  }
  return Status::Failure(fmt::format(
      "{} is damaged, or of a newer Tally. It says which changes must be found in the journal, so "
      "without it a loss could go unseen. Restore the data directory from a backup",
      path));
}

Status WriteHighWater(const std::string& path, Ticket ticket) {
  return WriteFileDurably(path, Encode(ticket));
}

HighWaterKeeper::HighWaterKeeper(std::string path, Ticket written, std::function<Ticket()> synced,
                                 std::function<void(const std::string&)> on_error,
                                 std::chrono::milliseconds interval)
    : path_(std::move(path)),
      synced_(std::move(synced)),
      on_error_(std::move(on_error)),
      interval_(interval),
      written_(written),
      thread_([this] { RunThread(); }) {}

HighWaterKeeper::~HighWaterKeeper() { Stop(); }

void HighWaterKeeper::Stop() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  WriteIfAdvanced(/*report_again=*/true);
}

void HighWaterKeeper::RunThread() {
  while (true) {
    {
      const MutexLock lock(mutex_);
      const auto deadline = std::chrono::steady_clock::now() + interval_;
      while (!stopping_ && std::chrono::steady_clock::now() < deadline) {
        wake_.wait_until(mutex_, deadline);
      }
      if (stopping_) return;
    }
    WriteIfAdvanced(/*report_again=*/false);
  }
}

void HighWaterKeeper::WriteIfAdvanced(bool report_again) {
  const Ticket synced = synced_();
  if (synced <= written_) return;
  const Status status = WriteHighWater(path_, synced);
  if (status.ok()) {
    written_ = synced;
  } else if (!failing_ || report_again) {
    on_error_(status.message() +
              "; commits go on, but a journal that is cut or deleted may go unnoticed until this "
              "file can be written again");
  }
  failing_ = !status.ok();
}

}  // namespace tally::storage
