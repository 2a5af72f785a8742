#pragma once

#include <mutex>

// Names for clang's thread-safety analysis (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html);
// nothing with other compilers.
#if defined(__clang__)
#define TALLY_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define TALLY_THREAD_ATTRIBUTE(x)
#endif

#define CAPABILITY(x) TALLY_THREAD_ATTRIBUTE(capability(x))
#define SCOPED_CAPABILITY TALLY_THREAD_ATTRIBUTE(scoped_lockable)
#define GUARDED_BY(x) TALLY_THREAD_ATTRIBUTE(guarded_by(x))
#define REQUIRES(...) TALLY_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) TALLY_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define RELEASE(...) TALLY_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define EXCLUDES(...) TALLY_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define ASSERT_CAPABILITY(x) TALLY_THREAD_ATTRIBUTE(assert_capability(x))

namespace tally::storage {

/// std::mutex, visible to the analysis.
class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

/// Holds a Mutex for a scope; can be given to a condition_variable_any.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace tally::storage
