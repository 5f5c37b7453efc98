#!/usr/bin/env python3
"""Stages components and distance: masks of the LIDC chest CT, 512x512x133.

usage: stage_components.py [components] [distance] [--threads 1 4] [--runs 5] [--series FOLDER]
       stage_components.py peer NAME MASK OURS X Y Z ARGUMENTS       one peer's process

One line of JSON per row, as benchmarks/compare measures: ours and a peer take turns, the first run
of each warms up, medians of the rest; the output is allocated in each run, by ours in huge pages as
NumPy does for the peers. cc3d and SciPy use one thread, whatever they are given.

components: the mask is CT numbers below -500 HU (air and lungs), 6 and 26 neighbours. The answer is
checked in every run: the peer's components, numbered anew by their first voxel, are ours bit for
bit. Ours counts the voxels of each component in the same time.
distance: millimetres from each voxel to the nearest above 300 HU (bone, contrast medium), which is
a few percent of the volume. The answer is checked in every run: within DISTANCE_MM at the worst
voxel, and ours the same bits in all runs.

  OSLER_BENCH_COMPONENTS  the program osler-bench-components (cmake -DOSLER_BENCHMARKS=ON)
"""
import argparse
import importlib.machinery
import importlib.util
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
AIR_HU, BONE_HU = -500, 300
DISTANCE_MM = 1e-4
PEERS = {"components": ("cc3d", "SciPy", "SimpleITK"), "distance": ("edt", "SciPy", "SimpleITK")}


# ---------------------------------------------------------------- the peers: mask -> a function

def components_by(name, mask, neighbours):
    import numpy as np
    if name == "cc3d":
        import cc3d
        return lambda: cc3d.connected_components(mask, connectivity=neighbours)
    if name == "SciPy":
        from scipy import ndimage
        structure = ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[neighbours])
        return lambda: ndimage.label(mask, structure)[0]
    import SimpleITK as sitk
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    return lambda: sitk.ConnectedComponent(image, neighbours == 26)


def distance_by(name, mask, spacing):
    import numpy as np
    outside = ~mask
    if name == "edt":
        import edt
        threads = int(os.environ["OMP_NUM_THREADS"])
        return lambda: edt.edt(outside, anisotropy=spacing[::-1], black_border=False,
                               parallel=threads)
    if name == "SciPy":
        from scipy import ndimage
        return lambda: ndimage.distance_transform_edt(outside, sampling=spacing[::-1])
    import SimpleITK as sitk
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(spacing)
    return lambda: sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True)


def by_first_voxel(numbers):
    """The same components, numbered 1, 2, ... in the order of their first voxel in memory."""
    import numpy as np
    flat = numbers.ravel()
    first = np.empty(int(flat.max()) + 1, np.int64)
    first[flat[::-1]] = np.arange(flat.size)[::-1]  # of several the last is kept: the first voxel
    order = np.argsort(first[1:]) + 1
    new = np.zeros(first.size, np.uint32)
    new[order] = np.arange(1, first.size, dtype=np.uint32)
    return new[flat]


def as_array(answer):
    import numpy as np
    if isinstance(answer, np.ndarray):
        return answer
    import SimpleITK as sitk
    return sitk.GetArrayViewFromImage(answer)


def peer(stage, name, mask_file, ours_file, *words):
    import numpy as np
    from readers import peak_mb
    x, y, z = map(int, words[:3])
    mask = np.fromfile(mask_file, np.uint8).reshape(z, y, x) != 0
    work = (components_by(name, mask, int(words[3])) if stage == "components" else
            distance_by(name, mask, [float(w) for w in words[3:6]]))
    for _ in sys.stdin:
        start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        answer = work()
        seconds = time.perf_counter() - start
        after, peak = resource.getrusage(resource.RUSAGE_SELF), peak_mb()
        if stage == "components":
            agrees = np.array_equal(by_first_voxel(as_array(answer)),
                                    np.fromfile(ours_file, np.uint32))
        else:
            mm = np.maximum(as_array(answer), 0).ravel()  # SimpleITK's is negative inside
            agrees = np.abs(mm - np.fromfile(ours_file, np.float32)).max() <= DISTANCE_MM
        cpu_s = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
        print(json.dumps(dict(seconds=seconds, cpu_s=cpu_s, peak_mb=peak, agrees=bool(agrees))),
              flush=True)


# ---------------------------------------------------------------- measuring

