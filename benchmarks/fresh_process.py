#!/usr/bin/env python3
"""A whole job as a fresh process, once per line that comes in.

usage: fresh_process.py COMMAND...

Answers each line with a line of JSON: seconds by the wall clock from start to end of the process,
cpu_s and peak_mb of it and its children (the kernel's account of what it waited for), and what the
last line of the process's output says besides, if that is JSON. The first run is no warm-up of the
process, only of the page cache.
"""
import json
import os
import subprocess
import sys
import time


def run(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status != 0:
        sys.exit(f"{command} ended with {os.waitstatus_to_exitcode(status)}")
    answer = dict(seconds=seconds, cpu_s=used.ru_utime + used.ru_stime,
                  peak_mb=used.ru_maxrss * 1024 / 1e6)
    last = said.strip().splitlines()[-1:] or ["{}"]
    try:
        answer.update(json.loads(last[0]))
    except ValueError:
        pass
    return answer


for _ in sys.stdin:
    print(json.dumps(run(sys.argv[1:])), flush=True)
