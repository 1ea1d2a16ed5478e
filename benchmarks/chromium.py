"""Headless Chromium over the DevTools protocol: waits for a page's own content, clicks, takes pictures."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
START_S, WAIT_S = 60.0, 120.0


class PageError(RuntimeError):
    """The page did not become what was waited for."""


class Page:
    """One tab."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0
        self.call("Page.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol; PageError when the browser refuses it."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=WAIT_S))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise PageError(f"{method}: {answer['error'].get('message')}")
                return dict(answer["result"])

    def look(
        self, *, width: int, height: int, scale: float = 1.0, phone: bool = False, dark: bool = False
    ) -> None:
        """Size of the window in CSS px, and the system's colours."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str, *, until: str) -> None:
        """Go to a page and wait until a JavaScript expression is true in it."""
        self.call("Page.navigate", url=url)
        self.wait(until)

    def wait(self, until: str, *, seconds: float = WAIT_S) -> None:
        """Wait until a JavaScript expression is true; PageError shows what stood on the page instead."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.value(f"document.readyState === 'complete' && Boolean({until})"):
                return
            time.sleep(0.25)
        shown = self.value("document.body.innerText.slice(0, 600)")
        raise PageError(f"waited {seconds:.0f} s for {until}; the page says: {shown}")

    def value(self, expression: str) -> Any:
        """The value of a JavaScript expression; None while the page is being replaced."""
        try:
            answer = self.call(
                "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
            )
        except PageError:
            return None
        return answer.get("result", {}).get("value")

    def picture(
        self, path: Path, *, clip: tuple[float, float, float, float] | None = None, scale: float = 1.0
    ) -> Path:
        """PNG of the window, or of x, y, width, height of the whole page, drawn `scale` times as large."""
        options: dict[str, Any] = {"format": "png"}
        if clip is not None:
            x, y, width, height = clip
            options |= {
                "captureBeyondViewport": True,
                "clip": {"x": x, "y": y, "width": width, "height": height, "scale": scale},
            }
        data = self.call("Page.captureScreenshot", **options)["data"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data))
        return path


@contextmanager
def browser() -> Iterator[Page]:
    """A page in a fresh headless browser that is gone afterwards."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        raise PageError(f"no browser: install one of {', '.join(PROGRAMS)}")
    with tempfile.TemporaryDirectory(prefix="animeflow-chromium-", ignore_cleanup_errors=True) as home:
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--disable-background-networking",
            f"--user-data-dir={home}", "--remote-debugging-port=0", "about:blank",
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with connect(_address(Path(home)), max_size=None) as socket:
                yield Page(socket)
        finally:
            process.terminate()
            process.wait()


def _address(home: Path) -> str:
    """The socket of the first tab, once the browser has written down its port."""
    end, file = time.monotonic() + START_S, home / "DevToolsActivePort"
    while time.monotonic() < end:
        if file.is_file() and (lines := file.read_text().splitlines()):
            with urllib.request.urlopen(f"http://127.0.0.1:{lines[0]}/json") as answer:
                tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
            if tabs:
                return str(tabs[0]["webSocketDebuggerUrl"])
        time.sleep(0.1)
    raise PageError("the browser did not start")
