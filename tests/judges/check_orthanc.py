#!/usr/bin/env python3
"""Orthanc stores every object and gives it back, byte for byte.

usage: check_orthanc.py FOLDER...      all *.dcm below; 77 if there is no Orthanc (Debian's package `orthanc`)

The server listens on loopback alone, without DICOM, keeps its files in a folder of its own, and is ended with
the test.
"""
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

SKIP = 77
START_S = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def configuration(folder, port):
    return {"Name": "judge", "StorageDirectory": str(folder), "IndexDirectory": str(folder), "HttpPort": port,
            "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "DicomServerEnabled": False, "Plugins": [],
            "HttpBindAddresses": ["127.0.0.1"], "OverwriteInstances": True}


def wait_for(url, server):
    end = time.monotonic() + START_S
    while time.monotonic() < end and server.poll() is None:
        try:
            return urllib.request.urlopen(url + "/system", timeout=5).read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    sys.exit("Orthanc does not answer")


def round_trip(url, file):
    """@return nothing, or what is wrong"""
    content = file.read_bytes()
    request = urllib.request.Request(url + "/instances", data=content, headers={"Content-Type": "application/dicom"})
    try:
        stored = json.loads(urllib.request.urlopen(request, timeout=60).read())
        back = urllib.request.urlopen(f"{url}/instances/{stored['ID']}/file", timeout=60).read()
    except urllib.error.HTTPError as error:
        return f"refused: {error.code} {error.read()[:200]}"
    return None if back == content else f"{len(back)} bytes came back of {len(content)}, or others"


def main():
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        print("skipped: needs Orthanc")
        sys.exit(SKIP)
    files = sorted(f for folder in sys.argv[1:] for f in Path(folder).rglob("*.dcm"))
    if not files:
        sys.exit("no objects")
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        config = Path(folder) / "orthanc.json"
        config.write_text(json.dumps(configuration(folder, port)))
        server = subprocess.Popen([program, config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(url, server)
            for file in files:
                problem = round_trip(url, file)
                if problem:
                    wrong.append(f"{file.parent.name}/{file.name}: {problem}")
        finally:
            server.terminate()
            server.wait(30)
    print("\n".join(wrong))
    print(f"{len(files)} objects stored and given back, {len(wrong)} faults")
    sys.exit(1 if wrong else 0)


main()
