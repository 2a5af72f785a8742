"""Clients that measure a server: redis-benchmark, redis-cli --pipe, Tally's load client."""

import csv
import json
import subprocess
import sys
import time

from servers import NAMES

# Deeper pipelines are faster: so many more requests make their runs about as long.
REQUEST_FACTOR = {1: 1, 16: 8, 64: 16}
VALUE_BYTES = 3  # redis-benchmark's own default


def requests_at(pipeline, requests):
    """`requests` are for a run at -P 1."""
    return requests * REQUEST_FACTOR.get(pipeline, pipeline // 4 or 1)


def benchmark_command(server, test, requests, pipeline, *, keys=1, clients=50, value_bytes=VALUE_BYTES, threads=1):
    """`keys`: 1 is one hot key, more are random ones."""
    command = ["redis-benchmark", "-p", str(server.port), "-c", str(clients), "-n", str(requests), "-P", str(pipeline),
               "-d", str(value_bytes), "-t", test, "--csv"]
    if keys > 1:
        command += ["-r", str(keys)]
    if threads > 1:
        command += ["--threads", str(threads)]
    return command


def redis_benchmark(server, test, requests, pipeline, **options):
    """What one run measured, and the CPU time that the server took for it."""
    command = benchmark_command(server, test, requests, pipeline, **options)
    cpu_before = server.cpu_seconds()
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    cpu = server.cpu_seconds() - cpu_before
    lines = [line for line in csv.reader(result.stdout.splitlines()) if line and line[0].lower().startswith(test)]
    if result.returncode != 0 or len(lines) != 1 or "rror" in result.stdout + result.stderr:
        sys.exit(f"{' '.join(command)} on {NAMES[server.kind]}: {result.stdout}{result.stderr}")
    return {"rps": float(lines[0][1]), "p50_ms": float(lines[0][4]), "p99_ms": float(lines[0][6]),
            "cpu_us": cpu / requests * 1e6}


class HeavyIncrements:
    """redis-benchmark's INCR -P 16 on random counters, for as long as this is entered."""

    REQUESTS = 1 << 30  # more than it can do before it is ended

    def __init__(self, server, keys):
        self.command = benchmark_command(server, "incr", self.REQUESTS, 16, keys=keys)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1)  # until it is at full speed
        return self

    def __exit__(self, *_):
        ended = self.process.poll() is not None
        self.process.kill()
        self.process.wait()
        if ended:
            sys.exit(f"{' '.join(self.command)} ended by itself")


def start_load(client, server, command, **options):
    arguments = [client, "--port", str(server.port), "--command", command]
    for name, value in options.items():
        arguments += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process):
    """What a load client measured."""
    output, errors = process.communicate()
    if process.returncode != 0:
        sys.exit(f"{' '.join(process.args)}: {output}{errors}")
    return json.loads(output)


def request(*words):
    """Bytes of one request."""
    return (f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)).encode()


def write_requests(path, requests):
    """What redis-cli --pipe sends."""
    with path.open("wb") as stream:
        stream.writelines(request(*words) for words in requests)


def pipe(server, path):
    """Seconds that redis-cli --pipe took, replies included."""
    begin = time.monotonic()
    with path.open("rb") as stream:
        result = subprocess.run(["redis-cli", "-p", str(server.port), "--pipe"], stdin=stream, capture_output=True,
                                text=True, check=False)
    if result.returncode != 0 or "errors: 0" not in result.stdout:
        sys.exit(f"redis-cli --pipe on {NAMES[server.kind]} failed: {result.stdout}{result.stderr}")
    return time.monotonic() - begin
