#!/usr/bin/env bash
# A commit whose sync fails is told to nobody: the client gets no reply, the process ends with its own exit
# code and says why, and what had been acknowledged before is there afterwards (promise 7).
set -euo pipefail

server="${TALLY_SERVER:?the server binary}"
directory="$(mktemp -d)"
pid=""
tracer=""
cleanup() {
  for process in $tracer $pid; do kill -9 "$process" 2>/dev/null || true; done
  rm -rf "$directory"
}
trap cleanup EXIT

fail() {
  echo "FAILED: $*" >&2
  cat "$directory/log" >&2
  exit 1
}

start() {
  : >"$directory/log"
  "$server" --port 0 --http-port 0 --admin-port 0 --dir "$directory/data" "$@" >"$directory/log" 2>&1 &
  pid=$!
  for _ in $(seq 300); do
    port="$(sed -n 's/^ *redis  *127\.0\.0\.1:\([0-9]*\)$/\1/p' "$directory/log")"
    [[ -n $port ]] && return
    kill -0 "$pid" 2>/dev/null || fail "the server did not start"
    sleep 0.1
  done
  fail "the server printed no port"
}

tracer_of() { sed -n 's/^TracerPid:\t//p' "/proc/$1/status"; }

for threads in 1 2; do
  start --threads "$threads"
  [[ "$(redis-cli -p "$port" INCR "a$threads")" == 1 ]] || fail "the first INCR"

  strace -f -qq -o "$directory/trace" -e trace=pwritev2,fdatasync,fsync \
    -e inject=pwritev2,fdatasync,fsync:error=EIO -p "$pid" &
  tracer=$!
  for _ in $(seq 100); do
    [[ "$(tracer_of "$pid")" != 0 ]] && break
    sleep 0.1
  done
  [[ "$(tracer_of "$pid")" != 0 ]] || fail "strace could not attach"

  reply="$(timeout 60 redis-cli -p "$port" INCR "a$threads" 2>&1 || true)"
  [[ "$reply" != 2 ]] || fail "an INCR was acknowledged although its sync failed"
  status=0
  wait "$pid" || status=$?
  [[ $status == 74 ]] || fail "exit code $status instead of 74"
  grep -q "a commit failed" "$directory/log" || fail "no message"
  wait "$tracer" 2>/dev/null || true
  tracer=""

  start --threads "$threads"
  value="$(redis-cli -p "$port" GET "a$threads")"
  [[ $value == 1 || $value == 2 ]] || fail "after the restart the counter is '$value'"
  kill "$pid"
  wait "$pid" || fail "the clean stop"
  pid=""
done
echo "a failed sync was told to nobody, with 1 and 2 threads"
