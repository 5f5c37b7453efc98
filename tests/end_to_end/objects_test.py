#!/usr/bin/env python3
"""Objects of awkward phantom series (odd sizes, oblique, tilted, uneven slices), judged by others."""
import subprocess
import sys

import harness
from harness import Checks


def main(writers):
    check = Checks()
    with harness.working_folder() as work:
        environment = dict(harness.os.environ, OSLER_JUDGE_DIR=str(work))
        wrote = all(subprocess.run([writer, "--gtest_filter=ResultsForJudges.*"], env=environment,
                                   capture_output=True).returncode == 0 for writer in writers)
        sources = sorted((work / "judged objects").glob("*-source"))
        check(wrote and len(sources) >= 7, f"{len(sources)} sets of objects were written")
        for source in sources:
            name = source.name.removesuffix("-source")
            harness.judge_objects(source.parent / name, source, check, name)
        judge = harness.ROOT / "tests" / "judges" / "check_forms.py"
        done = subprocess.run([sys.executable, judge, work / "segmentation forms"], capture_output=True, text=True)
        lines = done.stdout.splitlines() or [done.stderr[-300:]]
        print("\n".join(lines[:-1]))
        check(done.returncode == 0, f"segmentations in every form: {lines[-1]}")
        harness.judge_with_orthanc([work], check)
    check.finish()


main(sys.argv[1:])
