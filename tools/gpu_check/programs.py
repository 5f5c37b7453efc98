"""Runs the archive's programs, each within a time limit, and reads what GoogleTest says of them."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TESTS = ("kernels_test", "device_test", "infer_test")
MOST_TEXT = 2000  # characters of a program's output that go into the result
# Threads that wait by spinning take the processor from those that they wait for, where other work runs
# beside them: a test of one second was not done after sixty.
PATIENT = {"OMP_WAIT_POLICY": "passive"}


@dataclass
class Done:
    code: int        # None: stopped at the limit
    out: str
    err: str
    seconds: float

    def end(self):
        """The last lines, without the folders of the machine that built."""
        return plain((self.out + self.err).strip()[-MOST_TEXT:])


def plain(text):
    return re.sub(r"/\S*/(tests|src|kernels|benchmarks)/", r"\1/", text)


class Programs:
    """The unpacked archive, and in what environment its programs run."""

    def __init__(self, folder, machine):
        self.folder = Path(folder)
        self.scratch = Path(tempfile.mkdtemp(dir=folder))
        env = {k: v for k, v in os.environ.items() if not k.startswith(("OSLER_", "GTEST_", "REQUIRE_"))}
        env["LD_LIBRARY_PATH"] = os.pathsep.join(
            [str(self.folder / "lib"), *map(str, machine.libraries),
             *filter(None, [os.environ.get("LD_LIBRARY_PATH")]), str(self.folder / "last")])
        env["DCMDICTPATH"] = str(self.folder / "share" / "dicom.dic")
        self.environment = env

    def path(self, name):
        return str(self.folder / "bin" / name)

    def run(self, command, limit_s, **environment):
        return finish(self.start(command, **environment), limit_s)

    def start(self, command, **environment):
        """Output goes to files: a full pipe would stop the program."""
        streams = [tempfile.TemporaryFile("w+", errors="replace", dir=self.scratch) for _ in range(2)]
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=streams[0],
                                   stderr=streams[1], env=dict(self.environment, **environment),
                                   start_new_session=True)
        return process, streams, time.monotonic()


def finish(started, limit_s):
    process, streams, begin = started
    try:
        code = process.wait(max(1, limit_s))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # compute-sanitizer starts the test as its child
        process.wait()
        code = None
    texts = []
    for stream in streams:
        stream.seek(0)
        texts.append(stream.read())
        stream.close()
    return Done(code, *texts, time.monotonic() - begin)


# ---------------------------------------------------------------- GoogleTest

def tests_of(file):
    """Counts and failures of GoogleTest's JSON file."""
    counts = {"passed": 0, "failed": 0, "skipped": 0, "failures": []}
    for suite in json.loads(Path(file).read_text())["testsuites"]:
        for test in suite["testsuite"]:
            if test.get("status") == "NOTRUN" or test["result"] == "SUPPRESSED":
                continue
            if test.get("failures"):
                counts["failed"] += 1
                first = plain(test["failures"][0]["failure"])[:MOST_TEXT]
                counts["failures"].append({"test": f"{suite['name']}.{test['name']}", "first": first})
            else:
                counts["skipped" if test["result"] == "SKIPPED" else "passed"] += 1
    return counts


def run_tests(programs, names, filter_, limit_s, **environment):
    """All the tests that fit a filter: (ok, part's entries)."""
    total = {"passed": 0, "failed": 0, "skipped": 0, "failures": []}
    why, begin = [], time.monotonic()
    for name in names:
        report = programs.scratch / f"{name}.json"
        done = programs.run([programs.path(name), f"--gtest_filter={filter_}", f"--gtest_output=json:{report}"],
                            limit_s - (time.monotonic() - begin), **PATIENT, **environment)
        if report.is_file():
            counts = tests_of(report)
            total = {k: total[k] + counts[k] for k in total}
        if done.code is None:
            why.append(f"{name}: not finished within {limit_s:.0f} s")
        elif not report.is_file() or (done.code != 0 and not tests_of(report)["failed"]):
            why.append(f"{name}: exit {done.code}: {done.end()}")
    if total["failed"]:
        why.append(f"{total['failed']} tests failed")
    if not total["passed"] and not why:
        why.append("no test ran")
    return not why, dict(total, **({"why": "; ".join(why)} if why else {}))
