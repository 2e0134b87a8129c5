"""Encrypted with a passphrase, in a format that others read too."""

from __future__ import annotations

import base64
import io
import os

import pytest

from sereno.core.errors import SerenoError
from sereno.outside.age import WORK_FACTOR, Opened, Sealed

PASSPHRASE = "correct horse battery"

FROM_AGE = base64.b64decode(
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBCSHh5RzZxVTFwd1lXUG0yRy9TTzBnIDE4CnJvVzZJd1JCN1dBOURkN3NIM0F6cU81dVNv"
    "ZWwzMGZ3ZTNuaUZUUzhBcFUKLS0tIGxQZ0dDRGpQSkNxdGhnVUJaZFlhQUZZWFFFMjdnYlVXVHNlRVBDcGowQm8KZM95/3KjBaLA+tPKmxHOxAdZ"
    "Sj8TQWxLWb51QMCsLwYG7yhVHwbZ/zrdtjtTeCo="
)
"""Made by the program age 1.1.1 (`age --passphrase`), which has also read files that this module made."""


def sealed(content: bytes, *, pieces: int = 1) -> bytes:
    target = io.BytesIO()
    with Sealed(target, PASSPHRASE) as writer:
        size = max(1, len(content) // pieces)
        for start in range(0, len(content), size):
            writer.write(content[start : start + size])
    return target.getvalue()


def opened(sealed: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return io.BufferedReader(Opened(io.BytesIO(sealed), passphrase)).read()


def test_a_file_of_the_program_age_is_read() -> None:
    assert opened(FROM_AGE) == b"written by age\n"


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 131072, 200_001])
def test_what_was_written_is_read_again(size: int) -> None:
    content = os.urandom(size)
    assert opened(sealed(content)) == content
    assert opened(sealed(content, pieces=7)) == content


def test_two_files_of_the_same_content_have_nothing_in_common() -> None:
    first, second = (sealed(b"the same" * 100) for _ in range(2))
    assert b"the same" not in first
    assert first[200:] != second[200:]
    assert f" {WORK_FACTOR}\n".encode() in first


def test_a_wrong_passphrase_is_refused() -> None:
    with pytest.raises(SerenoError, match="passphrase does not open"):
        opened(sealed(b"x"), "another horse battery")


def test_each_changed_byte_and_each_cut_is_noticed() -> None:
    whole = sealed(os.urandom(70_000))
    header = whole.index(b"\n---")
    for place in (30, header - 3, header + 10, header + 60, len(whole) // 2, len(whole) - 1):
        spoilt = bytearray(whole)
        spoilt[place] ^= 1
        with pytest.raises(SerenoError):
            opened(bytes(spoilt))
    # Cut off between two chunks, within the last one, and before its tag.
    for length in (header + 50 + 16 + 65536 + 16, len(whole) - 100, len(whole) - 16):
        with pytest.raises(SerenoError, match="changed or cut off"):
            opened(whole[:length])


@pytest.mark.parametrize(
    "content", [b"", b"age-encryption.org/v1\n-> X25519 abc\n", FROM_AGE.replace(b" 18\n", b" 30\n")]
)
def test_what_is_encrypted_in_another_way_is_refused(content: bytes) -> None:
    with pytest.raises(SerenoError, match="in a way that Sereno reads"):
        opened(content)
