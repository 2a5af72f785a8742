// Run-time options of the sanitizers, linked into every program of the asan and tsan builds. The sanitizers call these
// functions before main; ASAN_OPTIONS, UBSAN_OPTIONS and TSAN_OPTIONS in the environment still override single options.

extern "C" {

const char* __asan_default_options() {
  return "detect_stack_use_after_return=1:strict_string_checks=1:check_initialization_order=1:"
         "abort_on_error=1";
}

const char* __ubsan_default_options() { return "print_stacktrace=1:abort_on_error=1"; }

const char* __tsan_default_options() {
  return "halt_on_error=1:second_deadlock_stack=1:history_size=4:abort_on_error=1";
}

// Debian's RocksDB is not instrumented: ThreadSanitizer does not see the atomics inside it, and would take its own
// threads' work for races. Calls into it from Tally's code are still checked on Tally's side.
const char* __tsan_default_suppressions() {
  return "race:librocksdb.so\n"
         "deadlock:librocksdb.so\n"
         "mutex:librocksdb.so\n";
}

}  // extern "C"
