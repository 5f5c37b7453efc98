"""Ours beside what people use today: same input, same machine, same minutes. What all stages share.

A contender is a process that does one run for each line that it is sent, and answers with one line
of JSON: seconds, cpu_s, peak_mb and what shows its answer. Two of them take turns, A B A B.
"""
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = Path(os.environ.get("OSLER_CACHE", Path.home() / ".cache" / "osler"))
DATA = Path(os.environ.get("OSLER_TEST_DATA") or ROOT.parent / "shared" / "data")
WORK = CACHE / "benchmarks"


def use_judges():
    """Goes on in the virtual environment of the judges, if this is another Python."""
    judges = Path(os.environ.get("OSLER_JUDGES", CACHE / "judges"))
    python = judges / "bin" / "python"
    if python.exists() and Path(sys.prefix) != judges and "OSLER_JUDGED" not in os.environ:
        os.execve(python, [str(python), *sys.argv], dict(os.environ, OSLER_JUDGED="1"))


def stop(what, remedy):
    sys.exit(f"compare: {what}; remedy: {remedy}")


def program(name):
    """osler-bench-<name>: OSLER_BENCH_<NAME>, or the one of a build folder."""
    variable = "OSLER_BENCH_" + name.upper().replace("-", "_")
    found = os.environ.get(variable)
    places = [found] if found else sorted(ROOT.glob(f"build/*/bin/osler-bench-{name}"),
                                          key=lambda p: -p.stat().st_mtime)
    if not places or not Path(places[0]).exists():
        stop(f"no osler-bench-{name}", f"OSLER_CMAKE_ARGS=-DOSLER_BENCHMARKS=ON tools/build cpu "
             f"osler-bench-{name}, or set {variable}")
    return places[0]


def torch_python():
    """LibTorch's own Python."""
    root = os.environ.get("LIBTORCH_ROOT")
    return (Path(root).parents[3] if root else CACHE / "python") / "bin" / "python"


