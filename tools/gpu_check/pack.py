"""Makes the archive that tools/gpu-check carries to a machine with a GPU."""
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

MOST_BYTES = 64 << 20  # archive and tracked files together: what may be carried
PROGRAMS = {"osler": "bin", "osler-bench-gpu-kernels": "bin", "kernels_test": "tests",
            "device_test": "tests", "infer_test": "tests", "pipeline_test": "tests",
            "postprocess_test": "tests"}
BESIDE = [f"libcompiled_network_{factor}.so" for factor in (2, 3)]  # what infer_test loads
TARGETS = [f"{where}/{name}" for name, where in PROGRAMS.items()]

# Every machine that runs PyTorch has these, and its own must be used.
C_RUNTIME = re.compile(r"^(ld-linux.*|lib(c|m|dl|rt|pthread|resolv|util|stdc\+\+|gcc_s))\.so")
# PyTorch and CUDA bring these. libgomp too: two OpenMP runtimes in one process share no threads.
BROUGHT = re.compile(r"^lib(torch|c10|cu|nv|gomp)[^/]*\.so")
# OpenCV's image files link GDAL, of whose 140 libraries the program uses none: OpenCV registers it, and
# asks it only about files that no other reader takes. A library that does nothing stands in.
STOOD_IN = re.compile(r"^libgdal\.so")
DICTIONARY = Path("/usr/share/libdcmtk17/dicom.dic")  # DCMTK reads it at run time


def stop(what, remedy):
    sys.exit(f"gpu-check: {what}; remedy: {remedy}")


def output_of(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def in_toolchain(root, commands):
    """Runs shell commands as the other tools do."""
    script = f'source tools/lib.sh; use_toolchain; {commands}'
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=root, stdout=subprocess.PIPE,
                          text=True, env=dict(os.environ))
    if done.returncode:
        stop(f"'{commands}' failed", "see the message above")
    return done.stdout


def commit_of(root):
    try:
        commit = output_of("git", "rev-parse", "HEAD", cwd=root).strip()
        return commit, bool(output_of("git", "status", "--porcelain", cwd=root).strip())
    except (OSError, subprocess.CalledProcessError):
        stop("no commit can be named", "pack in a git checkout")


def up_to_date(root):
    """Whether a build would change nothing."""
    return "no work to do" in in_toolchain(root, f"ninja -C build/cuda -n {' '.join(TARGETS)}")


def tracked_bytes(root):
    files = output_of("git", "ls-files", "-z", cwd=root).split("\0")
    return sum((root / f).stat().st_size for f in files if f and (root / f).is_file())


# ---------------------------------------------------------------- libraries

def needed(file):
    return re.findall(r"\(NEEDED\).*\[(.*)\]", output_of("readelf", "-d", str(file)))


def symbols(file, which):
    """{name: kind} of a library's dynamic symbols, `--defined-only` or `--undefined-only`."""
    lines = (line.split() for line in output_of("nm", "-D", which, str(file)).splitlines())
    return {words[-1].split("@")[0]: words[-2] for words in lines if len(words) > 1}


def resolved(programs):
    """{name: path} of every library that the loader finds for these programs."""
    found = {}
    for program in programs:
        for name, path in re.findall(r"^\s*(\S+) => (/\S+)", output_of("ldd", str(program)), re.M):
            found.setdefault(name, Path(path))
    return found


def closure(programs):
    """What is to be carried, and what stands in: two dictionaries from name to path."""
    paths = resolved(programs)
    carried, stood_in, waiting = {}, {}, list(programs)
    while waiting:
        for name in needed(waiting.pop()):
            if name in carried or C_RUNTIME.match(name) or BROUGHT.match(name):
                continue
            if name not in paths:
                stop(f"{name} is not found", "run ./tools/setup and build again")
            if STOOD_IN.match(name):
                stood_in[name] = paths[name]
                continue
            carried[name] = paths[name]
            waiting.append(paths[name])
    return carried, stood_in


def make_stand_in(name, real, users, out):
    """A library of this name whose functions, those that `users` want of the real one, return 0."""
    wanted = set()
    for user in users:
        wanted |= symbols(user, "--undefined-only").keys()
    offered = symbols(real, "--defined-only")
    names = sorted(wanted & offered.keys())
    data = [n for n in names if offered[n] not in "TWi"]
    if data:
        stop(f"{name} is used for more than functions ({data[0]})", "carry it whole: STOOD_IN in pack.py")
    source = "".join(f'long f{i}(void) __asm__("{n}"); long f{i}(void) {{ return 0; }}\n'
                     for i, n in enumerate(names))
    subprocess.run(["g++", "-x", "c", "-", "-shared", "-fPIC", "-O1", f"-Wl,-soname,{name}", "-o", out / name],
                   input=source, text=True, check=True)


