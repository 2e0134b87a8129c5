"""What pages need beside code is in the built package too."""

from __future__ import annotations

import zipfile
from pathlib import Path

from hatchling.builders.wheel import WheelBuilder

import sereno

ROOT = Path(sereno.__file__).parents[2]


def test_the_wheel_holds_templates_static_files_and_translations(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    packed = set(zipfile.ZipFile(wheel).namelist())
    needed = {
        str(file.relative_to(ROOT / "src"))
        for folder in ("templates", "static", "translations")
        for file in (ROOT / "src/sereno/web" / folder).rglob("*")
        if file.is_file()
    }
    assert {"sereno/web/static/sereno.css", "sereno/web/translations/es/guard.po"} <= needed
    assert needed - packed == set()
