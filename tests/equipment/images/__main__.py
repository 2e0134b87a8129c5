"""`python -m tests.equipment.images ROOT`: build what the engine below ROOT misses, and say what each image holds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.equipment.docker.engine import attach
from tests.equipment.docker.packages import EquipmentError, say
from tests.equipment.images import build
from tests.equipment.images.catalogue import published


def main(words: list[str]) -> int:
    """Runs one command and returns its exit code; results on the output, progress on the error stream."""
    parser = argparse.ArgumentParser(prog="python -m tests.equipment.images", description=__doc__)
    parser.add_argument("root", type=Path, help="the folder of a running engine")
    parser.add_argument("tags", nargs="*", help="images to build (default: all)")
    parser.add_argument("--save", type=Path, metavar="TAR", help="write the images into one archive as well")
    parser.add_argument("--load", type=Path, metavar="TAR", help="read images from an archive first")
    chosen = parser.parse_intermixed_args(words)
    tags = chosen.tags or [image.tag for image in published()]
    try:
        engine = attach(chosen.root)
        if chosen.load:
            say(f"reading {chosen.load}")
            engine.docker("load", "--input", str(chosen.load))
        for held in build.ensure(engine, tags):
            print(f"{held.tag:40} {held.holds}")
        if chosen.save:
            say(f"writing {chosen.save}")
            engine.docker("save", "--output", str(chosen.save), *tags)
    except EquipmentError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