def load_compare():
    loader = importlib.machinery.SourceFileLoader("compare", str(HERE / "compare"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
    loader.exec_module(module)
    return module


compare = load_compare()


def peer_python():
    """A virtual environment with the peers, made once."""
    place = compare.WORK / "peers-components"
    if not place.is_dir():
        part = Path(f"{place}.{os.getpid()}")
        subprocess.run([sys.executable, "-m", "venv", part], check=True)
        subprocess.run([part / "bin/python", "-m", "pip", "install", "--quiet", "numpy", "scipy",
                        "SimpleITK", "connected-components-3d", "edt"], check=True,
                       stdout=sys.stderr)
        part.rename(place)
    return place / "bin" / "python"


def find_program():
    found = os.environ.get("OSLER_BENCH_COMPONENTS")
    places = [found] if found else sorted(HERE.parent.glob("build/*/bin/osler-bench-components"))
    if not places or not Path(places[0]).exists():
        compare.stop("no osler-bench-components", "OSLER_CMAKE_ARGS=-DOSLER_BENCHMARKS=ON "
                     "tools/build cpu osler-bench-components, or set OSLER_BENCH_COMPONENTS")
    return places[0]


def inputs(series):
    """Of each stage: name, and the arguments that ours and the peers take."""
    import numpy as np
    import pydicom
    work = compare.WORK / "components"
    work.mkdir(parents=True, exist_ok=True)
    headers = sorted((pydicom.dcmread(f) for f in series.glob("*.dcm")),
                     key=lambda h: float(h.ImagePositionPatient[2]))
    hu = np.stack([h.pixel_array + int(h.RescaleIntercept) for h in headers])
    (hu < AIR_HU).astype(np.uint8).tofile(work / "air.raw")
    (hu > BONE_HU).astype(np.uint8).tofile(work / "bone.raw")
    depth = float(headers[-1].ImagePositionPatient[2]) - float(headers[0].ImagePositionPatient[2])
    spacing = [*map(float, headers[0].PixelSpacing[::-1]), depth / (len(headers) - 1)]
    size = hu.shape[::-1]
    for neighbours in (6, 26):
        yield ("components", f"LIDC below {AIR_HU} HU, {neighbours} neighbours",
               [work / "air.raw", work / "air.out", *size, neighbours])
    yield ("distance", f"LIDC to the nearest above {BONE_HU} HU",
           [work / "bone.raw", work / "bone.out", *size, *spacing])


def measure(stage, name, arguments, peer_name, threads, runs):
    ours = compare.Contender([find_program(), stage, *arguments], threads)
    other = compare.Contender([peer_python(), __file__, "peer", stage, peer_name, *arguments],
                              threads)
    load_before = os.getloadavg()[0]
    for _ in range(runs + 1):
        ours.run()
        other.run()
    ours.finish()
    other.finish()
    same = len({a["digest"] for a in ours.answers}) == 1
    row = dict(stage=stage, input=name, threads=threads, ours_s=round(ours.median("seconds"), 4),
               ours_mb=round(ours.memory_mb(), 1), peer=peer_name,
               peer_s=round(other.median("seconds"), 4), peer_mb=round(other.memory_mb(), 1),
               ratio=round(other.median("seconds") / ours.median("seconds"), 2),
               answer_checked=same and all(a["agrees"] for a in other.answers),
               ours_cpu_s=round(ours.median("cpu_s"), 4),
               peer_cpu_s=round(other.median("cpu_s"), 4), runs=runs, load_average=round(load_before, 1))
    for side, contender in (("ours", ours), ("peer", other)):
        times = [a["seconds"] for a in contender.answers[1:]]
        row[f"{side}_range_s"] = [round(min(times), 4), round(max(times), 4)]
    return row


def rows(threads, runs, series=None, stages=tuple(PEERS)):
    """Yields a row per input, peer and number of threads."""
    series = series or compare.series_folder(compare.unpacked("ct/LIDC-IDRI-0001", None))
    for stage, name, arguments in inputs(series):
        for peer_name in PEERS[stage] if stage in stages else ():
            for count in threads:
                yield measure(stage, name, arguments, peer_name, count, runs)


def main():
    if len(sys.argv) > 1 and sys.argv[1] == "peer":
        return peer(*sys.argv[2:])
    compare.use_judges()
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stages", nargs="*", metavar="components|distance")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--series", type=Path, help="folder of the slices, if not the test data's")
    arguments = parser.parse_args()
    unknown = set(arguments.stages) - set(PEERS)
    if unknown:
        parser.error(f"no stage {', '.join(unknown)}")
    for row in rows(arguments.threads, arguments.runs, arguments.series,
                    arguments.stages or tuple(PEERS)):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
