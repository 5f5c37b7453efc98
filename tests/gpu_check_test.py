#!/usr/bin/env python3
"""tools/gpu-check without a GPU: the archive works where nothing but it, a C++ runtime, Python and PyTorch
is, the parts that want a GPU say that they did not run, and nothing else is made up.

usage: gpu_check_test.py     environment: LIBTORCH_ROOT, OSLER_JUDGES (for the schema; may be absent)
"""
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("OSLER_CACHE", Path.home() / ".cache" / "osler"))
TOOLS = ["/bin/bash", "/usr/bin/env"]
SKIP = 77
failed = 0


def skip(what):
    print(f"skipped: {what}")
    sys.exit(SKIP)


def check(holds, text):
    global failed
    print(("ok    " if holds else "FAIL  ") + text, flush=True)
    failed += not holds


def libraries_of(program):
    return re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", program], capture_output=True, text=True).stdout)


def copy_in(root, path):
    """Copies a file to the same place below `root`, links as they point."""
    to = root / str(path).lstrip("/")
    to.parent.mkdir(parents=True, exist_ok=True)
    if not to.exists():
        shutil.copy(os.path.realpath(path), to)


def bare_root(root, torch):
    """A file system that holds glibc, libstdc++, Python with its library, PyTorch, and gpu-check."""
    # Not the virtual environment's link: what it stands on.
    python = Path(sys._base_executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    for place in ("proc", "dev", "tmp", "out", "usr/lib", "usr/bin", "build", "tools", "torch"):
        (root / place).mkdir(parents=True)
    wanted = [python, *TOOLS, *library.glob("lib-dynload/*.so")]
    wanted += [p for name in ("libstdc++.so.6", "librt.so.1", "libdl.so.2", "libpthread.so.0", "libutil.so.1")
               for p in Path("/usr/lib/x86_64-linux-gnu").glob(name)]
    for file in wanted:
        for needed in [str(file), *libraries_of(file)]:
            copy_in(root, needed)
    if not (root / "usr/bin/python3").exists():
        (root / "usr/bin/python3").symlink_to(python)
    (root / str(library).lstrip("/")).mkdir(parents=True, exist_ok=True)
    return {str(library): str(library).lstrip("/"), str(torch.parent): "torch", str(ROOT / "tools"): "tools"}


def in_bare(root, mounts, command, environment):
    """Runs a command in the bare root: a mount namespace of its own, so that nothing is left behind."""
    lines = [f"mount --bind '{here}' '{root}/{there}'" for here, there in mounts.items()]
    lines += [f"mount --rbind /dev '{root}/dev'", f"mount -t proc proc '{root}/proc' 2>/dev/null || "
              f"mount --rbind /proc '{root}/proc'", f"exec chroot '{root}' {command}"]
    return subprocess.run(["unshare", "-rm", "bash", "-euc", "\n".join(lines)], capture_output=True, text=True,
                          timeout=500, env=dict(environment, PATH="/usr/bin:/bin:/usr/sbin:/sbin", HOME="/tmp"))


def fits_schema(report):
    python = Path(os.environ.get("OSLER_JUDGES", CACHE / "judges")) / "bin" / "python"
    if not python.exists():
        return "not judged: no jsonschema"
    code = ("import json, sys, jsonschema; jsonschema.Draft202012Validator(json.load(open(sys.argv[1])))"
            ".validate(json.load(sys.stdin))")
    done = subprocess.run([python, "-c", code, ROOT / "docs" / "schema" / "gpu-check.schema.json"],
                          input=json.dumps(report), text=True, capture_output=True)
    check(done.returncode == 0, f"fits its schema {done.stderr[-300:]}")
    return "judged"


def torch_folder():
    torch = Path(os.environ.get("LIBTORCH_ROOT") or next(iter(CACHE.glob(
        "python/lib/python3*/site-packages/torch")), "/nowhere"))
    if not (torch / "lib" / "libtorch_cpu.so").is_file():
        skip("needs LibTorch (LIBTORCH_ROOT)")
    return torch


def check_report(report, code):
    parts = report["parts"]
    check(code == 1 and report["passed"] is False, "exit 1, not passed")
    for name in ("libraries", "cpu"):
        check(parts[name]["status"] == "passed", f"{name}: {json.dumps(parts[name])[:400]}")
    check(parts["job"]["status"] == "not run" and "seg.dcm" in parts["job"].get("cpu", {}).get("outputs", []),
          f"job: the processor's half ran: {parts['job'].get('why')}")
    for name in ("parity", "benchmarks", "memcheck", "initcheck", "racecheck"):
        check(parts[name]["status"] == "not run" and "no GPU" in parts[name]["why"]
              and set(parts[name]) == {"status", "why"}, f"{name}: {parts[name]}")
    check(report["machine"]["device"] is None and len(report["problems"]) >= 2,
          f"all problems: {[p['what'] for p in report['problems']]}")
    check(re.fullmatch("[0-9a-f]{40}", report["commit"] or "") and report["dirty"] in (True, False),
          "commit and whether it is dirty")
    print("schema:", fits_schema(report))


def main():
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        skip("needs to make a mount namespace (unshare -rm)")
    torch = torch_folder()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary) / "root"
        mounts = bare_root(root, torch)
        archive = root / "build" / "gpu-check.tar.xz"
        done = subprocess.run([ROOT / "tools" / "gpu-check", "--pack", "--no-build", "--archive", archive],
                              capture_output=True, text=True)
        check(done.returncode == 0, f"pack: {done.stderr.strip()[-300:]}")
        if done.returncode:
            return

        # PyTorch is there, as it is on a machine with a GPU.
        done = in_bare(root, mounts, "/usr/bin/python3 /tools/gpu-check --out /out/all.json",
                       {"PYTHONPATH": "/torch"})
        print(done.stderr)
        if not (root / "out" / "all.json").is_file():
            return check(False, f"no report, exit {done.returncode}")
        check_report(json.loads((root / "out" / "all.json").read_text()), done.returncode)

        # Nor that: everything is told at once, and nothing runs.
        done = in_bare(root, mounts, "/usr/bin/python3 /tools/gpu-check --out /out/none.json", {})
        report = json.loads((root / "out" / "none.json").read_text())
        told = " ".join(p["what"] for p in report["problems"])
        check(done.returncode == 1 and "PyTorch" in told and "GPU" in told, f"without PyTorch: {told}")
        check({p["status"] for p in report["parts"].values()} == {"not run"}, "without PyTorch nothing runs")
        fits_schema(report)

        done = in_bare(root, mounts, "/usr/bin/python3 /tools/gpu-check --out /out/x.json --archive /x", {})
        report = json.loads((root / "out" / "x.json").read_text())
        check(done.returncode == 1 and report["commit"] is None, "an archive that is not there is no commit")
        check({p["status"] for p in report["parts"].values()} == {"not run"}, "nor does anything run")


main()
sys.exit(1 if failed else 0)
