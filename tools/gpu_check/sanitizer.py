"""compute-sanitizer on the CUDA halves of the tests of the kernels and of the device."""
import os
import re
import time

from programs import MOST_TEXT, PATIENT, finish, plain

FAULT_CODE = 86   # what compute-sanitizer is told to end with if it found something
SHARDS = 4        # processes side by side: most of a test's time is on the processor
# A line of a million voxels with one at its end inside: 5e11 steps, minutes under the sanitizer. The
# same kernels run on other sizes in the other tests.
LEFT_OUT = "*Distance.AwkwardLengthsOfALine/cuda"
FAILED_CASE = re.compile(r"^\[  FAILED  \] (\S+?),? .*\(\d+ ms\)$", re.M)


def summary(text):
    """Faults that the tool counted; None if it said nothing."""
    found = [int(n) for n in re.findall(r"(?:ERROR SUMMARY|RACECHECK SUMMARY): (\d+)", text)]
    return sum(found) if found else None


def told(done):
    """The tool's own lines; if it found nothing, the cases that failed, and the last lines without any."""
    lines = [line for line in (done.out + done.err).splitlines() if line.startswith("=========")]
    if summary(done.out + done.err):
        return plain("\n".join(lines)[:MOST_TEXT])
    return "\n".join(FAILED_CASE.findall(done.out))[:MOST_TEXT] or done.end()


def part(tool, programs, machine, limit_s):
    begin = time.monotonic()
    shards = min(SHARDS, os.cpu_count() or 1)
    wrapper = [machine.sanitizer, "--tool", tool, "--error-exitcode", str(FAULT_CODE)]
    started = [programs.start([*wrapper, programs.path(name), f"--gtest_filter=*/cuda-{LEFT_OUT}"], **PATIENT,
                              REQUIRE_GPU="1", GTEST_TOTAL_SHARDS=str(of), GTEST_SHARD_INDEX=str(shard))
               for name, of in (("kernels_test", shards), ("device_test", 1)) for shard in range(of)]
    # One limit for all.
    all_done = [finish(s, limit_s - (time.monotonic() - begin)) for s in started]
    passed = sum(len(re.findall(r"^\[       OK \]", d.out, re.M)) for d in all_done)
    failed = sum(len(FAILED_CASE.findall(d.out)) for d in all_done)
    faults = [summary(d.out + d.err) for d in all_done]
    result = {"cases": passed, "cases_failed": failed, "left_out": LEFT_OUT,
              "faults": None if None in faults else sum(faults)}
    if any(d.code is None for d in all_done):
        return dict(result, status="failed", why=f"not finished within {limit_s:.0f} s after {passed} cases")
    bad = [d for d, n in zip(all_done, faults) if d.code != 0 or n]
    if any("not supported" in d.out + d.err for d in bad):
        return dict(result, status="not run", why="compute-sanitizer refuses this device", output=bad[0].end())
    if bad:
        # One that the tool has something to say of, before one whose tests failed.
        worst = max(bad, key=lambda d: summary(d.out + d.err) or 0)
        why = f"exit {worst.code}, {result['faults']} faults, {failed} cases failed"
        return dict(result, status="failed", why=why, output=told(worst))
    if None in faults or passed == 0:
        return dict(result, status="failed", why="compute-sanitizer gave no summary", output=all_done[0].end())
    return dict(result, status="passed")