def without_paths(root, files):
    """The build machine's library folders leave the programs, which shall find only what is carried."""
    script = files[0].parent / "rpath.cmake"
    script.write_text("".join(f'file(RPATH_REMOVE FILE "{f}")\n' for f in files))
    in_toolchain(root, f"cmake -P '{script}'")
    script.unlink()


# ---------------------------------------------------------------- the archive

def gather(root, build, folder):
    """Everything that goes into the archive, laid out as an installed program is."""
    programs = [build / where / name for name, where in PROGRAMS.items()]
    beside = [build / "tests" / name for name in BESIDE]
    missing = [p.name for p in programs + beside if not p.is_file()]
    if missing:
        stop(f"not built: {', '.join(missing)}", "leave --no-build out")
    carried, stood_in = closure(programs)
    for place in ("bin", "lib", "last"):
        (folder / place).mkdir(parents=True)
    copies = [Path(shutil.copy(p, folder / "bin" / p.name)) for p in programs + beside]
    libraries = [Path(shutil.copy(path, folder / "lib" / name)) for name, path in carried.items()]
    for name, path in stood_in.items():
        make_stand_in(name, path, programs + list(carried.values()), folder / "lib")
    gomp = resolved(programs).get("libgomp.so.1")
    if gomp:  # for a PyTorch that brings it under another name
        shutil.copy(gomp, folder / "last" / "libgomp.so.1")
    for file in copies + libraries:
        file.chmod(0o755)
    without_paths(root, copies + libraries)
    subprocess.run(["strip", "--strip-unneeded", *copies, *libraries], check=True)

    templates = Path(in_toolchain(root, 'printf %s "$OSLER_TEMPLATES"'))
    share = folder / "share" / "osler"
    shutil.copytree(root / "models", share / "models")
    shutil.copytree(templates, share / "templates", ignore=shutil.ignore_patterns("*.new.*"))
    shutil.copytree(root / "out" / "sample" / "head-mr", folder / "study")
    shutil.copy(DICTIONARY, folder / "share" / "dicom.dic")
    return {"carried": len(carried), "stood_in": sorted(stood_in)}


def compress(folder, archive):
    """The same bytes for the same files. xz: gzip makes 57 MiB of what xz makes 39 of."""
    def plain(entry):
        entry.mtime = entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry
    archive.parent.mkdir(parents=True, exist_ok=True)
    new = archive.with_name(archive.name + ".new")
    with open(new, "wb") as packed, \
            subprocess.Popen(["xz", "-6", "-T0"], stdin=subprocess.PIPE, stdout=packed) as xz:
        with tarfile.open(fileobj=xz.stdin, mode="w|") as tar:
            for file in sorted(folder.rglob("*")):
                tar.add(file, file.relative_to(folder), recursive=False, filter=plain)
        xz.stdin.close()
    if xz.returncode:
        stop("xz failed", "install xz-utils, make room")
    new.replace(archive)


def torch_version(root):
    text = Path(in_toolchain(root, 'printf %s "$LIBTORCH_ROOT"'), "version.py").read_text()
    return re.search(r"__version__ = '([^']+)'", text).group(1)


def write(root, archive, build=True):
    folder = root / "build" / "cuda"
    if build:
        in_toolchain(root, f"./tools/build cuda {' '.join(PROGRAMS)} osler-sample osler-make-template")
    in_toolchain(root, "make_template build/cuda; make_samples build/cuda out/sample")
    commit, dirty = commit_of(root)
    dirty = dirty or not up_to_date(root)  # programs of another state than the commit's
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        libraries = gather(root, folder, place)
        manifest = {"commit": commit, "dirty": dirty, "torch": torch_version(root), "programs": [*PROGRAMS],
                    "libraries": libraries}
        (place / "manifest.json").write_text(json.dumps(manifest, indent=1))
        compress(place, archive)
    size, tracked = archive.stat().st_size, tracked_bytes(root)
    print(f"{archive}: {size / 2**20:.1f} MiB, {libraries['carried']} libraries; with the tracked files "
          f"{(size + tracked) / 2**20:.1f} of {MOST_BYTES >> 20} MiB; commit {commit[:12]}"
          f"{', with uncommitted changes' if dirty else ''}", file=sys.stderr)
    if size + tracked > MOST_BYTES:
        stop("too much to be carried", "see what has grown: tar -tvf")
