#!/usr/bin/env python3
"""Stage statistics: count, mean, SD, min, max and percentiles .5, 50, 99.5 of LIDC, 512x512x133.

usage: compare statistics
       stage_statistics.py PEER VOLUME.raw i16|f32 SLOPE INTERCEPT MASK.raw|-    one peer's process

Inputs: the stored int16 with slope and intercept, and CT numbers as float32 within a mask (above
-500 HU). NumPy does what nnU-Net's fingerprint does (the values of the mask as float32, then each
statistic); SimpleITK's StatisticsImageFilter and
LabelStatisticsImageFilter know no percentiles but the median, and are asked for none.

The answer is checked in every run: extremes, count and percentiles within 1e-3 HU of the peer's
(NumPy interpolates float32 in float32), mean and SD within 1e-5 of it.
"""
import json
import resource
import sys
import time

import contest

STAGES = ("statistics",)
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

def inputs():
    """name, arguments of the program"""
    import numpy as np
    work = contest.WORK / "statistics"
    work.mkdir(parents=True, exist_ok=True)
    volume, intercept, _ = contest.read_volume(contest.chest_ct())
    volume.tofile(work / "volume.raw")
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


def measure(name, arguments, peer_name, threads, runs):
    ours = contest.Contender([contest.program("statistics"), *arguments], threads)
    other = contest.Contender([sys.executable, __file__, peer_name, *arguments], threads)
    load = contest.take_turns(ours, other, runs)
    checked = all(same_answer(a["answer"], b["answer"])
                  for a, b in zip(ours.answers, other.answers))
    return contest.row("statistics", name, threads, ours, peer_name, other, checked, load)


def rows(_, threads, runs):
    """Yields a row per input, peer and number of threads."""
    for name, arguments in inputs():
        for peer_name in PEERS:
            for count in threads:
                yield measure(name, arguments, peer_name, count, runs)


if __name__ == "__main__":
    peer(*sys.argv[1:])
