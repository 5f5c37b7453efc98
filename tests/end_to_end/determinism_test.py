#!/usr/bin/env python3
"""The same study twice, and with another number of threads: the same objects, the same numbers."""
import harness
from harness import EXIT_OK, Checks, np, pydicom

# When it was made; dates of the study are compared as they are.
CLOCK = ("InstanceCreationDate InstanceCreationTime SeriesDate SeriesTime ContentDate ContentTime "
         "ContributionDateTime").split()


def differences(a, b, path=""):
    """Paths of the elements that differ, pixel data included; what the clock says left out."""
    found = []
    for tag in sorted({e.tag for e in a} | {e.tag for e in b}):
        keyword = pydicom.datadict.keyword_for_tag(tag)
        name = f"{path}/{keyword or tag}"
        if tag not in a or tag not in b:
            found.append(name + " (absent in one)")
        elif a[tag].VR == "SQ":
            if len(a[tag].value) != len(b[tag].value):
                found.append(name + " (number of items)")
            for i, (x, y) in enumerate(zip(a[tag].value, b[tag].value)):
                found += differences(x, y, f"{name}[{i}]")
        elif keyword not in CLOCK and (a[tag].VR, a[tag].value) != (b[tag].VR, b[tag].value):
            found.append(name)
    return found


def timeless(found):
    """What is left of findings.json without the clock and the name of the device."""
    return {k: v for k, v in found.items() if k not in ("timings_ms", "device")}


def main():
    check = Checks()
    with harness.working_folder() as work:
        sample = harness.make_sample("head-mr", work / "in")
        threads = {"first": None, "second": None, "1 thread": {"OMP_NUM_THREADS": "1"},
                   "4 threads": {"OMP_NUM_THREADS": "4"}}
        for name, environment in threads.items():
            done = harness.run(sample, work / name, environment=environment)
            check(done.code == EXIT_OK, f"{name}: exit {done.code} {done.message if done.code else ''}")
        if check.failed:
            check.finish()
        first = {f.name: pydicom.dcmread(f) for f in (work / "first").glob("*/*.dcm")}
        for name in ("second", "1 thread", "4 threads"):
            other = {f.name: pydicom.dcmread(f) for f in (work / name).glob("*/*.dcm")}
            check(sorted(first) == sorted(other), f"{name}: {len(other)} objects, as at first")
            for file, ds in sorted(first.items()):
                unlike = differences(ds, other[file])
                check(not unlike, f"{name}: {file}: {len(unlike)} elements differ "
                                  f"{unlike[:3] if unlike else ''}")
            seg, again = first["seg.dcm"], other["seg.dcm"]
            check(np.array_equal(seg.pixel_array, again.pixel_array), f"{name}: the same labels")
            check([d.SOPInstanceUID for d in first.values()] == [other[f].SOPInstanceUID for f in first],
                  f"{name}: the same UIDs")
            (found, ), (found_again, ) = (harness.results(work / n).values() for n in ("first", name))
            check(timeless(found) == timeless(found_again), f"{name}: the same findings.json")
    check.finish()


main()
