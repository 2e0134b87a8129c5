"""Keeping the certificate, with stand-ins for the folder, the authority and Nginx."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from sereno.core.errors import Conflict, SerenoError, Unavailable
from sereno.keep.certificates import record
from sereno.keep.certificates.model import Kind, Report
from sereno.keep.certificates.service import Certificates

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
REFUSAL = (
    "The Certificate Authority reported these problems:\n  Domain: a.test\n  Type:   dns\n  Detail: no such name\n"
)


@dataclass
class Paper:
    """A certificate; its fingerprint is its content."""

    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    fingerprint: str
    issuer: str = "the middle"
    serial: str = "1f"
    renewal_id: str = "id.1"


@dataclass
class Wish:
    start: datetime
    end: datetime
    explanation: str = ""
    retry_after_seconds: float | None = None


@dataclass
class Scene:
    """Folder, issuer, authority, Nginx and store at once."""

    now: datetime = START
    kind: Kind = "acme"
    names: tuple[str, ...] = ("a.test",)
    directory: str = "https://ca.test/directory"
    days: float = 90
    present: tuple[Kind, Paper] | None = None
    text: str = ""
    shown: str = ""
    reloads: int = 0
    issued: list[tuple[str, ...]] = field(default_factory=list)
    refuses: Callable[[], None] = lambda: None
    follows: bool = True
    wish: Wish | None = None
    silent: bool = False
    asked: int = 0
    full: bool = False

    # -- the folder ---------------------------------------------------------------------------------------------------
    def served(self) -> tuple[Kind, Paper] | None:
        return self.present

    def install(self, source: Kind, certificate: bytes, key: bytes) -> bool:
        if self.full:
            raise OSError("no space left on device")
        self.hold(source, certificate.decode())
        return True

    def hold(self, kind: Kind, fingerprint: str, names: tuple[str, ...] | None = None) -> None:
        ends = self.now + timedelta(days=self.days)
        self.present = (kind, Paper(names or self.names, self.now, ends, fingerprint))

    # -- the issuer ---------------------------------------------------------------------------------------------------
    def issue(self, names: Sequence[str]) -> tuple[bytes, bytes]:
        self.issued.append(tuple(names))
        self.refuses()
        return f"paper {len(self.issued)}".encode(), b"key"

    # -- the authority ------------------------------------------------------------------------------------------------
    def suggestion(self, renewal_id: str) -> Wish | None:
        self.asked += 1
        if self.silent:
            raise Unavailable("the authority does not answer")
        return self.wish

    # -- Nginx --------------------------------------------------------------------------------------------------------
    def reload(self) -> None:
        self.reloads += 1
        if self.follows and self.present is not None:
            self.shown = self.present[1].fingerprint

    def fingerprint(self) -> str | None:
        return self.shown or None

    # -- the store ----------------------------------------------------------------------------------------------------
    @contextmanager
    def alone(self) -> Iterator[None]:
        yield

    def read(self) -> str:
        return self.text

    def write(self, text: str) -> None:
        self.text = text

    def keeper(self) -> Certificates:
        return Certificates(
            kind=self.kind,
            names=self.names,
            directory=self.directory,
            folder=self,
            issuers={"acme": self, "self-signed": self},
            authority=self,
            server=self,
            store=self,
            clock=lambda: self.now,
            luck=lambda: 0.5,
            sleep=lambda seconds: None,
        )

    def look(self, *, by_hand: bool = False, later: timedelta = timedelta()) -> Report:
        self.now += later
        told = self.keeper().renew(by_hand=by_hand)
        assert record.read(self.text) == told
        return told


@pytest.fixture
def scene() -> Scene:
    scene = Scene()
    scene.hold("self-signed", "own paper")
    scene.shown = "own paper"
    return scene


def refuse() -> None:
    raise SerenoError("the authority gave no certificate", log_tail=REFUSAL)


def test_the_first_look_gets_a_certificate_and_sees_that_it_is_shown(scene: Scene) -> None:
    told = scene.look()
    assert scene.issued == [("a.test",)]
    assert (scene.shown, scene.reloads) == ("paper 1", 1)
    assert told.held is not None
    assert (told.held.kind, told.held.fingerprint, told.failures, told.why) == ("acme", "paper 1", 0, "lifetime")
    assert told.last_attempt is not None
    assert (told.last_attempt.succeeded, told.last_attempt.why) == (True, "first")
    assert told.directory == scene.directory


def test_after_that_it_waits_for_two_thirds_of_the_lifetime(scene: Scene) -> None:
    scene.look()
    scene.look(later=timedelta(days=58))
    assert len(scene.issued) == 1
    scene.look(later=timedelta(days=2))
    assert len(scene.issued) == 2
    assert scene.shown == "paper 2"


def test_a_refusal_leaves_what_is_served_and_says_why(scene: Scene) -> None:
    scene.refuses = refuse
    told = scene.look()
    assert (scene.shown, scene.reloads) == ("own paper", 0)
    assert told.last_attempt is not None
    assert (told.last_attempt.code, told.last_attempt.detail) == ("dns", "a.test: no such name")
    assert (told.failures, told.planned_at) == (1, START + timedelta(minutes=5))


def test_it_is_tried_again_when_its_time_has_come_and_not_before(scene: Scene) -> None:
    scene.refuses = refuse
    scene.look()
    scene.look(later=timedelta(minutes=4))
    assert len(scene.issued) == 1
    told = scene.look(later=timedelta(minutes=1))
    assert (len(scene.issued), told.failures, told.planned_at) == (2, 2, scene.now + timedelta(minutes=15))
    scene.refuses = lambda: None
    told = scene.look(later=timedelta(minutes=15))
    assert (told.failures, scene.shown) == (0, "paper 3")


def test_what_the_user_corrects_is_tried_at_once(scene: Scene) -> None:
    scene.refuses = refuse
    scene.look()
    scene.names = ("b.test",)
    scene.look()
    assert scene.issued == [("a.test",), ("b.test",)]
    scene.directory = "https://other.test/directory"
    scene.look()
    assert len(scene.issued) == 3


def test_by_hand_it_is_tried_at_once(scene: Scene) -> None:
    scene.look()
    told = scene.look(by_hand=True)
    assert len(scene.issued) == 2
    assert told.last_attempt is not None
    assert told.last_attempt.why == "by-hand"


def test_a_name_that_was_added_asks_for_a_new_one(scene: Scene) -> None:
    scene.look()
    scene.names = ("a.test", "b.test")
    told = scene.look()
    assert scene.issued[-1] == ("a.test", "b.test")
    assert told.last_attempt is not None
    assert told.last_attempt.why == "names"


def test_a_new_one_that_nginx_does_not_show_is_told_and_no_further_one_asked_for(scene: Scene) -> None:
    scene.follows = False
    told = scene.look()
    assert told.last_attempt is not None
    assert (told.last_attempt.succeeded, told.last_attempt.code) == (False, "not-served")
    scene.look(later=timedelta(hours=1))
    assert len(scene.issued) == 1


def test_a_full_disk_leaves_what_is_served(scene: Scene) -> None:
    scene.full = True
    told = scene.look()
    assert told.last_attempt is not None
    assert "no space left" in told.last_attempt.detail
    assert scene.shown == "own paper"


def test_the_authoritys_window_is_asked_for_and_followed(scene: Scene) -> None:
    scene.look()
    assert scene.asked == 1
    scene.wish = Wish(START + timedelta(days=3), START + timedelta(days=5), "https://ca.test/why", 7200)
    told = scene.look(later=timedelta(hours=1))
    assert (told.why, told.planned_at) == ("asked-by-authority", START + timedelta(days=4))
    assert told.window is not None
    assert told.window.explanation == "https://ca.test/why"
    scene.look(later=timedelta(hours=1))
    assert scene.asked == 2, "it said two hours"
    scene.look(later=timedelta(hours=1))
    assert scene.asked == 3
    scene.look(later=timedelta(days=4))
    assert len(scene.issued) == 2


def test_an_authority_that_does_not_answer_hinders_nothing(scene: Scene) -> None:
    scene.look()
    scene.silent = True
    assert scene.look(later=timedelta(hours=7)).why == "lifetime"
    scene.look(later=timedelta(days=60))
    assert len(scene.issued) == 2


def test_a_self_signed_one_is_made_anew_in_time(scene: Scene) -> None:
    scene.kind = "self-signed"
    scene.look()
    scene.look(later=timedelta(days=58))
    assert scene.issued == []
    scene.look(later=timedelta(days=2))
    assert scene.issued == [("a.test",)]
    assert scene.shown == "paper 1"
    assert scene.asked == 0


def test_ones_own_is_looked_at_and_left_alone(scene: Scene) -> None:
    scene.kind = "own"
    scene.hold("own", "own paper")
    assert scene.look(later=timedelta(days=200)).planned_at is None
    with pytest.raises(Conflict, match="your own") as refusal:
        scene.look(by_hand=True)
    assert "./sereno up" in refusal.value.next_step


def test_another_kind_begins_anew_and_remembers_what_was_tried(scene: Scene) -> None:
    scene.refuses = refuse
    scene.look()
    scene.kind = "self-signed"
    told = scene.look()
    assert (told.failures, len(told.attempts)) == (0, 1)


def test_a_report_that_cannot_be_read_is_written_anew(scene: Scene) -> None:
    scene.text = "nonsense"
    assert scene.look().held is not None


def test_looking_changes_nothing(scene: Scene) -> None:
    told = scene.keeper().report()
    assert (told.why, scene.issued, scene.text) == ("first", [], "")
