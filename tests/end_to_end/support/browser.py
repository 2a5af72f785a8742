"""A headless Chromium, driven by chromedriver (Debian: chromium, chromium-driver) as WebDriver describes it (w3.org/TR/webdriver2)."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from support.server import WAIT_S, free_port

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")


class Browser:
    """Use with `with`. Everything of it is below one directory, which goes with it. Keeps what the page's console says."""

    def __init__(self, width, height, *options):
        self.size, self.options = (width, height), options
        self.directory = tempfile.mkdtemp(prefix="tally-browser-")
        self.process = self.session = None
        self.base = ""

    def __enter__(self):
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=os.environ | {"HOME": self.directory, "TMPDIR": self.directory})  # fmt: skip
        try:
            self.open()
        except BaseException:
            self.__exit__()
            raise
        return self

    def open(self):
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                self.ask("GET", "/status")
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
                     "--disable-dev-shm-usage", f"--user-data-dir={self.directory}/profile",
                     f"--window-size={self.size[0]},{self.size[1]}", *self.options]  # fmt: skip
        capabilities = {"browserName": "chrome", "goog:chromeOptions": {"binary": CHROMIUM, "args": arguments},
                        "goog:loggingPrefs": {"browser": "ALL"}}  # fmt: skip
        self.session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})["sessionId"]
        # Narrower than a window may be: what a phone shows.
        self.command("goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride",
                                          "params": {"width": self.size[0], "height": self.size[1], "deviceScaleFactor": 1,
                                                     "mobile": self.size[0] < 600}})  # fmt: skip

    def __exit__(self, *_):
        if self.session:
            try:
                self.ask("DELETE", f"/session/{self.session}")
            except OSError:
                pass
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.base + path, method=method, headers={"Content-Type": "application/json"},
                                         data=None if body is None else json.dumps(body).encode())  # fmt: skip
        try:
            with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def command(self, name, body):
        return self.ask("POST", f"/session/{self.session}/{name}", body)

    def go(self, url):
        self.command("url", {"url": url})

    def run(self, script, *arguments):
        return self.command("execute/sync", {"script": script, "args": arguments})

    def until(self, script, what, *arguments):
        """What the script gives, once that is true."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if result := self.run(script, *arguments):
                return result
            time.sleep(0.1)
        raise AssertionError(f"{what}; the page says: {self.run('return document.body.innerText')}")

    def console(self):
        """What it said since the last call."""
        return [entry["message"] for entry in self.command("se/log", {"type": "browser"})]

    def screenshot(self):
        """PNG, of the whole page."""
        height = self.run("return document.documentElement.scrollHeight")
        shot = self.command("goog/cdp/execute", {"cmd": "Page.captureScreenshot", "params": {
            "captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": self.size[0], "height": height, "scale": 1}}})  # fmt: skip
        return base64.b64decode(shot["data"])
