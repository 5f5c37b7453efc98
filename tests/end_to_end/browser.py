"""Chromium without a window, driven through a pipe of its DevTools protocol: nothing to install beside it."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time

ANSWER_S = 60  # far over any answer: only a browser that hangs meets it


def find():
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """One page of one browser. What the page asked of the network and said on its console is kept."""

    def __init__(self, program):
        self.folder = tempfile.mkdtemp(prefix="osler-browser-")
        to_child, from_child = os.pipe(), os.pipe()

        def as_three_and_four():
            # Numbers may be 3 or 4 already: first out of the way.
            read, write = os.dup(to_child[0]), os.dup(from_child[1])
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--hide-scrollbars", "--no-first-run", "--disable-extensions", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
             f"--user-data-dir={self.folder}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=as_three_and_four)
        os.close(to_child[0])
        os.close(from_child[1])
        self.write, self.read = to_child[1], from_child[0]
        os.set_blocking(self.read, False)
        self.buffer, self.number, self.session = b"", 0, None
        self.requests, self.console, self.loaded, self.scripts = [], [], False, True
        targets = self.send("Target.getTargets")["targetInfos"]
        page = next(t for t in targets if t["type"] == "page")
        self.session = self.send("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.send(domain + ".enable")

    def close(self):
        os.close(self.write)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.read)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _note(self, message):
        method, what = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent" and not what["request"]["url"].startswith("data:"):
            self.requests.append(what["request"]["url"])
        elif method == "Runtime.consoleAPICalled":
            self.console.append(" ".join(str(a.get("value", "")) for a in what["args"]))
        elif method == "Runtime.exceptionThrown":
            self.console.append(what["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif method == "Log.entryAdded":
            self.console.append(what["entry"]["text"])
        elif method == "Page.loadEventFired":
            self.loaded = True

    def _messages(self):
        until = time.monotonic() + ANSWER_S
        while time.monotonic() < until:
            while b"\0" in self.buffer:
                text, self.buffer = self.buffer.split(b"\0", 1)
                yield json.loads(text)
            try:
                got = os.read(self.read, 1 << 20)
                if not got:
                    break
                self.buffer += got
            except BlockingIOError:
                time.sleep(0.005)
        raise TimeoutError("the browser does not answer")

    def send(self, method, **what):
        self.number += 1
        message = {"id": self.number, "method": method, "params": what}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        for answer in self._messages():
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._note(answer)

    def _go(self, url):
        self.loaded = False
        self.send("Page.navigate", url=url)
        if not self.loaded:
            for message in self._messages():
                self._note(message)
                if self.loaded:
                    return

    def open(self, url):
        """Loads a page, from nothing; waits for its load event."""
        self._go("about:blank")
        self.requests, self.console = [], []
        self._go(url)
        if self.scripts:
            self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def run(self, script):
        done = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in done:
            raise RuntimeError(done["exceptionDetails"]["exception"].get("description"))
        return done["result"].get("value")

    def size(self, width, height, scale=1):
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale,
                  mobile=width < 600)

    def media(self, **features):
        """media(media="print", prefers_color_scheme="dark")"""
        self.send("Emulation.setEmulatedMedia", media=features.pop("media", ""),
                  features=[{"name": k.replace("_", "-"), "value": v} for k, v in features.items()])

    def javascript(self, on):
        """Of pages to come."""
        self.scripts = on
        self.send("Emulation.setScriptExecutionDisabled", value=not on)

    def key(self, name, code):
        for kind in ("rawKeyDown", "keyUp"):
            self.send("Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code)

    def mouse(self, kind, x, y, **more):
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def screenshot(self, file, whole=False):
        png = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole,
                        **({"clip": self._whole()} if whole else {}))
        file.write_bytes(base64.b64decode(png["data"]))

    def _whole(self):
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        return {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}

    def pdf(self, file):
        done = self.send("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        file.write_bytes(base64.b64decode(done["data"]))

    def accessible(self):
        """[(role, name, properties)] as assistive programs see the page."""
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        return [(n["role"]["value"], n.get("name", {}).get("value", ""),
                 {p["name"]: p["value"].get("value") for p in n.get("properties", [])})
                for n in nodes if not n.get("ignored")]