def peer_python(name, packages, sees_torch=False):
    """A virtual environment for a stage's peers, made once."""
    place = WORK / f"peers-{name}"
    if not place.is_dir():
        WORK.mkdir(parents=True, exist_ok=True)
        part = Path(f"{place}.{os.getpid()}")
        subprocess.run([sys.executable, "-m", "venv", part], check=True)
        if sees_torch:
            torch = next(torch_python().parents[1].glob("lib/python3*/site-packages"))
            site = next(part.glob("lib/python3*/site-packages"))
            (site / "torch-of-osler.pth").write_text(f"{torch}\n")
        subprocess.run([part / "bin/python", "-m", "pip", "install", "--quiet", *packages],
                       check=True, stdout=sys.stderr)
        part.rename(place)
    return place / "bin" / "python"


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def commit():
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    head = subprocess.run(git + ["rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    changed = subprocess.run(git + ["status", "--porcelain", "--", "src", "kernels", "models"],
                             capture_output=True, text=True).stdout.strip()
    return head.stdout.strip() + (", with uncommitted changes" if changed else "")


# ---------------------------------------------------------------- inputs

def unpacked(archive, data=None):
    """Folder of an archive of the test data, unpacked once."""
    name = Path(archive).name
    for place in [data] if data else []:
        if (place / name).is_dir():
            return place / name
    place = Path(os.environ.get("OSLER_UNPACKED") or CACHE / "test-data")
    if not (place / name).is_dir():
        packed = DATA / f"{archive}.tar.zst"
        if not packed.exists():
            stop(f"no {archive}.tar.zst in {DATA}", "set OSLER_TEST_DATA, or give --data")
        part = place / f".{name}.{os.getpid()}"
        part.mkdir(parents=True)
        subprocess.run(["tar", "--zstd", "-xf", packed, "-C", part], check=True)
        inside = list(part.iterdir())
        if len(inside) == 1 and inside[0].name == name:
            inside[0].rename(place / name)
            part.rmdir()
        else:
            part.rename(place / name)
    return place / name


def series_folder(study):
    """The folder below that holds the slices themselves."""
    folders = {path.parent for path in study.rglob("*.dcm")}
    if len(folders) != 1:
        stop(f"{study} holds {len(folders)} folders of *.dcm", "give a folder of one series")
    return folders.pop()


def chest_ct(data=None):
    """Folder of the LIDC chest CT's slices."""
    return series_folder(unpacked("ct/LIDC-IDRI-0001", data))


def read_volume(series):
    """Stored int16 [slice, row, column], Rescale Intercept, spacing {x, y, z} in mm."""
    import numpy as np
    import pydicom
    headers = sorted((pydicom.dcmread(f) for f in series.glob("*.dcm")),
                     key=lambda h: float(h.ImagePositionPatient[2]))
    volume = np.stack([h.pixel_array for h in headers]).astype(np.int16)
    depth = float(headers[-1].ImagePositionPatient[2]) - float(headers[0].ImagePositionPatient[2])
    spacing = [float(headers[0].PixelSpacing[1]), float(headers[0].PixelSpacing[0]),
               depth / (len(headers) - 1)]
    return volume, float(headers[0].RescaleIntercept), spacing


# ---------------------------------------------------------------- measuring

class Contender:
    def __init__(self, command, threads):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < threads:
            stop(f"{threads} threads on {len(cores)} processors", "give fewer --threads")
        # As `osler` starts itself (src/cli/threads.cpp).
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY="passive",
                           GOMP_SPINCOUNT="3000",
                           ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS=str(threads))
        pinned = ["taskset", "-c", ",".join(map(str, cores[-threads:]))]
        self.process = subprocess.Popen(pinned + [str(c) for c in command], env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answers = []

    def wait_until_ready(self):
        """Of a contender that says so with a line."""
        if not self.process.stdout.readline():
            stop(f"{self.process.args[3:]} ended with {self.process.wait()}", "see above")

    def run(self):
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            stop(f"{self.process.args[3:]} ended with {self.process.wait()}", "see above")
        self.answers.append(json.loads(line))

    def finish(self):
        self.process.stdin.close()
        self.process.wait()

    def median(self, what):  # the first run warmed up
        return statistics.median(a[what] for a in self.answers[1:])

    def memory_mb(self):  # of one run: later ones hold what the allocator kept
        return self.answers[0]["peak_mb"]


def take_turns(ours, other, runs, before_each=lambda: None, fewer_of_other=None):
    """One run of each to warm up, then `runs` of ours and as many (or fewer) of the other's.
    @return the load average before
    """
    load = os.getloadavg()[0]
    for i in range(runs + 1):
        before_each()
        ours.run()
        if fewer_of_other is None or i <= fewer_of_other:
            before_each()
            other.run()
    ours.finish()
    other.finish()
    return load


def row(stage, input_name, threads, ours, peer, other, checked, load):
    """What every row says; a stage may add to it."""
    made = dict(stage=stage, input=input_name, threads=threads,
                ours_s=round(ours.median("seconds"), 4), ours_mb=round(ours.memory_mb(), 1),
                peer=peer, peer_s=round(other.median("seconds"), 4),
                peer_mb=round(other.memory_mb(), 1),
                ratio=round(other.median("seconds") / ours.median("seconds"), 2),
                answer_checked=checked, ours_cpu_s=round(ours.median("cpu_s"), 4),
                peer_cpu_s=round(other.median("cpu_s"), 4), runs=len(ours.answers) - 1,
                peer_runs=len(other.answers) - 1, load_average=round(load, 1))
    for side, contender in (("ours", ours), ("peer", other)):
        times = [a["seconds"] for a in contender.answers[1:]]
        made[f"{side}_range_s"] = [round(min(times), 4), round(max(times), 4)]
    return made
