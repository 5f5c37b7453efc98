#!/usr/bin/env python3
"""What nvcc made: code for the GPUs that the build names, and PTX; and no flag that loosens arithmetic.

usage: cuda_code_test.py PROGRAM COMPILE_COMMANDS

cuobjdump comes with CUDA, or with the judges (tools/setup --judges); skips (77) without it.
"""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

KERNELS = ("each_kernel", "group_kernel")
CACHE = Path(os.environ.get("OSLER_CACHE", Path.home() / ".cache" / "osler"))
JUDGES = Path(os.environ.get("OSLER_JUDGES", CACHE / "judges"))


def find_cuobjdump():
    of_judges = JUDGES.glob("lib/python3*/site-packages/nvidia/cu13/bin/cuobjdump")
    return shutil.which("cuobjdump") or next(of_judges, None)


def listed(cuobjdump, option, program):
    return subprocess.run([cuobjdump, option, program], check=True, capture_output=True,
                          text=True).stdout


def main(program, commands):
    loose = [c["file"] for c in json.loads(Path(commands).read_text())
             if re.search(r"use_fast_math|-ffast-math|-Ofast", c.get("command", ""))]
    if loose:
        sys.exit(f"compiled with loose arithmetic: {loose}")
    cuobjdump = find_cuobjdump()
    if cuobjdump is None:
        print("no cuobjdump: what the program holds is not looked at")
        sys.exit(77)
    elf = listed(cuobjdump, "--list-elf", program)
    ptx = listed(cuobjdump, "--list-ptx", program)
    for name, found in (("code for sm_80", "sm_80" in elf), ("code for sm_90", "sm_90" in elf),
                        ("PTX", ".ptx" in ptx)):
        if not found:
            sys.exit(f"{program} has no {name}")
    symbols = listed(cuobjdump, "--dump-elf-symbols", program)
    for kernel in KERNELS:
        if kernel not in symbols:
            sys.exit(f"{program} has no {kernel}")


main(*sys.argv[1:])
