#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "storage/status.h"
#include "storage/thread_annotations.h"
#include "storage/ticket.h"

namespace tally::storage {

// The high-water file: one line of text with a ticket that is known to be on disk, and a checksum.
// A journal that was deleted, or cut on a record's boundary, looks like one that never held more;
// recovery tells by this ticket, which what it finds must reach.

/// *ticket is empty when there is no such file. A file that is damaged or of an unknown version is a
/// failure: start must be refused.
Status ReadHighWater(const std::string& path, std::optional<Ticket>* ticket);
/// Replaces the file durably.
Status WriteHighWater(const std::string& path, Ticket ticket);

/// Keeps the high-water file up with the journal, off the commit path: once a second, if more has
/// been synced since, and once more in Stop.
///
/// Failure (a full disk, say) is reported through `on_error` and does not stop commits: the file only
/// guards against damage that comes from outside, its old contents stay true, and a commit that
/// cannot be kept says so itself. It is tried again every second; reported are the first failure
/// after a success and a failure of Stop.
///
/// Threads: its own, on which the callbacks run (and that of Stop). Stop from one thread.
class HighWaterKeeper {
 public:
  static constexpr std::chrono::milliseconds kInterval{1000};

  /// `written` is what the file holds. `synced` (CommitLog::synced) must stay callable until Stop.
  HighWaterKeeper(std::string path, Ticket written, std::function<Ticket()> synced,
                  std::function<void(const std::string& message)> on_error,
                  std::chrono::milliseconds interval = kInterval);
  ~HighWaterKeeper();  ///< Stop

  HighWaterKeeper(const HighWaterKeeper&) = delete;
  HighWaterKeeper& operator=(const HighWaterKeeper&) = delete;

  /// Writes what is synced now and ends the thread. Before a clean end of the process, make the
  /// CommitLog sync what waits, then call this, then destroy the log. Again: nothing.
  void Stop() EXCLUDES(mutex_);

 private:
  void RunThread() EXCLUDES(mutex_);
  void WriteIfAdvanced(bool report_again);

  const std::string path_;
  const std::function<Ticket()> synced_;
  const std::function<void(const std::string&)> on_error_;
  const std::chrono::milliseconds interval_;

  // Of the thread; after its end of who calls Stop.
  Ticket written_;
  bool failing_ = false;

  Mutex mutex_;
  std::condition_variable_any wake_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tally::storage
