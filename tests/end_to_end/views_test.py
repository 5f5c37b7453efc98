#!/usr/bin/env python3
"""FHIR bundles and PDF reports of awkward headers, judged by others."""
import subprocess
import sys

import harness
from harness import Checks


def main(writer):
    check = Checks()
    with harness.working_folder() as work:
        environment = dict(harness.os.environ, OSLER_JUDGE_DIR=str(work))
        done = subprocess.run([writer, "--gtest_filter=ViewsForJudges.*"], env=environment,
                              capture_output=True, text=True)
        check(done.returncode == 0, "views were written")
        judge = harness.ROOT / "tests" / "judges" / "check_views.py"
        done = subprocess.run([sys.executable, judge, work / "judged views"], capture_output=True, text=True)
        print(done.stdout)
        if done.returncode == harness.SKIP:
            harness.skip(done.stdout.strip().removeprefix("skipped: "))
        check(done.returncode == 0, f"judged: {(done.stdout.splitlines() or [done.stderr[-200:]])[-1]}")
    check.finish()


main(sys.argv[1])
