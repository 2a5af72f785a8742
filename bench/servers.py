"""Servers under measurement: started on a free port with a directory of their own, watched through /proc, stopped by pid."""

import datetime
import os
import random
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CPUCLOCK_SCHED = 2
NAMES = {"tally": "Tally", "always": "Redis always", "none": "Redis none"}
REDIS = ["redis-server", "--bind", "127.0.0.1", "--save", ""]
REDIS_OPTIONS = {"always": ["--appendonly", "yes", "--appendfsync", "always"], "none": ["--appendonly", "no"]}


def command_of(kind, tally, options=()):
    """How a server of NAMES is started. `tally` may name a redis-server, to try these programs without a Tally."""
    if kind != "tally":
        return [*REDIS, *REDIS_OPTIONS[kind], *options]
    if Path(tally).name.startswith("redis-server"):
        return [tally, *REDIS[1:], *REDIS_OPTIONS["always"]]
    return [tally, "--http-port", "0", "--admin-port", "0", *options]


def free_port():
    """Outside of the range from which the kernel takes ports for outgoing connections."""
    while True:
        port = random.randint(10000, 30000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Server:
    """`kind` is one of NAMES. It is started, and has answered, when the constructor returns."""

    def __init__(self, kind, command, directory):
        self.kind = kind
        self.directory = directory / kind
        self.directory.mkdir()
        self.log = (directory / f"{kind}.log").open("w")
        self.port = free_port()
        self.command = [*command, "--port", str(self.port), "--dir", str(self.directory)]
        self.start()
        deadline = time.monotonic() + 30
        while f"process_id:{self.process.pid}" not in self.info("server"):
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{' '.join(self.command)} did not start:\n{Path(self.log.name).read_text()}")
            time.sleep(0.05)

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL)

    def start_until(self, request, reply, deadline_s=300):
        """Starts it; seconds until `request` was first answered with `reply` (bytes, as they travel)."""
        begin = time.monotonic()
        self.start()
        while time.monotonic() < begin + deadline_s:
            if self.process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=deadline_s) as connection:
                    connection.sendall(request)
                    if connection.recv(len(reply)) == reply:
                        return time.monotonic() - begin
            except OSError:
                pass
            time.sleep(0.002)
        sys.exit(f"{' '.join(self.command)} did not answer:\n{Path(self.log.name).read_text()}")

    def cli(self, *arguments, **options):
        return subprocess.run(["redis-cli", "-p", str(self.port), *arguments], capture_output=True, text=True,
                              check=False, **options).stdout

    def info(self, section="everything"):
        return self.cli("info", section)

    def info_field(self, name):
        for line in self.info().splitlines():
            if line.startswith(f"{name}:"):
                return line.split(":", 1)[1].strip()
        return "?"

    def make_clean(self):
        """What was loaded is written to its place: Tally's checkpoint, Redis's rewritten log."""
        if self.kind == "tally":
            self.cli("save")
        elif self.kind == "always":
            self.cli("bgrewriteaof")
        self.wait_until_idle()

    def wait_until_idle(self):
        time.sleep(0.1)
        while True:
            info = self.info()
            if not any(f"{job}:1" in info for job in ("rdb_bgsave_in_progress", "aof_rewrite_in_progress",
                                                      "aof_rewrite_scheduled")):
                return
            time.sleep(0.1)

    def wait_until_quiet(self):
        """Until what it was given earlier (compaction, freeing) needs neither CPU nor disk any more."""
        while True:
            cpu, written = self.cpu_seconds(), self.written_bytes()
            time.sleep(1)
            if self.cpu_seconds() - cpu < 0.1 and self.written_bytes() - written < 1 << 20:
                return

    def cpu_seconds(self):
        """User and system, of all its threads, to the nanosecond: the clock that clock_getcpuclockid(3) names for the process."""
        return time.clock_gettime((~self.process.pid << 3) | CPUCLOCK_SCHED)

    def written_bytes(self):
        """To the disk, by it and by those of its children that have ended."""
        for line in Path(f"/proc/{self.process.pid}/io").read_text().splitlines():
            if line.startswith("write_bytes:"):
                return int(line.split()[1])
        raise OSError("/proc has no write_bytes")

    def resident_bytes(self):
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def disk_bytes(self):
        return sum(path.stat().st_blocks * 512 for path in self.directory.rglob("*") if path.is_file())

    def version(self):
        return self.info_field("tally_version" if self.kind == "tally" else "redis_version")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()

    def close(self):
        self.stop()
        self.log.close()


class MemoryWatch:
    """The largest resident size of a server while this is entered."""

    def __init__(self, server, period_s=0.1):
        self.server = server
        self.period_s = period_s
        self.largest_bytes = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.done.wait(self.period_s):
            self.largest_bytes = max(self.largest_bytes, self.server.resident_bytes())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "?"


def file_system(path):
    result = subprocess.run(["stat", "-f", "-c", "%T", str(path)], capture_output=True, text=True, check=False)
    return result.stdout.strip() or "?"


def warn_about(directory):
    if file_system(directory) in ("tmpfs", "ramfs", "overlayfs"):
        print(f"warning: {directory} is on {file_system(directory)}: syncs may cost nothing there", file=sys.stderr)


def commit():
    result = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True,
                            check=False)
    return result.stdout.strip() or "no commit"


def machine(directory):
    """The heading's line about when and where."""
    return (f"- {datetime.date.today().isoformat()}; {cpu_model()}, {os.cpu_count()} CPUs; Linux {os.uname().release}; "
            f"data on {file_system(directory)}")
