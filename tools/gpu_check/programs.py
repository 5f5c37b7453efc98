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

TESTS = ("device_test", "kernels_test", "infer_test", "postprocess_test",
         "pipeline_test")
SUITE_S = 40      # for one suite of tests
MOST_TEXT = 2000  # characters of a program's output that go into the result
MOST_FIRST = 400  # of what did not hold in a test
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
    text = re.sub(r"[^\s\"'(]*/(tests|src|kernels|benchmarks)/", r"\1/", text)
    return re.sub(r"[^\s\"'(]*/(osler-gpu-check-|site-packages/)", r"\1", text)


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

def nothing():
    return {"passed": 0, "failed": 0, "skipped": 0, "failures": []}


def counted(report, done, suite):
    """Counts and failures of one run: from GoogleTest's JSON file, or, if the program did not live to
    write it, from what it printed."""
    counts = nothing()
    if report.is_file():
        tests = [t for s in json.loads(report.read_text())["testsuites"] for t in s["testsuite"]]
        for test in (t for t in tests if t["result"] != "SUPPRESSED" and t.get("status") != "NOTRUN"):
            if test.get("failures"):
                first = plain(test["failures"][0]["failure"])[:MOST_FIRST]
                counts["failures"].append({"test": suite + test["name"], "first": first})
            else:
                counts["skipped" if test["result"] == "SKIPPED" else "passed"] += 1
    else:
        counts["passed"], counts["skipped"] = (done.out.count(f"\n[{word}]") for word in
                                               ("       OK ", "  SKIPPED "))
        begun = re.findall(r"^\[ RUN      \] (.+)$", done.out, re.M)
        ended = "not finished within its time" if done.code is None else f"ended with exit {done.code}"
        counts["failures"].append({"test": begun[-1] if begun else suite, "first": f"{ended}: {done.end()[-400:]}"})
    counts["failed"] = len(counts["failures"])
    return counts


def suites_of(programs, name, but):
    done = programs.run([programs.path(name), "--gtest_list_tests", f"--gtest_filter=*{but}"], SUITE_S)
    if done.code != 0:
        raise RuntimeError(f"{name}: exit {done.code}: {done.end()[-400:]}")
    return re.findall(r"^(\S+\.)", done.out, re.M)


def run_tests(programs, but, limit_s, **environment):
    """The part of all tests but those that fit the filter `but`. Each suite in a process of its own: an
    error that leaves the device unusable is not taken for a failure of other suites."""
    total, late, begin = nothing(), [], time.monotonic()
    report = programs.scratch / "tests.json"
    for name, suite in [(n, s) for n in TESTS for s in suites_of(programs, n, but)]:
        left_s = limit_s - (time.monotonic() - begin)
        if left_s <= 0:
            late.append(suite)
            continue
        report.unlink(missing_ok=True)
        done = programs.run([programs.path(name), f"--gtest_filter={suite}*{but}",
                             f"--gtest_output=json:{report}"], min(SUITE_S, left_s), **PATIENT, **environment)
        counts = counted(report, done, suite)
        total = {k: total[k] + counts[k] for k in total}
    why = [f"{total['failed']} failed"] if total["failed"] else []
    why += [f"{total['skipped']} skipped"] if total["skipped"] else []
    why += [f"no time was left for {', '.join(late)}"] if late else []
    why += [] if total["passed"] or why else ["no test ran"]
    return dict(total, status="failed", why="; ".join(why)) if why else dict(total, status="passed")
