"""What the judges share: where things lie, the Python that has the readers, and faults.

OSLER_JUDGES names the virtual environment with the readers (tools/setup --tests), OSLER_TEST_DATA the
data beside the project.
"""
import os
import sys
from pathlib import Path

SKIP = 77
ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("OSLER_CACHE", Path.home() / ".cache" / "osler"))
JUDGES = Path(os.environ.get("OSLER_JUDGES", CACHE / "judges"))
DATA = Path(os.environ.get("OSLER_TEST_DATA") or ROOT.parent / "shared" / "data")
faults = []


def fault(where, text):
    faults.append(f"{where}: {text}")


def skip(what):
    print(f"skipped: {what}", flush=True)
    sys.exit(SKIP)


def skip_without(missing):
    """@param missing  an ImportError"""
    skip(f"needs the Python package {missing.name} (tools/setup --tests)")


def use_judges():
    """Goes on in the virtual environment of the judges, if this is another Python."""
    python = JUDGES / "bin" / "python"
    if python.exists() and Path(sys.prefix) != JUDGES and "OSLER_JUDGED" not in os.environ:
        os.execve(python, [str(python), *sys.argv], dict(os.environ, OSLER_JUDGED="1"))
