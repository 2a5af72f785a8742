"""redis-cli as people use it, on a terminal too, and redis-benchmark: the steps that clients.py names."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

port = sys.argv[1]
TIMEOUT_SECONDS = 20
# redis-cli throws away what is typed before it shows its prompt: so each answer is read up to the next one.
PROMPT = r"127\.0\.0\.1:\d+(\[\d+\])?(\(TX\))?> "


def step(name):
    print("step", name, flush=True)


def cli(*arguments, stdin=None, code=0):
    """What redis-cli prints; it must end with `code`."""
    done = subprocess.run(
        ["redis-cli", "-p", port, *arguments],
        input=stdin, capture_output=True, timeout=TIMEOUT_SECONDS, check=False,
    )  # fmt: skip
    printed = (done.stdout + done.stderr).decode()
    assert done.returncode == code, f"redis-cli {arguments} ended with {done.returncode}: {printed}"
    return printed


def expect(wanted, got):
    assert got == wanted, f"expected {wanted!r}, got {got!r}"


class Terminal:
    """redis-cli on a terminal of its own, typed at and read from."""

    def __init__(self, *arguments):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            # Neither the history nor the settings of whoever runs the test.
            os.environ.update(TERM="xterm", REDISCLI_HISTFILE="/dev/null", REDISCLI_RCFILE="/dev/null")
            os.execvp("redis-cli", ["redis-cli", "-p", port, *arguments])
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def read_until(self, pattern):
        """Everything until `pattern` (a regular expression) has come."""
        screen, deadline = "", time.monotonic() + TIMEOUT_SECONDS
        while not re.search(pattern, screen):
            ready, _, _ = select.select([self.terminal], [], [], max(0, deadline - time.monotonic()))
            assert ready and time.monotonic() < deadline, f"no {pattern!r} on the screen within {TIMEOUT_SECONDS} s: {screen[-2000:]!r}"
            screen += os.read(self.terminal, 65536).decode(errors="replace")
        return screen


with Terminal() as terminal:
    terminal.read_until(PROMPT)
    # Hints of arguments come from what the server tells of its commands; the last character typed brings the hint.
    terminal.type("incrby ")
    terminal.read_until("key increment")
    terminal.type("visits 41\r")
    terminal.read_until(r"\(integer\) 41\r\n" + PROMPT)
    terminal.type("incr visits\r")
    terminal.read_until(r"\(integer\) 42\r\n" + PROMPT)
    terminal.type("nonsense a b\r")
    terminal.read_until(r"\(error\) ERR unknown command 'nonsense', with args beginning with: 'a' 'b' *\r\n" + PROMPT)
    terminal.type("multi\r")
    terminal.read_until(r"\(TX\)> ")
    terminal.type("incr visits\r")
    terminal.read_until(r"QUEUED\r\n" + PROMPT)
    terminal.type("exec\r")
    terminal.read_until(r"1\) \(integer\) 43\r\n" + PROMPT)
    terminal.type("select 5\r")
    terminal.read_until(r"\[5\]> ")
    terminal.type("help incr\r")
    terminal.read_until(r"INCR[^>]*key[^>]*" + PROMPT)
    terminal.type("quit\r")
    os.waitid(os.P_PID, terminal.pid, os.WEXITED | os.WNOWAIT)
step("hints")

with Terminal() as terminal:
    terminal.read_until(PROMPT)
    for command in ("set stock 10", "watch stock"):
        terminal.type(command + "\r")
        terminal.read_until("OK\r\n" + PROMPT)
    expect("OK\n", cli("set", "stock", "7"))
    for wanted in (r"\(nil\)", r"1\) \(integer\) 6"):
        terminal.type("multi\r")
        terminal.read_until(r"\(TX\)> ")
        terminal.type("decr stock\r")
        terminal.read_until(r"QUEUED\r\n" + PROMPT)
        terminal.type("exec\r")
        terminal.read_until(wanted + r"\r\n" + PROMPT)
expect("1\n", cli("del", "stock"))
step("transaction")

for options in ([], ["-3"]):
    with Terminal(*options, "subscribe", "news") as terminal:
        terminal.read_until(r'1\) "subscribe"\r\n2\) "news"\r\n3\) \(integer\) 1\r\n')
        expect("1\n", cli("publish", "news", "1 < 2"))
        terminal.read_until(r'1\) "message"\r\n2\) "news"\r\n3\) "1 < 2"\r\n')
step("subscribe")

with Terminal("-3") as terminal:
    terminal.read_until(PROMPT)
    terminal.type("client tracking on\r")
    terminal.read_until(r"OK\r\n" + PROMPT)
    terminal.type("get copied\r")
    terminal.read_until(r"\(nil\)\r\n" + PROMPT)
    expect("OK\n", cli("set", "copied", "1"))
    # What was told meanwhile is shown with the next answer, and stands in front of it.
    terminal.type("get copied\r")
    terminal.read_until(r"-> invalidate: 'copied'\r\n\"1\"\r\n" + PROMPT)
    expect("1\n", cli("del", "copied"))
step("tracking")

expect("OK\n", cli("set", "session", "open", "ex", "1000"))
assert 980 <= int(cli("ttl", "session")) <= 1000
expect("1\n", cli("del", "session"))
expect("OK\n", cli("set", "brief", "soon gone"))
expect("1\n", cli("pexpire", "brief", "50"))
deadline = time.monotonic() + TIMEOUT_SECONDS
while cli("exists", "brief") != "0\n":
    assert time.monotonic() < deadline, "the brief key lives on"
step("expire")

expect("43\n", cli("-3", "get", "visits"))
expect("(double) 1.5\n", cli("-3", "--no-raw", "INCREX", "half", "BYFLOAT", "1.5").splitlines(keepends=True)[0][3:])
assert re.search(r'"proto" => \(integer\) 3', cli("-3", "--no-raw", "hello", "3"))
expect("(nil)\n", cli("-3", "--no-raw", "get", "nothing"))
expect("2\n", cli("del", "visits", "half"))
step("resp3")

commands = "".join(f"SET item:{number} {number}\r\n" for number in range(1000)).encode()
assert "errors: 0, replies: 1000" in cli("--pipe", stdin=commands)
assert "errors: 1, replies: 2" in cli("--pipe", stdin=b"INCR\r\nPING\r\n", code=1)
expect("1000\n", cli("dbsize"))
step("pipe")

names = sorted(f"item:{number}" for number in range(1000))
expect(names, sorted(cli("--scan").split()))
expect(["item:42"], cli("-3", "--scan", "--pattern", "item:42").split())
step("scan")

with Terminal("--stat", "-i", "0.1") as terminal:
    terminal.read_until(r"keys +mem +clients +blocked +requests +connections")
    terminal.read_until(r"1000 +[\d.]+[KMG] +\d+ +0 +\d+ \(\+\d+\) +\d+")
step("stat")

with Terminal("monitor") as terminal:
    terminal.read_until("OK")
    cli("set", "seen", 'by "monitor"')
    terminal.read_until(r'\d+\.\d{6} \[0 127\.0\.0\.1:\d+\] "set" "seen" "by \\"monitor\\""')
    cli("-n", "3", "get", "\x01")
    terminal.read_until(r'\d+\.\d{6} \[3 127\.0\.0\.1:\d+\] "get" "\\x01"')
step("monitor")

with Terminal() as terminal:
    terminal.read_until(PROMPT)
    terminal.type("incr counter\r")
    terminal.read_until(r"\(integer\) 1\r\n" + PROMPT)
    # While one waits at its prompt, another counts until it is cut off.
    with subprocess.Popen(["redis-cli", "-p", port, "-r", "-1", "incr", "orders"], stdout=subprocess.PIPE, text=True) as counting:
        told = [counting.stdout.readline() for _ in range(20)]
        print("restart", flush=True)
        sys.stdin.readline()
        counting.terminate()
        told = [line.strip() for line in told + counting.stdout.readlines()]
    kept, last = int(cli("get", "orders")), int([number for number in told if number.isdigit()][-1])
    assert kept >= last >= 20, f"told {last}, kept {kept}"
    expect("1\n", cli("del", "orders"))
    # The first command finds the connection broken, and says so; the next one connects again.
    terminal.type("get counter\r")
    terminal.read_until("not connected> ")
    terminal.type("incr counter\r")
    terminal.read_until(r"\(integer\) 2\b")
expect("1002\n", cli("dbsize"))
expect('by "monitor"\n', cli("get", "seen"))
step("restart")

for options in ([], ["-3"], ["-P", "16", "--threads", "2"]):
    benchmark = subprocess.run(
        ["redis-benchmark", "-p", port, "-q", "-n", "2000", "-r", "1000", "-t", "ping,set,get,incr,mset", *options],
        capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True,
    )  # fmt: skip
    printed = benchmark.stdout + benchmark.stderr
    assert not re.search("(?i)error|warning|could not", printed), printed
    expect(6, printed.count("requests per second"))
step("benchmark")
