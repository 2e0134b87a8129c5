"""Sends one message by Apprise, and says what came of it without telling what is secret in the address.

Apprise answers only whether it went well; why it did not, it tells its log. That is read here: a status from 400 to
499 is for good (but 408, 425 and 429, which ask for patience), everything else may pass. Its libraries take 40 MB, so
only a short-lived process imports this module.
"""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from urllib.parse import unquote, urlsplit

import apprise

SEND_SECONDS = 40
"""Apprise's own limits hold for each read; a server that sends a byte now and then would go on for ever."""

LONGEST_WORDS = 300
_PATIENCE = frozenset({408, 425, 429})
_STATUS = re.compile(r"error=(\d{3})\b")
_SMTP_REFUSAL = re.compile(r"\(?\b(5\d\d), b?['\"]")
_NETWORK = re.compile(r"Socket Exception: .*(\[Errno -?\d+\] [^'\")]+).*")
_PLAIN_HOSTS = frozenset(
    {"json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos", "ntfy", "ntfys", "gotify", "gotifys",
     "apprise", "apprises", "matrix", "matrixs", "mmost", "mmosts", "rocket", "rockets", "syslog", "http", "https"}
)  # fmt: skip
"""Kinds whose address names a server where others have a token."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of it; `permanent` when trying again is no use. `words` are empty when it went well."""

    good: bool
    permanent: bool = False
    words: str = ""


def send(url: str, *, title: str, text: str, markdown: str) -> Sent:
    """Send to the channel at `url`: `markdown` where the channel shows it, else the plain `text`."""
    heard = _Ear()
    with heard.listening():
        channel = apprise.Apprise.instantiate(url)
        if channel is None:
            return Sent(
                False, permanent=True, words=_safe(f"Apprise does not know such an address. {heard.words}", url)
            )
        shows_markdown = channel.notify_format == apprise.NotifyFormat.MARKDOWN
        try:
            with _time_limit(SEND_SECONDS):
                good = channel.notify(
                    title=title,
                    body=markdown if shows_markdown else text,
                    body_format=apprise.NotifyFormat.MARKDOWN if shows_markdown else apprise.NotifyFormat.TEXT,
                )
        except _TooLong:
            return Sent(False, words=f"no answer within {SEND_SECONDS} s")
        except Exception as error:
            # A channel's own defect, in one of over a hundred modules: told like a failure, tried again.
            return Sent(False, words=_safe(f"{error.__class__.__name__}: {error}", url))
    if good:
        return Sent(True)
    return Sent(False, permanent=is_permanent(heard.words), words=_safe(heard.words or "it was not delivered", url))


def is_permanent(words: str) -> bool:
    """Whether what Apprise tells of a failure says that trying again is no use."""
    status = _STATUS.search(words)
    if status is not None:
        return 400 <= int(status[1]) < 500 and int(status[1]) not in _PATIENCE
    return _SMTP_REFUSAL.search(words) is not None


def secret_parts(url: str) -> set[str]:
    """The parts of an address that must not be told: user, password, path, query; the host where that is a token."""
    try:
        parts = urlsplit(url)
        user, _, host = parts.netloc.rpartition("@")
    except ValueError:
        return {url}
    pieces = [*re.split(r"[:@]", user), *parts.path.split("/"), *re.split(r"[&=]", parts.query), parts.fragment]
    if parts.scheme.lower() not in _PLAIN_HOSTS:
        pieces += [host, *host.split(":")]
    found = {url, user, parts.path.strip("/"), parts.query, *pieces}
    return {each for piece in found for each in (piece, unquote(piece)) if len(each) >= 4}


def _safe(words: str, url: str) -> str:
    """The words on one line, without what is secret in the address."""
    for secret in sorted(secret_parts(url), key=len, reverse=True):
        words = words.replace(secret, "…")
    return _NETWORK.sub(r"\1", " ".join(words.split()))[:LONGEST_WORDS]


class _Ear(logging.Handler):
    """Keeps what Apprise's log says of failures; of its details only the one that gives a failure's cause."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._heard: list[str] = []

    @property
    def words(self) -> str:
        """All of it."""
        return " ".join(self._heard)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record when it is about a failure."""
        message = record.getMessage()
        if record.levelno >= logging.WARNING or message.startswith("Socket Exception:"):
            self._heard.append(message)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen; nobody else does meanwhile, since details show addresses."""
        logger = logging.getLogger("apprise")
        level, handlers, propagate = logger.level, logger.handlers[:], logger.propagate
        logger.handlers, logger.propagate = [self], False
        logger.setLevel(logging.DEBUG)
        try:
            yield
        finally:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)


class _TooLong(BaseException):
    """Not an Exception: Apprise's channels catch those of the network, and go on waiting."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise _TooLong in the block when it takes longer. In a process's main thread only."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
