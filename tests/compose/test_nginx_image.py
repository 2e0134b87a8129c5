"""The Compose version of nginx.conf, as checked in and with other settings, in the image that it is for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.equipment.docker.engine import Engine
from tests.equipment.nginx import ROOT, SCRIPT, every_kind_of_service

from sereno.serve.catalogue import BY_NAME
from sereno.serve.render import compose_place, render
from sereno.settings import Settings
from sereno.settings.model import Site

pytestmark = pytest.mark.compose

VARIANTS = {
    "as checked in": (ROOT / "docker/nginx/nginx.conf").read_text(encoding="utf-8"),
    "with a domain": render("nginx/nginx.conf.j2", compose_place(Settings(site=Site(domain="shop.example.org")))),
    "on the usual ports": render(
        "nginx/nginx.conf.j2", compose_place(Settings(site=Site(http_port=80, https_port=443, language="es")))
    ),
    "with fifty services": render("nginx/nginx.conf.j2", compose_place(Settings(services=every_kind_of_service()))),
}


@pytest.fixture
def folder(docker: Engine, tmp_path: Path) -> Path:
    """What the container is given: configuration, a pair of its own making, the user's own snippets."""
    subprocess.run(["bash", str(SCRIPT), "--into", str(tmp_path / "tls/served")], check=True, capture_output=True)
    shutil.copytree(ROOT / "docker/nginx/conf.d", tmp_path / "conf.d")
    return tmp_path


@pytest.mark.parametrize("text", VARIANTS.values(), ids=VARIANTS.keys())
def test_the_image_takes_the_configuration(docker: Engine, folder: Path, text: str) -> None:
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    (folder / "conf.d/locations/shop.conf").write_text("location /shop/ { return 204; }\n")
    done = docker.run(
        [
            *("docker", "run", "--rm", "--read-only", "--network", "none", "--cap-drop", "ALL"),
            *("--cap-add", "CHOWN", "--cap-add", "SETUID", "--cap-add", "SETGID"),
            *("--tmpfs", "/run", "--tmpfs", "/tmp", "--tmpfs", "/var/cache/nginx"),
            *("-v", f"{folder}/nginx.conf:/etc/nginx/nginx.conf:ro"),
            *("-v", f"{folder}/conf.d:/etc/nginx/conf.d:ro"),
            *("-v", f"{folder}/tls:/srv/sereno/tls:ro"),
            *(BY_NAME["nginx"].image, "nginx", "-t", "-q"),
        ],
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
