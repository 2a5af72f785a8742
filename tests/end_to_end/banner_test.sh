#!/usr/bin/env bash
# The command that the banner proposes works as it stands: with another port, another address of either family,
# and a password, for which it asks.
set -euo pipefail

server="${TALLY_SERVER:?the server binary}"
work="$(mktemp -d)"
pid=""
cleanup() {
  [[ -z $pid ]] || kill -9 "$pid" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  echo "FAILED: $*" >&2
  cat "$work/log" >&2
  exit 1
}

# banner OPTION...: starts the server; $proposed is the command of its banner.
banner() {
  rm -rf "$work/data"
  : >"$work/log"
  "$server" --port 0 --http-port 0 --admin-port 0 --dir "$work/data" "$@" >"$work/log" 2>&1 &
  pid=$!
  for _ in $(seq 300); do
    proposed="$(sed -n 's/^  try  *\(redis-cli.*[^ ]\)   *stop with Ctrl-C$/\1/p' "$work/log")"
    [[ -z $proposed ]] || return 0
    kill -0 "$pid" 2>/dev/null || fail "the server did not start: $*"
    sleep 0.1
  done
  fail "the server printed no command: $*"
}

stop() {
  kill "$pid"
  wait "$pid" || fail "the clean stop"
  pid=""
}

expect() {
  [[ $1 == "$2" ]] || fail "expected '$1', got '$2' from: $proposed"
}

addresses=('127.0.0.1' '*' '127.0.0.2')
if grep -q '^0*1 ' /proc/net/if_inet6 2>/dev/null; then addresses+=('::1' '::'); fi
for address in "${addresses[@]}"; do
  banner --bind "$address" --protected-mode no
  expect 1 "$(bash -c "$proposed" 2>&1 </dev/null)"
  stop
done

banner --requirepass secret
grep -q secret "$work/log" && fail "the password is shown"
got="$(bash -c "$proposed" 2>&1 <<<wrong)" || true
[[ $got == *NOAUTH* ]] || fail "with a wrong password: $got"
got="$(bash -c "$proposed" 2>&1 <<<secret)" || fail "with the password: $got"
expect 1 "$(tail -n 1 <<<"$got")"
stop
echo "the command of the banner works on ${addresses[*]}, and with a password"
