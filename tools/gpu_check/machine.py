"""What this machine has: PyTorch, CUDA's libraries, a driver, a GPU, compute-sanitizer."""
import ctypes
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

TORCH = "2.11"  # libtorch's binary interface changes with each minor version
CUDA = 13


@dataclass
class Problem:
    what: str
    remedy: str


@dataclass
class Machine:
    torch: str = ""                      # version
    libraries: list = field(default_factory=list)  # folders of PyTorch's and CUDA's libraries
    device: str = ""                     # name of the first GPU; empty: none
    compute_capability: str = ""
    driver: str = ""
    driver_cuda: str = ""
    sanitizer: str = ""                  # the program; empty: none
    sanitizer_version: str = ""
    problems: dict = field(default_factory=dict)   # of "torch", "gpu", "sanitizer"

    def lacks(self, *needs):
        """Why a part with these needs cannot run; empty: it can."""
        return "; ".join(self.problems[n].what for n in needs if n in self.problems)

    def told(self):
        return {"device": self.device or None, "compute_capability": self.compute_capability or None,
                "driver": self.driver or None, "driver_cuda": self.driver_cuda or None,
                "torch": self.torch or None, "compute_sanitizer": self.sanitizer_version or None,
                "python": platform.python_version(), "c_library": " ".join(platform.libc_ver()),
                "processors": os.cpu_count()}


def torch_folders():
    own = os.environ.get("LIBTORCH_ROOT")
    if own:
        yield Path(own)
    spec = importlib.util.find_spec("torch")
    if spec and spec.origin:
        yield Path(spec.origin).parent
    cache = Path(os.environ.get("OSLER_CACHE", Path.home() / ".cache" / "osler"))
    yield from sorted(cache.glob("python/lib/python3*/site-packages/torch"))


def version_of(torch):
    file = torch / "version.py"
    found = re.search(r"__version__ = ['\"]([^'\"]+)", file.read_text()) if file.is_file() else None
    return found.group(1) if found else ""


def cuda_homes():
    own = os.environ.get("CUDA_HOME")
    return [*([Path(own)] if own else []), *sorted(Path("/usr/local").glob("cuda*"))]


def find_torch(machine):
    seen = [(folder, version_of(folder)) for folder in torch_folders()]
    fitting = [f for f, v in seen if v.startswith(TORCH + ".") and (f / "lib" / "libtorch_cpu.so").is_file()]
    if not fitting:
        others = ", ".join(sorted({v for _, v in seen if v}))
        machine.problems["torch"] = Problem(
            f"no PyTorch {TORCH} in this Python" + (f" (found: {others})" if others else ""),
            f"run with the python3 that has it, or LIBTORCH_ROOT=<folder of torch {TORCH}>")
        return
    torch = fitting[0]
    machine.torch = version_of(torch)
    # PyTorch's own CUDA libraries first; a toolkit where the wheels have none.
    places = [*sorted(torch.parent.glob("nvidia/*/lib")), *(home / "lib64" for home in cuda_homes())]
    runtime = next((p for p in places if (p / f"libcudart.so.{CUDA}").exists()), None)
    if runtime is None:
        machine.problems["torch"] = Problem(f"no libcudart.so.{CUDA} beside PyTorch or in CUDA_HOME",
                                            f"install the CUDA {CUDA} build of PyTorch {TORCH}")
        return
    machine.libraries = [torch / "lib", runtime]


def find_gpu(machine):
    def problem(what, remedy):
        machine.problems["gpu"] = Problem(what, remedy)

    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return problem("no GPU: no NVIDIA driver (libcuda.so.1)", "a machine with an NVIDIA GPU and its driver")
    status = cuda.cuInit(0)
    count, version = ctypes.c_int(0), ctypes.c_int(0)
    if status == 0:
        status = cuda.cuDeviceGetCount(ctypes.byref(count))
    if status != 0 or count.value == 0:
        return problem(f"no GPU: the driver finds none (CUresult {status})", "see nvidia-smi")
    cuda.cuDriverGetVersion(ctypes.byref(version))
    machine.driver_cuda = f"{version.value // 1000}.{version.value % 1000 // 10}"
    if version.value < CUDA * 1000:
        return problem(f"no usable GPU: the driver is made for CUDA {machine.driver_cuda}",
                       f"a driver for CUDA {CUDA} or later")
    name = ctypes.create_string_buffer(256)
    cuda.cuDeviceGetName(name, 256, 0)
    machine.device = name.value.decode(errors="replace")
    numbers = []
    for attribute in (75, 76):  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR
        value = ctypes.c_int(0)
        cuda.cuDeviceGetAttribute(ctypes.byref(value), attribute, 0)
        numbers.append(str(value.value))
    machine.compute_capability = ".".join(numbers)
    machine.driver = said_by("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader").split("\n")[0]
    if not machine.driver:
        file = Path("/proc/driver/nvidia/version")
        found = re.search(r"\d+\.\d+[.\d]*", file.read_text()) if file.is_file() else None
        machine.driver = found.group() if found else ""


def said_by(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def find_sanitizer(machine):
    places = [shutil.which("compute-sanitizer"), *(home / "bin" / "compute-sanitizer" for home in cuda_homes()),
              *(folder.parent / "bin" / "compute-sanitizer" for folder in machine.libraries)]
    found = next((str(p) for p in places if p and os.access(p, os.X_OK) and Path(p).is_file()), "")
    if not found:
        machine.problems["sanitizer"] = Problem("no compute-sanitizer", "put it into PATH (CUDA toolkit)")
        return
    machine.sanitizer = found
    version = re.search(r"Version ([\d.]+)", said_by(found, "--version"))
    machine.sanitizer_version = version.group(1) if version else "unknown"


def look():
    machine = Machine()
    if sys.platform != "linux" or platform.machine() != "x86_64":
        machine.problems["torch"] = Problem("the archive's programs are for Linux on x86-64",
                                            "pack on a machine like this one")
        machine.problems["gpu"] = machine.problems["torch"]
    else:
        find_torch(machine)
        find_gpu(machine)
    find_sanitizer(machine)
    return machine
