"""The sources of this machine for another suite: the distribution's own are said anew, others' are left out."""

from __future__ import annotations

from pathlib import Path

from tests.equipment.apt_sources import sources_for

STANZAS = """\
Types: deb
# A note that names bookworm
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
URIs: https://vendor.example/bookworm
Suites: stable
Components: main
"""


def written(folder: Path, **texts: str) -> Path:
    (folder / "sources.list.d").mkdir()
    for name, text in texts.items():
        (folder / "sources.list.d" / name.replace("_", ".")).write_text(text)
    return folder


def test_stanzas_of_the_distribution_are_said_for_the_other_suite(tmp_path: Path) -> None:
    said = sources_for(written(tmp_path, debian_sources=STANZAS), here="bookworm", suite="trixie")
    assert list(said) == ["debian.sources"]
    text = said["debian.sources"]
    assert "Suites: trixie trixie-updates\n" in text
    assert "Suites: trixie-security\n" in text
    assert "vendor.example" not in text
    assert "bookworm" not in text
    assert "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg" in text


def test_lines_of_the_distribution_are_said_for_the_other_suite(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "# deb http://mirror.example/debian bookworm contrib\n"
        "deb [signed-by=/k.gpg] http://mirror.example/bookworm/debian bookworm main\n"
        "deb-src http://mirror.example/debian bookworm main\n"
        "deb http://mirror.example/security bookworm-security main\n"
    )
    texts = written(tmp_path, vendor_list="deb https://vendor.example/apt sdk-bookworm main\n")
    assert sources_for(texts, here="bookworm", suite="trixie") == {
        "sources.list": "deb [signed-by=/k.gpg] http://mirror.example/bookworm/debian trixie main\n"
        "deb http://mirror.example/security trixie-security main\n"
    }
