#!/usr/bin/env python3
"""Runs clang-tidy over every .cc file of protocol/, storage/ and server/, several at a time.

A file that was clean is not looked at again until it, a header of ours that it includes, the chosen checks or
clang-tidy itself change: a marker named by the hash of all of these stands in build/clang/tidy/.
"""

import argparse
import hashlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "clang"
MARKERS = BUILD / "tidy"
MARKER_LIFETIME_S = 30 * 24 * 3600
NOISE = re.compile(r"^\d+ warnings? (and \d+ errors? )?(generated|treated as error).*\n", re.MULTILINE)
INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.MULTILINE)


def with_headers(source):
    """The file and all files of ours that it includes, directly or not."""
    found, waiting = set(), [source]
    while waiting:
        path = waiting.pop()
        if path in found or not path.is_file():
            continue
        found.add(path)
        waiting += [ROOT / name.decode() for name in INCLUDE.findall(path.read_bytes())]
    return sorted(found)


def marker_of(source, common):
    digest = hashlib.sha256(common)
    for path in with_headers(source):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return MARKERS / digest.hexdigest()


def run(source):
    command = ["clang-tidy", "--quiet", "-p", str(BUILD), str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    jobs = parser.parse_args().jobs

    MARKERS.mkdir(parents=True, exist_ok=True)
    for marker in MARKERS.iterdir():
        if time.time() - marker.stat().st_mtime > MARKER_LIFETIME_S:
            marker.unlink()

    version = subprocess.run(["clang-tidy", "--version"], capture_output=True, check=True).stdout
    common = version + (ROOT / ".clang-tidy").read_bytes() + (ROOT / "cmake" / "TallyCompile.cmake").read_bytes()
    sources = [p for d in ("protocol", "storage", "server") for p in sorted((ROOT / d).rglob("*.cc"))]
    markers = {source: marker_of(source, common) for source in sources}
    stale = [source for source in sources if not markers[source].exists()]
    print(f"clang-tidy: {len(sources)} files, {len(stale)} to look at", flush=True)

    unclean = 0
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        running = {pool.submit(run, source): source for source in stale}
        for future in as_completed(running):
            result, source = future.result(), running[future]
            if result.returncode == 0:
                markers[source].touch()
            else:
                unclean += 1
                print(f"{source.relative_to(ROOT)}:")
                print(NOISE.sub("", result.stdout + result.stderr), flush=True)
    print(f"clang-tidy: {unclean} of {len(sources)} files are not clean")
    return 1 if unclean else 0


if __name__ == "__main__":
    sys.exit(main())
