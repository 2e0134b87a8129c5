"""Files encrypted with a passphrase in the format of age, which `age --decrypt` reads as well.

Source: the specification "age-encryption.org/v1" (C2SP): a header with one scrypt recipient, and a payload of chunks of
64 KiB, each sealed by ChaCha20-Poly1305. The primitives are those of `cryptography` and OpenSSL.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import os
import re
from typing import TYPE_CHECKING, BinaryIO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sereno.core.errors import SerenoError

if TYPE_CHECKING:
    from typing_extensions import Buffer  # In collections.abc from Python 3.12.

WORK_FACTOR = 15
"""scrypt with 2**15 rounds takes 32 MiB for a tenth of a second. The usual 2**18 takes 256 MiB, which a machine of
1 GB does not have to spare at night; so the passphrase has to be a long one."""

_MOST_WORK = 20
"""What a file from elsewhere may ask for: 1 GiB."""

_INTRODUCTION = b"age-encryption.org/v1\n"
_SALT_LABEL = b"age-encryption.org/v1/scrypt"
_STANZA = re.compile(rb"age-encryption\.org/v1\n-> scrypt ([A-Za-z0-9+/]{22}) ([1-9]\d?)\n([A-Za-z0-9+/]{43})\n---")
_CHUNK = 65536
_TAG = 16
_LONGEST_HEADER = 400


class Sink(Protocol):
    """Where bytes can be written."""

    def write(self, data: bytes, /) -> int: ...


class Sealed(io.RawIOBase):
    """What is written here is encrypted into `target`; `close` writes the end, without which the file is cut off."""

    def __init__(self, target: Sink, passphrase: str) -> None:
        super().__init__()
        file_key, salt, nonce = os.urandom(16), os.urandom(16), os.urandom(16)
        wrapped = ChaCha20Poly1305(_wrapping_key(passphrase, salt, WORK_FACTOR)).encrypt(bytes(12), file_key, None)
        stanza = b"-> scrypt " + _base64(salt) + b" %d\n" % WORK_FACTOR + _base64(wrapped) + b"\n---"
        header = _INTRODUCTION + stanza
        target.write(header + b" " + _base64(_mac(file_key, header)) + b"\n" + nonce)
        self._target = target
        self._cipher = ChaCha20Poly1305(_derived(file_key, nonce, b"payload"))
        self._waiting = bytearray()
        self._number = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        piece = bytes(data)
        self._waiting += piece
        # A full chunk waits until more comes: the last one is marked as such.
        while len(self._waiting) > _CHUNK:
            self._put(bytes(self._waiting[:_CHUNK]), last=False)
            del self._waiting[:_CHUNK]
        return len(piece)

    def close(self) -> None:
        if not self.closed:
            self._put(bytes(self._waiting), last=True)
        super().close()

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._target.write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, None))
        self._number += 1


class Opened(io.RawIOBase):
    """Reads what was encrypted in `source`.

    Raises SerenoError when the passphrase is wrong, and while reading when the file was changed or cut off.
    """

    def __init__(self, source: BinaryIO, passphrase: str) -> None:
        super().__init__()
        start = source.tell()
        head = source.read(_LONGEST_HEADER)
        match = _STANZA.match(head)
        if match is None or int(match[2]) > _MOST_WORK:
            raise SerenoError(
                "this file is not encrypted with a passphrase in a way that Sereno reads",
                next_step="take the file as ./sereno backup made it; age --decrypt opens others",
            )
        file_key = _unwrap(passphrase, match)
        mac = head[match.end() + 1 : match.end() + 44]
        if not hmac.compare_digest(mac, _base64(_mac(file_key, match[0]))):
            raise _damaged()
        source.seek(start + match.end() + 45)
        self._source = source
        self._cipher = ChaCha20Poly1305(_derived(file_key, source.read(16), b"payload"))
        self._ahead = source.read(_CHUNK + _TAG)
        self._number = 0
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        if not self._ready and self._ahead:
            self._ready = memoryview(self._next())
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _next(self) -> bytes:
        chunk, self._ahead = self._ahead, self._source.read(_CHUNK + _TAG)
        try:
            text = self._cipher.decrypt(_nonce(self._number, last=not self._ahead), chunk, None)
        except InvalidTag as error:
            raise _damaged() from error
        self._number += 1
        return text


def _unwrap(passphrase: str, match: re.Match[bytes]) -> bytes:
    salt, wrapped = (base64.b64decode(each + b"=" * (-len(each) % 4)) for each in (match[1], match[3]))
    try:
        key = _wrapping_key(passphrase, salt, int(match[2]))
        return ChaCha20Poly1305(key).decrypt(bytes(12), wrapped, None)
    except InvalidTag as error:
        raise SerenoError(
            "the passphrase does not open this file",
            next_step="give the one that was set when the backup was made: --passphrase-file FILE",
        ) from error


def _damaged() -> SerenoError:
    return SerenoError(
        "the encrypted file was changed or cut off", next_step="take another backup: ./sereno backup list"
    )


def _wrapping_key(passphrase: str, salt: bytes, work_factor: int) -> bytes:
    return hashlib.scrypt(
        passphrase.encode(), salt=_SALT_LABEL + salt, n=1 << work_factor, r=8, p=1, maxmem=(1 << 31) - 1, dklen=32
    )


def _derived(file_key: bytes, salt: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, purpose).derive(file_key)


def _mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(_derived(file_key, b"", b"header"), header, "sha256")


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _base64(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")
