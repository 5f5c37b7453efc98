"""Is every library found, and in a place that is meant?"""
import re
from pathlib import Path

from pack import BROUGHT, C_RUNTIME


def where(path, programs, machine):
    path = Path(path)
    if programs.folder in path.parents:
        return "archive"
    # PyTorch's libraries name each other as ../../nvidia/..., so resolve first.
    homes = [folder.resolve().parent.parent for folder in machine.libraries]
    if BROUGHT.match(path.name) or any(home in path.resolve().parents for home in homes):
        return "torch_or_cuda"
    return "c_runtime" if C_RUNTIME.match(path.name) else "elsewhere"


def part(programs, machine, limit_s):
    counts = {"archive": set(), "torch_or_cuda": set(), "c_runtime": set(), "elsewhere": set()}
    missing = set()
    for name in programs.names:
        # What `ldd -r` does, without needing ldd.
        done = programs.run([programs.path(name)], limit_s, LD_TRACE_LOADED_OBJECTS="1", LD_WARN="1",
                            LD_BIND_NOW="1")
        text = done.out + done.err
        for library, path in re.findall(r"^\s*(\S+) => (/\S+)", text, re.M):
            counts[where(path, programs, machine)].add(library)
        missing.update(re.findall(r"(\S+) => not found", text))
        missing.update(re.findall(r"undefined symbol: ([^\s,]+)", text))
        missing.update(re.findall(r"version `(\S+)' not found", text))
        if done.code != 0 and not missing:
            missing.add(f"{name}: {done.end()[-200:]}")
    result = {place: len(names) for place, names in counts.items()}
    if missing or counts["elsewhere"]:
        return dict(result, status="failed", missing=sorted(missing), unexpected=sorted(counts["elsewhere"]),
                    why=f"{len(missing)} missing, {len(counts['elsewhere'])} from unexpected places")
    return dict(result, status="passed")
