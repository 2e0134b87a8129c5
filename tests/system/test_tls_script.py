"""`docker/nginx/ssl/generate-ssl.sh` as people run it: from any folder, again and again, with bash and openssl."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tests.equipment.nginx import SCRIPT

from sereno.outside.certificate import Certificate, check_pair, read_certificate

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="this machine has no openssl"),
]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A copy in a folder of its own, as in a clone, with a space in its path."""
    folder = tmp_path / "my clone/docker/nginx/ssl"
    folder.mkdir(parents=True)
    return Path(shutil.copy(SCRIPT, folder))


def run(script: Path, *arguments: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(script), *arguments],
        cwd=cwd,
        env={"PATH": os.environ["PATH"]} | more,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def certificate(script: Path) -> Certificate:
    return read_certificate((script.parent / "cert.pem").read_bytes())


def leaf(script: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((script.parent / "cert.pem").read_bytes())


def test_it_makes_a_pair_beside_itself_from_any_folder(script: Path, tmp_path: Path) -> None:
    done = run(script, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    check_pair(script.parent / "cert.pem", script.parent / "key.pem", names=("localhost",))
    assert (script.parent / "key.pem").stat().st_mode & 0o777 == 0o600
    assert sorted(file.name for file in script.parent.iterdir()) == ["cert.pem", "generate-ssl.sh", "key.pem"]


def test_it_works_as_the_seed_types_it(script: Path) -> None:
    done = subprocess.run(["bash", "generate-ssl.sh"], cwd=script.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_is_for_this_machine_and_for_the_names_that_are_given(script: Path) -> None:
    run(script, "shop.example.org", "192.0.2.7", "2001:db8::7", "*.example.net")
    names = set(certificate(script).names)
    assert {"localhost", "127.0.0.1", "::1", os.uname().nodename} <= names
    assert {"shop.example.org", "192.0.2.7", "2001:db8::7", "*.example.net"} <= names


def test_it_is_valid_for_ninety_days_and_for_servers_only(script: Path) -> None:
    run(script)
    made = certificate(script)
    assert abs(made.not_before - datetime.now(UTC)) < timedelta(minutes=5)
    assert made.not_after - made.not_before == timedelta(days=90)
    extensions = leaf(script).extensions
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    key = leaf(script).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


def test_it_says_how_to_trust_it(script: Path) -> None:
    said = run(script).stdout
    for words in ("update-ca-certificates", "Firefox, Chrome", "curl --cacert", "90 days"):
        assert words in said


@pytest.mark.parametrize("names", [(), ("shop.example.org", "192.0.2.7"), ("*.example.net", "2001:db8::7")])
def test_run_again_it_keeps_what_is_valid(script: Path, names: tuple[str, ...]) -> None:
    run(script, *names)
    before = certificate(script).fingerprint
    again = run(script, *names)
    assert (again.returncode, again.stdout.startswith("kept ")) == (0, True)
    assert run(script).returncode == 0, "fewer names are there as well"
    assert certificate(script).fingerprint == before


def test_another_name_or_force_makes_a_new_one(script: Path) -> None:
    run(script)
    first = certificate(script).fingerprint
    run(script, "new.example.org")
    second = certificate(script)
    assert second.fingerprint != first
    assert "new.example.org" in second.names
    run(script, "--force", "new.example.org")
    assert certificate(script).fingerprint != second.fingerprint


def test_a_pair_that_does_not_belong_together_is_replaced(script: Path) -> None:
    run(script)
    key = ec.generate_private_key(ec.SECP256R1())
    (script.parent / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    assert run(script).stdout.startswith("made ")
    check_pair(script.parent / "cert.pem", script.parent / "key.pem", names=("localhost",))


@pytest.mark.parametrize("what", ["cert.pem", "key.pem"])
def test_what_is_damaged_or_missing_is_replaced(script: Path, what: str) -> None:
    for damage in (b"", b"nonsense"):
        run(script)
        (script.parent / what).write_bytes(damage)
        assert run(script).stdout.startswith("made ")
    (script.parent / what).unlink()
    assert run(script).stdout.startswith("made ")


@pytest.mark.parametrize(("days", "word"), [(13, "made "), (15, "kept ")])
def test_it_is_renewed_two_weeks_before_its_end(script: Path, days: int, word: str) -> None:
    run(script)
    old = leaf(script)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    names = old.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    near = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(names, critical=False)
        .sign(key, old.signature_hash_algorithm)
    )
    (script.parent / "cert.pem").write_bytes(near.public_bytes(serialization.Encoding.PEM))
    (script.parent / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    assert run(script).stdout.startswith(word)


@pytest.mark.parametrize(
    "wrong", ["a b", "300.1.1.1", "1.2.3", "a:b", "-", "x,DNS:evil.test", "name/../../x", "ümlaut.test", "a" * 300]
)
def test_what_is_no_name_is_refused_and_nothing_is_made(script: Path, wrong: str) -> None:
    done = run(script, wrong)
    assert done.returncode == 2
    assert done.stderr.startswith("generate-ssl.sh: ")
    assert not (script.parent / "key.pem").exists()


def test_a_long_name_has_room(script: Path) -> None:
    name = f"{'a' * 60}.{'b' * 60}.example.org"
    assert run(script, name).returncode == 0
    assert name in certificate(script).names


def test_another_folder_is_made_when_it_is_asked_for(script: Path, tmp_path: Path) -> None:
    assert run(script, "--into", str(tmp_path / "new/folder")).returncode == 0
    check_pair(tmp_path / "new/folder/cert.pem", tmp_path / "new/folder/key.pem", names=("localhost",))


def test_help_says_what_it_does(script: Path) -> None:
    said = run(script, "--help").stdout
    assert said.startswith("Makes a self-signed certificate")
    assert "--force" in said


def test_without_openssl_it_says_what_to_install(script: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "dirname", "uname", "mkdir"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    done = run(script, PATH=str(tools))
    assert done.returncode == 1
    assert "openssl is not installed; next: apt-get install openssl" in done.stderr


def test_where_the_file_system_keeps_no_modes_it_warns_and_goes_on(script: Path, tmp_path: Path) -> None:
    """As in a VirtualBox shared folder: chmod says yes and does nothing, every file has mode 777."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "chmod").write_text("#!/bin/sh\nexit 0\n")
    (tools / "stat").write_text("#!/bin/sh\necho 777\n")
    for tool in tools.iterdir():
        tool.chmod(0o755)
    done = run(script, PATH=f"{tools}:{os.environ['PATH']}")
    assert done.returncode == 0
    assert "has mode 777" in done.stderr
    assert (script.parent / "cert.pem").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become someone else")
def test_a_folder_of_someone_else_is_told() -> None:
    # Not pytest's folder, which is closed to others.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        script = shutil.copy(SCRIPT, folder)
        done = subprocess.run(
            ["bash", script], user=65534, group=65534, extra_groups=[], capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert "cannot be written; next: run this as the folder's owner" in done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="this machine has no shellcheck")
def test_shellcheck_has_nothing_to_say() -> None:
    done = subprocess.run(["shellcheck", str(SCRIPT)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(not (SCRIPT.parents[3] / ".git").exists(), reason="this is no clone")
def test_no_key_is_ever_committed() -> None:
    root = SCRIPT.parents[3]
    for name in ("key.pem", "cert.pem"):
        ignored = subprocess.run(
            ["git", "-C", str(root), "check-ignore", "-q", f"docker/nginx/ssl/{name}"], check=False
        )
        assert ignored.returncode == 0
