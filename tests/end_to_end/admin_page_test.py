#!/usr/bin/env python3
"""The admin page in a headless Chromium: with real traffic it draws its charts, it looks up a key, it says when the server is gone and
comes back by itself; on a desk and on a phone, light and dark. Skipped without chromium and chromedriver. $TALLY_SERVER names the
server; with $TALLY_SCREENSHOTS, a directory, pictures are left there."""

import os
import shutil
import subprocess
import unittest
from pathlib import Path

from support.admin_server import AdminServer
from support.browser import CHROMIUM, DRIVER, Browser

SCREENSHOTS = os.environ.get("TALLY_SCREENSHOTS")
STATE = "return document.getElementById('state').dataset.state === arguments[0]"
# Lines with some points, in each chart.
DRAWN = """return [...document.querySelectorAll('svg.chart')].every(chart =>
  [...chart.querySelectorAll('path')].some(path => (path.getAttribute('d').match(/L/g) || []).length >= arguments[0]))"""
NUMBER = "return document.querySelector(arguments[0]).textContent"
LOOK = """const form = document.querySelector('#key form');
form.elements.name.value = arguments[0]; form.elements.db.value = arguments[1]; form.querySelector('button').click()"""


class Traffic:
    """Clients that keep a server busy while they are needed."""

    def __init__(self, port):
        self.port, self.process = port, None

    def __enter__(self):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            ["redis-benchmark", "-p", str(self.port), "-c", "8", "-P", "4", "-l", "-n", "5000", "-r", "20000", "-q",
             "-t", "set,get,incr"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def keep(browser, name):
    if SCREENSHOTS:
        (Path(SCREENSHOTS) / f"{name}.png").write_bytes(browser.screenshot())


@unittest.skipUnless(CHROMIUM and DRIVER and shutil.which("redis-benchmark"), "needs chromium, chromedriver and redis-benchmark")
class AdminPageTest(unittest.TestCase):
    def check_page(self, browser, server, name):
        browser.go(f"http://127.0.0.1:{server.admin_port}/")
        browser.until(STATE, "it does not serve", "serving")
        browser.until(DRAWN, "charts stay empty", 55 if SCREENSHOTS else 3)
        browser.until("return parseFloat(document.querySelector('[data-is=rate]').textContent.replace(/,/g, '')) > 100", "no rate")
        for place in ("[data-is=p99]", "[data-is=sync]", "#memory [data-is=used]", "#objects [data-is=all]", "#connections [data-is=count]"):
            self.assertRegex(browser.run(NUMBER, place), r"^[1-9]", place)
        browser.until("return document.querySelector('#slowest tbody').textContent.includes('incr')", "INCR is not told")
        browser.run(LOOK, 'A "<b>"', "3")
        browser.until("return document.querySelector('#key pre').textContent === arguments[0]", "no value", "<i>41</i>")
        self.assertIn("in memory", browser.run(NUMBER, "#key dl"))
        self.assertEqual(browser.run("return document.querySelectorAll('main i:not(.first):not(.second):not(.rest)').length"), 0)
        keep(browser, name)
        browser.run(LOOK, "none", "0")
        browser.until("return document.getElementById('answer').textContent === arguments[0]", "an answer", "there is no such key")
        self.assertFalse(browser.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth"),
                         "it has to be scrolled sideways")
        self.assertEqual(browser.run("return performance.getEntriesByType('resource').filter(entry =>"
                                     " !entry.name.startsWith(location.origin) && !entry.name.startsWith('data:')).length"), 0)

    def test_traffic_a_key_a_kill_and_a_restart(self):
        with AdminServer() as server, Browser(1280, 900) as browser:
            server.redis("-n", "3", "SET", 'A "<b>"', "<i>41</i>")
            with Traffic(server.port):
                self.check_page(browser, server, "desk")
                said = [line for line in browser.console() if "404" not in line]  # of the key that was not there
                self.assertEqual(said, [], "the policy forbids something, or the script fails")
                server.kill()
            browser.until(STATE, "nobody notices", "gone")
            self.assertIn("the server is gone since", browser.run(NUMBER, "#state"))
            keep(browser, "gone")
            port = server.port
            server.start()
            browser.until(STATE, "it does not come back", "serving")
            with Traffic(server.port):
                browser.until("return parseFloat(document.querySelector('[data-is=rate]').textContent.replace(/,/g, '')) > 100", "no rate")
            self.assertNotEqual(port, 0)
            server.redis("CLIENT", "PAUSE", "100000", "WRITE")
            browser.until(STATE, "it does not say that writes wait", "refusing")
            self.assertIn("CLIENT PAUSE", browser.run(NUMBER, "#state"))

    def test_on_a_phone_in_the_dark(self):
        with AdminServer() as server, Browser(390, 844) as browser, Traffic(server.port):
            browser.command("goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
                "features": [{"name": "prefers-color-scheme", "value": "dark"}]}})  # fmt: skip
            server.redis("-n", "3", "SET", 'A "<b>"', "<i>41</i>")
            self.check_page(browser, server, "phone")
            shade = browser.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
            self.assertLess(max(shade), 60, "dark is dark")


if __name__ == "__main__":
    unittest.main(verbosity=2)
