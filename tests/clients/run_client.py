#!/usr/bin/env python3
"""Runs one client's driver against a Tally that is killed and restarted under it; see README.md.

run_client.py NAME [--build-directory DIRECTORY]    exit code 0: passed, 1: failed, 77: skipped
run_client.py                                       lists the names
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from clients import CLIENTS
from resp import Connection
from server import Server

HERE = Path(__file__).resolve().parent
SCENARIO = HERE / "scenario.json"
SKIPPED = 77
NPM_SECONDS = 240
DRIVER_SECONDS = 120
COUNT_SECONDS = 20


class Skip(Exception):
    """The machine does not have what the test needs."""


class Failure(Exception):
    """The client or the server did what it should not."""


def install_from_npm(directory):
    """Brings the clients from npm, and the drivers beside them, into `directory`, unless they are there already."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run side by side
        version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
        if int(version.lstrip("v").split(".")[0]) < 20:
            raise Skip(f"the clients from npm need Node.js 20 or newer, this is {version.strip()}")
        wanted = (HERE / "node" / "package-lock.json").read_bytes()
        installed = directory / "installed.json"
        is_new = not installed.exists() or installed.read_bytes() != wanted
        for source in (HERE / "node").iterdir():
            if is_new or source.suffix == ".mjs":
                replacement = directory / f"{source.name}.new"
                shutil.copy(source, replacement)
                replacement.rename(directory / source.name)
        if not is_new:
            return
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        try:
            done = subprocess.run(npm, cwd=directory, capture_output=True, text=True, timeout=NPM_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise Skip(f"npm could not get the clients within {NPM_SECONDS} s") from None
        if done.returncode != 0:
            print(done.stdout, done.stderr)
            raise Skip("npm could not get the clients; what it said is above")
        shutil.copy(HERE / "node" / "package-lock.json", installed)


def require(client, build_directory):
    """Raises Skip unless all that the client needs is there. Returns the directory of its driver."""
    if client.built:
        if not (build_directory / "tests" / client.command[0]).exists():
            raise Failure(f"{build_directory} has no {client.command[0]}: it is built where libhiredis-dev is")
        return build_directory / "tests"
    try:
        found = subprocess.run(client.probe, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        found = False
    if not found:
        raise Skip(f"{client.needs}: not installed")
    if client.from_npm:
        install_from_npm(build_directory / "clients-npm")
        return build_directory / "clients-npm"
    return HERE


def restart_in_the_midst(server, scenario):
    """Kills the server while the driver counts, and starts it again: it has kept what had been counted."""

    def counted():
        with Connection(server.port) as connection:
            return int(connection.call("GET", scenario["restart_counter"]) or 0)

    deadline = time.monotonic() + COUNT_SECONDS
    while (before := counted()) < scenario["restart_counts"]:
        if time.monotonic() > deadline:
            raise Failure(f"the driver counted to {before} only, within {COUNT_SECONDS} s")
    server.restart()
    if (after := counted()) < before:
        raise Failure(f"{scenario['restart_counter']} was {before} before the server was killed, and is {after} now")


def run_driver(client, directory, server, scenario):
    """Runs the driver to its end, restarting the server when it asks for it. Returns the steps it has done."""
    interpreter, driver, *arguments = [None, *client.command] if client.built else client.command
    command = [str(directory / driver), *arguments, str(server.tls_port if client.tls else server.port), str(SCENARIO)]
    if interpreter:
        command.insert(0, interpreter)
    steps = []
    environment = os.environ | ({"TALLY_TLS_CA": str(server.ca_file)} if client.tls else {})
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as driver:
        watchdog = threading.Timer(DRIVER_SECONDS, driver.kill)
        watchdog.start()
        try:
            for line in driver.stdout:
                print(line, end="", flush=True)
                if line.startswith("step "):
                    steps.append(line.split()[1])
                elif line.strip() == "restart":
                    if client.steps:
                        server.restart()
                    else:
                        restart_in_the_midst(server, scenario)
                    driver.stdin.write("restarted\n")
                    driver.stdin.flush()
            code = driver.wait()
        finally:
            driver.kill()
            watchdog.cancel()
    if code != 0:
        raise Failure(f"the driver ended with {code} after the steps {steps} (negative: a signal, after {DRIVER_SECONDS} s)")
    return steps


def check_what_is_left(server, scenario):
    """The server holds, for whoever asks, what the scenario leaves."""
    sums = scenario["pipeline_length"] * (scenario["pipeline_length"] + 1) // 2
    with Connection(server.port) as connection:
        expected = {
            ("GET", scenario["counter"]): str(scenario["counts"] + 1),
            ("GET", scenario["pipeline_counter"]): str(sums),
            ("GET", scenario["stock"]): str(scenario["stock_by_another"] - 1),
            ("GET", scenario["session"]): scenario["session_value"],
            ("EXISTS", scenario["brief"]): 0,
            ("DBSIZE",): 5 + scenario["items"],
        }
        found = {command: connection.call(*command) for command in expected}
        if found != expected:
            raise Failure(f"the server should hold {expected}, but holds {found}")
        seconds = connection.call("TTL", scenario["session"])
        if not scenario["session_seconds"] - 2 * DRIVER_SECONDS < seconds <= scenario["session_seconds"]:
            raise Failure(f"the session should live for {scenario['session_seconds']} s, not {seconds}")


def run(client, build_directory):
    scenario = json.loads(SCENARIO.read_text(encoding="utf-8"))
    directory = require(client, build_directory)
    with Server(tls=client.tls) as server:
        try:
            steps = run_driver(client, directory, server, scenario)
            wanted = client.steps or scenario["steps"]
            if steps != wanted:
                raise Failure(f"the steps are {wanted}, the driver did {steps}")
            if not client.steps:
                # Nobody is under way now, so the very last reply must have been kept.
                server.restart()
                check_what_is_left(server, scenario)
        except Failure:
            print(f"--- what the server printed:\n{server.log.read_text(encoding='utf-8', errors='replace')}")
            raise


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", choices=CLIENTS)
    parser.add_argument("--build-directory", type=Path, default=HERE.parent.parent / "build" / "release")
    arguments = parser.parse_args()
    if arguments.name is None:
        print("\n".join(CLIENTS))
        return 0
    # Also a test that is ended from outside leaves neither a server nor its directory.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    try:
        run(CLIENTS[arguments.name], arguments.build_directory.resolve())
    except Skip as skip:
        print(f"SKIPPED: {arguments.name}: {skip}")
        return SKIPPED
    except Failure as failure:
        print(f"FAILED: {arguments.name}: {failure}")
        return 1
    print(f"{arguments.name}: passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
