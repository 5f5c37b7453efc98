#!/usr/bin/env python3
"""Stage statistics: count, mean, SD, min, max and percentiles .5, 50, 99.5 of LIDC, 512x512x133.

usage: stage_statistics.py [--threads 1 4] [--runs 5] [--series FOLDER]
       stage_statistics.py PEER VOLUME.raw i16|f32 SLOPE INTERCEPT MASK.raw|-    one peer's process

One line of JSON per row, as benchmarks/compare measures: ours and a peer take turns, the first run
of each warms up, medians of the rest. Inputs: the stored int16 with slope and intercept, and CT
numbers as float32 within a mask (above -500 HU). NumPy does what nnU-Net's fingerprint does (the
values of the mask as float32, then each statistic); SimpleITK's StatisticsImageFilter and
LabelStatisticsImageFilter know no percentiles but the median, and are asked for none.

The answer is checked in every run: extremes, count and percentiles within 1e-3 HU of the peer's
(NumPy interpolates float32 in float32), mean and SD within 1e-5 of it.

  OSLER_BENCH_STATISTICS  the program osler-bench-statistics (cmake -DOSLER_BENCHMARKS=ON)
"""
import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
PERCENTILES = (.5, 50, 99.5)
TISSUE_HU = -500


# ---------------------------------------------------------------- the peers

def with_numpy(volume, mask, slope, intercept):
    import numpy as np

    def run():
        x = volume[mask != 0] if mask is not None else volume
        x = x.astype(np.float32) * np.float32(slope) + np.float32(intercept)
        return [x.size, x.mean(dtype=np.float64), x.std(dtype=np.float64), x.min(), x.max(),
                *np.percentile(x, PERCENTILES)]
    return run


def with_simpleitk(volume, mask, slope, intercept):
    import numpy as np
    import SimpleITK as sitk
    if mask is None:
        def run():
            x = volume.astype(np.float32) * np.float32(slope) + np.float32(intercept)
            s = sitk.StatisticsImageFilter()
            s.Execute(sitk.GetImageFromArray(x))
            n = volume.size
            return [n, s.GetMean(), s.GetSigma() * ((n - 1) / n) ** .5, s.GetMinimum(),
                    s.GetMaximum()]
    else:
        def run():
            x = volume.astype(np.float32) * np.float32(slope) + np.float32(intercept)
            s = sitk.LabelStatisticsImageFilter()
            s.UseHistogramsOff()
            s.Execute(sitk.GetImageFromArray(x), sitk.GetImageFromArray(mask))
            n = s.GetCount(1)
            return [n, s.GetMean(1), s.GetSigma(1) * ((n - 1) / n) ** .5, s.GetMinimum(1),
                    s.GetMaximum(1)]
    return run


PEERS = {"NumPy": with_numpy, "SimpleITK": with_simpleitk}


def peer(name, volume_file, kind, slope, intercept, mask_file):
    import numpy as np
    from readers import peak_mb
    shape = (-1, 512, 512)
    volume = np.fromfile(volume_file, np.int16 if kind == "i16" else np.float32).reshape(shape)
    mask = None if mask_file == "-" else np.fromfile(mask_file, np.uint8).reshape(shape)
    run = PEERS[name](volume, mask, float(slope), float(intercept))
    for _ in sys.stdin:
        start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        answer = run()
        seconds = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps(dict(
            seconds=seconds, peak_mb=peak_mb(), answer=[float(a) for a in answer],
            cpu_s=after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime)), flush=True)


# ---------------------------------------------------------------- measuring

def inputs(compare, series):
    """name, arguments of the program"""
    import numpy as np
    import pydicom
    work = compare.WORK / "statistics"
    work.mkdir(parents=True, exist_ok=True)
    headers = sorted((pydicom.dcmread(f) for f in series.glob("*.dcm")),
                     key=lambda h: float(h.ImagePositionPatient[2]))
    volume = np.stack([h.pixel_array for h in headers]).astype(np.int16)
    volume.tofile(work / "volume.raw")
    intercept = float(headers[0].RescaleIntercept)
    numbers = volume.astype(np.float32) + np.float32(intercept)
    numbers.tofile(work / "numbers.raw")
    (numbers > TISSUE_HU).astype(np.uint8).tofile(work / "mask.raw")
    yield "LIDC chest CT, int16", [work / "volume.raw", "i16", 1, intercept, "-"]
    yield "LIDC chest CT, float32, mask", [work / "numbers.raw", "f32", 1, 0, work / "mask.raw"]


def same_answer(ours, theirs):
    sums, rest = (1, 2), (0, 3, 4, 5, 6, 7)
    known = len(theirs)
    return (all(abs(ours[i] - theirs[i]) <= 1e-5 * abs(theirs[i]) for i in sums)
            and all(abs(ours[i] - theirs[i]) <= 1e-3 for i in rest if i < known))


def measure(compare, program, name, arguments, peer_name, threads, runs):
    ours = compare.Contender([program, *arguments], threads)
    other = compare.Contender([sys.executable, __file__, peer_name, *arguments], threads)
    load_before = os.getloadavg()[0]
    for _ in range(runs + 1):
        ours.run()
        other.run()
    ours.finish()
    other.finish()
    row = dict(stage="statistics", input=name, threads=threads,
               ours_s=round(ours.median("seconds"), 4), ours_mb=round(ours.memory_mb(), 1),
               peer=peer_name, peer_s=round(other.median("seconds"), 4),
               peer_mb=round(other.memory_mb(), 1),
               ratio=round(other.median("seconds") / ours.median("seconds"), 2),
               answer_checked=all(same_answer(a["answer"], b["answer"])
                                  for a, b in zip(ours.answers, other.answers)),
               ours_cpu_s=round(ours.median("cpu_s"), 4),
               peer_cpu_s=round(other.median("cpu_s"), 4),
               runs=runs, load_average=round(load_before, 1))
    for side, contender in (("ours", ours), ("peer", other)):
        times = [answer["seconds"] for answer in contender.answers[1:]]
        row[f"{side}_range_s"] = [round(min(times), 4), round(max(times), 4)]
    return row


def rows(threads, runs, series=None):
    """Yields a row per input, peer and number of threads."""
    from stage_resample import compare
    found = os.environ.get("OSLER_BENCH_STATISTICS")
    places = [found] if found else sorted(HERE.parent.glob("build/*/bin/osler-bench-statistics"))
    if not places or not Path(places[0]).exists():
        compare.stop("no osler-bench-statistics", "OSLER_CMAKE_ARGS=-DOSLER_BENCHMARKS=ON "
                     "tools/build cpu osler-bench-statistics, or set OSLER_BENCH_STATISTICS")
    series = series or compare.series_folder(compare.unpacked("ct/LIDC-IDRI-0001", None))
    for name, arguments in inputs(compare, series):
        for peer_name in PEERS:
            for count in threads:
                yield measure(compare, places[0], name, arguments, peer_name, count, runs)


def main():
    if len(sys.argv) > 1 and sys.argv[1] in PEERS:
        return peer(*sys.argv[1:])
    from stage_resample import compare
    compare.use_judges()
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--series", type=Path, help="folder of the slices, if not the test data's")
    arguments = parser.parse_args()
    for row in rows(arguments.threads, arguments.runs, arguments.series):
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
