#!/usr/bin/env bash
# Redis's own tools work with Tally: redis-cli (-3, --pipe, inline through a pipe) and redis-benchmark, in RESP2 and
# RESP3, with one, two and four threads. Any error, warning or non-zero exit of theirs fails the test, which then
# prints what it ran, all that this printed, and all that the server printed.
#
#   TALLY_SERVER=build/release/tally-server tests/end_to_end/redis_tools_test.sh

set -euo pipefail

server="${TALLY_SERVER:-build/release/tally-server}"
requests="${REQUESTS:-1000}"
work="$(mktemp -d "${TMPDIR:-/tmp}/tally-tools-XXXXXX")"
server_pid=
port=

# All that is needed to know what happened when nobody was looking.
report() {
  printf 'FAILED: %s\n' "$*"
  printf -- '--- in line(s) %s; %s threads, port %s, after %s s; load %s\n' \
    "${BASH_LINENO[*]}" "${threads:-?}" "${port:-?}" "$SECONDS" "$(cat /proc/loadavg)"
  if [[ -n "$server_pid" ]] && kill -0 "$server_pid" 2>/dev/null; then
    printf -- '--- the server runs (process %s); its threads, and what they wait for:\n' "$server_pid"
    for thread in "/proc/$server_pid"/task/*; do
      printf '%s %s\n' "$(cat "$thread/comm" 2>&1)" "$(cat "$thread/wchan" 2>&1)"
    done
  fi
  printf -- '--- what the servers printed:\n'
  cat "$work/server.log" 2>&1
  printf -- '--- the end of it\n'
} >&2

reported=no
fail() {
  report "$@"
  reported=yes
  exit 1
}

# leave STATUS COMMAND: also when a command failed that nobody looked at.
leave() {
  set +e
  if [[ "$1" -ne 0 && "$reported" == no ]]; then report "'$2' ended with $1"; fi
  if [[ -n "$server_pid" ]]; then
    kill -KILL "$server_pid" 2>/dev/null
    wait "$server_pid" 2>/dev/null
  fi
  rm -rf "$work"
}
trap 'leave $? "$BASH_COMMAND"' EXIT
trap 'exit 130' INT TERM

# A reply that does not come must not take the report of it along: ctest ends the whole test after ten minutes.
cli() { timeout 60 redis-cli -p "$port" "$@"; }

# Waits until the server has ended; its exit code is 0.
expect_clean_end() {
  local after="$1" waited status=0
  for ((waited = 0; waited < 1200; waited++)); do
    kill -0 "$server_pid" 2>/dev/null || break
    sleep 0.05
  done
  ! kill -0 "$server_pid" 2>/dev/null || fail "after $after the server did not end within 60 s"
  wait "$server_pid" || status=$?
  [[ "$status" -eq 0 ]] || fail "after $after the server exited with $status"
  server_pid=
}

# start_server THREADS: on a free port; when another program takes it first, on the next.
start_server() {
  local threads="$1" attempt
  rm -rf "$work/data"
  mkdir "$work/data"
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    port=$((10000 + RANDOM % 20000))
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then continue; fi
    local options=(--port "$port" --dir "$work/data")
    if [[ "$(basename "$server")" == redis-server* ]]; then
      options+=(--bind 127.0.0.1 --save '' --appendonly yes --appendfsync always)
    else
      options+=(--threads "$threads" --http-port 0 --admin-port 0)
    fi
    printf -- '--- %s %s\n' "$server" "${options[*]}" >>"$work/server.log"
    "$server" "${options[@]}" >>"$work/server.log" 2>&1 &
    server_pid=$!
    local waited
    for ((waited = 0; waited < 1500; waited++)); do
      kill -0 "$server_pid" 2>/dev/null || break
      # Its own word for who it is: it could be another server that was faster on this port.
      if [[ "$(cli info server 2>/dev/null)" == *"process_id:$server_pid"* ]]; then return 0; fi
      sleep 0.02
    done
    kill -KILL "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
    server_pid=
  done
  fail "the server did not start after $attempt attempts"
}

# expect WANTED COMMAND...: the command's output is WANTED.
expect() {
  local wanted="$1" got
  shift
  got="$("$@" 2>&1)" || fail "$* exited with $?: $got"
  [[ "$got" == "$wanted" ]] || fail "$*: expected '$wanted', got '$got'"
}

# expect_part PART COMMAND...: the command's output has PART in it.
expect_part() {
  local wanted="$1" got
  shift
  got="$("$@" 2>&1)" || fail "$* exited with $?: $got"
  [[ "$got" == *"$wanted"* ]] || fail "$*: no '$wanted' in '$got'"
}

check_cli() {
  local flag
  for flag in -2 -3; do
    expect OK cli "$flag" flushall
    expect 1 cli "$flag" incr A
    expect 2 cli "$flag" incr A
    expect 3 cli "$flag" incr A
    expect '"3"' cli "$flag" --no-raw get A
    expect '(nil)' cli "$flag" --no-raw get missing
    expect OK cli "$flag" mset x 1 y 2 z 3
    expect $'1\n2\n3' cli "$flag" mget x y z
    expect 2 cli "$flag" del x y
    expect 2 cli "$flag" dbsize
    expect 'timeout 0' bash -c "redis-cli -p $port $flag config get timeout | tr '\n' ' ' | sed 's/ $//'"
    expect 'ERR value is not an integer or out of range' cli "$flag" incrby A x
    expect OK cli "$flag" -n 9 set A 'of database 9'
    expect 'of database 9' cli "$flag" -n 9 get A
    expect 3 cli "$flag" get A
  done
  expect $'4\n5\n6' cli -r 3 incr A
  expect $'OK\nhello\nPONG' bash -c "printf 'set s hello\nget s\nping\n' | redis-cli -p $port"
  expect hello bash -c "printf hello | redis-cli -p $port -x set s >/dev/null; redis-cli -p $port get s"
  expect_part "tcp_port:$port" cli info server
  expect_part 'cmd=client' cli client list
  local count
  count="$(cli command count 2>&1)" || true
  [[ "$count" =~ ^[0-9]+$ && "$count" -gt 40 ]] || fail "command count: $count"
}

check_pipe() {
  local i out
  expect OK cli flushall
  # Half of it in the protocol, half of it inline.
  for ((i = 0; i < 2000; i++)); do
    local key="key:$i"
    # shellcheck disable=SC2016  # the dollar signs are the protocol's
    printf '*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%d\r\n' ${#key} "$key" ${#i} "$i"
    printf 'INCR counter\r\n'
  done >"$work/pipe"
  out="$(cli --pipe <"$work/pipe" 2>&1)" || fail "redis-cli --pipe exited with $?: $out"
  [[ "$out" == *'errors: 0, replies: 4000'* ]] || fail "redis-cli --pipe: $out"
  expect 2000 cli get counter
  expect 2001 cli dbsize
  expect 1999 cli get key:1999
}

benchmark() {
  local out lines
  out="$(timeout 300 redis-benchmark -p "$port" -q "$@" 2>&1)" || fail "redis-benchmark $* exited with $?: $out"
  out="${out//$'\r'/$'\n'}"
  if grep -qiE 'err|warn|fail|wrong|could not|refused|reset by|closed' <<<"$out"; then
    fail "redis-benchmark $*: $out"
  fi
  lines="$(grep -c 'requests per second' <<<"$out")" || true
  [[ "$lines" -eq 6 ]] || fail "redis-benchmark $*: $lines results instead of 6: $out"
}

tests=(-t 'ping_inline,ping_mbulk,set,get,incr,mset')

for threads in 1 2 4; do
  start_server "$threads"
  check_cli
  check_pipe
  for resp in 2 3; do
    version=()
    if [[ "$resp" == 3 ]]; then version=(-3); fi
    benchmark "${tests[@]}" "${version[@]}" -n "$requests"
    benchmark "${tests[@]}" "${version[@]}" -n "$((requests * 10))" -P 16 -r 100000 --threads 2
  done
  said="$(cli shutdown 2>&1)" || true
  expect_clean_end "SHUTDOWN (redis-cli said '$said')"
  start_server "$threads"
  kill -TERM "$server_pid"
  expect_clean_end SIGTERM
  printf 'ok: %s threads\n' "$threads"
done
