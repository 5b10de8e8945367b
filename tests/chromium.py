"""A real Chromium for the tests of pages: Debian's chromium and chromium-driver, through selenium."""

import json
import os
import shutil
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self, TypeVar

T = TypeVar("T")

READY = "return performance.getEntriesByName('tables ready').length"
"""What `page.js` says when every open table can be sorted."""
ARGUMENTS = ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run")


def missing() -> str:
    """What is not on this machine; empty where everything is."""
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if absent:
        return f"{' and '.join(absent)} is not on this machine: apt-get install chromium chromium-driver"
    return "" if find_spec("selenium") else "selenium is not installed: pip install selenium"


class Browser:
    """One window, opened at a width and in a colour scheme; it remembers what pages complained about and asked for."""

    def __enter__(self) -> Self:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        # Chromium's sandbox does not start for root.
        for argument in (*ARGUMENTS, *["--no-sandbox"] * (os.geteuid() == 0)):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        return self

    def __exit__(self, *_: object) -> None:
        self.driver.quit()

    def open(self, page: Path, width: int = 1400, *, dark: bool = False, height: int = 900) -> None:
        """Open a page of the disk and wait for its tables."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        for log in ("browser", "performance"):
            self.driver.get_log(log)  # forget the page before
        self.driver.get(page.resolve().as_uri())
        self.wait(READY)

    def run(self, script: str, *arguments: Any) -> Any:
        """The value of a script: the body of a function of `arguments`."""
        return self.driver.execute_script(script, *arguments)

    def texts(self, selector: str) -> list[str]:
        """The visible text of every element that a CSS selector finds."""
        return self.run(
            "return [...document.querySelectorAll(arguments[0])].map(one => one.innerText.trim())", selector
        )

    def wait(self, script: str, *arguments: Any) -> None:
        """Wait until a script's value is true; an error after a minute."""
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, 60, poll_frequency=0.02).until(lambda _: self.run(script, *arguments))

    def until(self, found: Callable[[], T], expected: T) -> None:
        """Wait until a value is the expected one: DataTables sorts and filters a moment after a click."""
        end = time.monotonic() + 20
        while (value := found()) != expected and time.monotonic() < end:
            time.sleep(0.02)
        assert value == expected

    def click(self, selector: str) -> None:
        """Click the first element that a CSS selector finds, once there is one; as a person does: it must be visible."""
        self.wait("return document.querySelector(arguments[0])", selector)
        self.driver.find_element("css selector", selector).click()

    def type(self, selector: str, text: str) -> None:
        """Type into the first element that a CSS selector finds."""
        self.driver.find_element("css selector", selector).send_keys(text)

    def complaints(self) -> list[str]:
        """What the page wrote to the console as a warning or an error."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]

    def requests(self) -> list[str]:
        """Addresses of all files that the page asked for."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]

    def too_wide(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth"))
