"""What every exporter shares: refusals, digests, colours and the writing of model.json."""

import colorsys
import hashlib
import importlib.util
import json
import os
import sys
from pathlib import Path

FORMAT = "osler-model/1"
USAGE, REFUSED, SKIPPED = 2, 3, 77
LARGEST_SPACING_MM = 1000  # a package made from another tool's training knows no limit of its own
INTENDED_USE = "Research. Not for clinical use."

# Colours that differ on black and from each other; beyond them hues go round by the golden ratio.
PALETTE = [(230, 75, 53), (77, 187, 213), (0, 160, 135), (243, 155, 40), (126, 97, 180),
           (145, 209, 90), (220, 90, 160), (250, 220, 90), (90, 120, 220), (176, 120, 80),
           (120, 230, 190), (250, 160, 180), (160, 160, 160), (60, 200, 60), (200, 60, 220),
           (240, 200, 160)]
GOLDEN = 0.618033988749895


class Refused(Exception):
    """What cannot be said in a package: `what` is its name, `why` what is not known about it."""

    def __init__(self, what, why):
        super().__init__(f"{what}: {why}")


def colour(index):
    """The colour of the segment with this index (from 0)."""
    if index < len(PALETTE):
        return list(PALETTE[index])
    turn = index - len(PALETTE)
    shade = colorsys.hsv_to_rgb(turn * GOLDEN % 1, 0.5 + 0.15 * (turn % 3), 0.95 - 0.15 * (turn % 4))
    return [round(255 * part) for part in shade]


def sha256_of(file):
    digest = hashlib.sha256()
    with open(file, "rb") as data:
        while block := data.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def save_weights(module, folder, name):
    """Writes a TorchScript module by a rename; returns its member of "weights"."""
    partial = folder / (name + ".partial")
    module.save(str(partial))
    os.replace(partial, folder / name)
    return {"file": name, "format": "torchscript", "sha256": sha256_of(folder / name)}


def one_or_list(items):
    return items[0] if len(items) == 1 else items


def _text(value, indent):
    """JSON with short values on one line and long ones broken by member."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or len(flat) + indent <= 100:
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        rows = [f"{inner}{json.dumps(k, ensure_ascii=False)}: {_text(v, indent + 2)}"
                for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"
    rows = [inner + _text(v, indent + 2) for v in value]
    return "[\n" + ",\n".join(rows) + "\n" + " " * indent + "]"


def write_description(folder, description):
    """model.json, last and by a rename: a folder with it is whole."""
    partial = folder / "model.json.partial"
    partial.write_text(_text({"format": FORMAT} | description, 0) + "\n")
    os.replace(partial, folder / "model.json")


def empty_folder(folder):
    """Makes the package's folder; one that already holds other things is left alone."""
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / "model.json").exists():
        raise Refused(str(folder), "is not empty and is no package")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").unlink(missing_ok=True)
    return folder


def run_main(main):
    """Exit codes of the command line: 0 ok, 2 usage, 3 refused."""
    try:
        main()
    except Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        sys.exit(REFUSED)


def go_on_in_export_python(modules, skip=False):
    """Starts the script again in the exporters' Python where this one lacks a module.

    @param skip  of a test: ends with 77 where that Python is not there either
    """
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if not missing:
        return
    place = os.environ.get("OSLER_EXPORT", Path.home() / ".cache" / "osler" / "export")
    python = Path(place) / "bin" / "python"
    if python.exists() and "OSLER_EXPORTING" not in os.environ:
        os.execve(python, [str(python), *sys.argv], dict(os.environ, OSLER_EXPORTING="1"))
    text = f"no module '{missing[0]}': see tools/export/README.md (OSLER_EXPORT names the Python)"
    if skip:
        print("skipped: " + text)
        sys.exit(SKIPPED)
    sys.exit(text)
