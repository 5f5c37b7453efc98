#!/usr/bin/env python3
"""The main job with `--device cuda`, the host's memory in a GPU's place (tests/on_host): the answer of
`--device cpu`, several studies in one run.

environment: OSLER_ON_HOST, the program whose GPU is the host; others as harness.py says
"""
import subprocess
import sys

import harness
from harness import Checks, EXIT_PARTIAL

sys.path.insert(0, str(harness.ROOT / "tools" / "gpu_check"))
import job  # noqa: E402


def main():
    check = Checks()
    program = harness.program("OSLER_ON_HOST", "osler_on_host")
    with harness.working_folder() as work:
        for kind in ("head-mr", "head-ct"):
            harness.make_sample(kind, work / "in" / kind)
        found = {}
        for device, runs in (("cpu", harness.OSLER), ("cuda", program)):
            done = subprocess.run([runs, "run", work / "in", "--out", work / device, "--device", device,
                                   "--nifti"], capture_output=True, text=True, timeout=harness.LONGEST_RUN_S)
            check(done.returncode == EXIT_PARTIAL, f"{device}: exit {done.returncode}, one of two has a result")
            found[device] = {uid: f for uid, f in harness.results(work / device).items()
                             if f["status"] == "complete"}
        check(len(found["cpu"]) == 1 and found["cpu"].keys() == found["cuda"].keys(),
              f"studies: {sorted(found['cpu'])} and {sorted(found['cuda'])}")
        for uid, cpu in found["cpu"].items():
            cuda = found["cuda"][uid]
            apart = job.labels_apart(*(work / device / uid / "labels.nii.gz" for device in found))
            check(apart["share"] <= job.MOST_VOXELS_APART, f"labels: {apart}")
            numbers = job.numbers_apart(cpu, cuda)
            check(numbers["volume"] <= job.MOST_VOLUME_APART
                  and numbers["centroid_mm"] <= job.MOST_CENTROID_APART_MM, f"numbers: {numbers}")
            check(cpu["outputs"] == cuda["outputs"], "the same files were written")
            check(cuda["device"].startswith("cuda") and cuda.get("device_peak_bytes", 0) > 0
                  and "device_peak_bytes" not in cpu,
                  f"device: {cuda['device']}, at most {cuda.get('device_peak_bytes')} bytes")
    check.finish()


if __name__ == "__main__":
    main()
