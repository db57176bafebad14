"""A Chromium without a window that is led over its DevTools protocol: keys, media and pictures as a person has them.

What is evaluated so is not held back by the page's own policy, which therefore stays as it is.
"""

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import pytest

from tests.integration.report.browser import BROWSERS, FLAGS, PICTURES

_FLAGS = (*FLAGS, "--remote-debugging-pipe")
_TIMEOUT = 60
_KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowDown": 40}


class Tab:
    """One page, open in the browser.

    Attributes:
        complaints: what the browser wrote to the console: refused requests and styles among them.
    """

    def __init__(self, write: BinaryIO, read: BinaryIO) -> None:
        self.complaints: list[str] = []
        self._write, self._read = write, read
        self._numbers = itertools.count(1)
        self._rest = b""
        self._session = ""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Carry out a command of the protocol."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._write.write(json.dumps(message).encode() + b"\0")
        self._write.flush()
        while (answer := self._next()).get("id") != number:
            if answer.get("method") in {"Log.entryAdded", "Runtime.exceptionThrown"}:
                self.complaints.append(json.dumps(answer["params"]))
        assert "error" not in answer, answer
        found: dict[str, Any] = answer["result"]
        return found

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            data = os.read(self._read.fileno(), 1 << 20)
            assert data, "the browser has ended"
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression; a promise's once it is kept."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def open(self, address: str, *, theme: str = "light", width: int = 1000) -> None:
        """Load a page, as somebody has it who likes this theme."""
        self.look(theme=theme, width=width)
        self.send("Page.navigate", url=address)
        self.wait(f"location.href.startsWith({json.dumps(address)}) && document.readyState === 'complete'")

    def look(self, *, theme: str, width: int, height: int = 900) -> None:
        """Change theme and size of the window."""
        self.send("Emulation.setEmulatedMedia", media="", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def on_paper(self) -> None:
        """Show the page as it is printed."""
        self.send("Emulation.setEmulatedMedia", media="print")

    def wait(self, condition: str) -> None:
        """Until an expression is true."""
        deadline = time.monotonic() + _TIMEOUT
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < deadline, f"never true: {condition}"
            time.sleep(0.05)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key."""
        text = {"Enter": "\r", " ": " "}.get(key)
        event = {
            "key": key,
            "code": key.strip() or "Space",
            "windowsVirtualKeyCode": _KEYS[key],
            "modifiers": 8 * shift,
        }
        self.send("Input.dispatchKeyEvent", type="keyDown", **event, **({"text": text} if text else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    def picture(self, file: Path, *, height: int | None = None) -> None:
        """A picture of the page, from its top to its end or to a height."""
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "scale": 1, "width": size["width"], "height": min(size["height"], height or 20_000)}
        shot = self.send("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(shot["data"]))


@contextmanager
def browser_tab() -> Iterator[Tab]:
    """A tab of a browser that is ended afterwards."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("Chromium is not installed; on Debian: apt-get install chromium")
    PICTURES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="mwaa-deploy-browser-", ignore_cleanup_errors=True) as folder:
        to_browser, our_write = os.pipe()
        our_read, from_browser = os.pipe()
        # The protocol's pipes are the file descriptors 3 and 4, by Chromium's own rule.
        command = f'exec "$0" "$@" 3<&{to_browser} 4>&{from_browser}'
        process = subprocess.Popen(
            ("bash", "-c", command, browser, *_FLAGS, f"--user-data-dir={folder}/profile"),
            pass_fds=(to_browser, from_browser),
            env={**os.environ, "HOME": folder},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        with os.fdopen(our_write, "wb") as write, os.fdopen(our_read, "rb", buffering=0) as read:
            try:
                yield Tab(write, read)
            finally:
                process.terminate()
                process.wait()
