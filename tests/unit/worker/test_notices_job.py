"""The worker's turn: hands messages to a child, hears its answers, and keeps what it could not note."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from sereno.core.errors import SettingsError, Unavailable
from sereno.respond.notices.messages import Message
from sereno.respond.notices.model import Outcome
from sereno.respond.notices.service import Order
from sereno.worker.notices import NoticesJob

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class Child:
    """A child that answers what a test puts into it."""

    given: list[str]
    answers: list[str] = field(default_factory=list)
    alive: bool = True
    well: bool = True

    def lines(self) -> list[str]:
        said, self.answers = self.answers, []
        return said

    def is_alive(self) -> bool:
        return self.alive

    def ended_well(self) -> bool:
        return not self.alive and self.well


@dataclass
class Outbox:
    """Hands out what is due and remembers what was noted; `away` stands for a database that does not answer."""

    due: list[Order]
    noted: list[Outcome] = field(default_factory=list)
    away: bool = False

    def take_news(self) -> int:
        return 0

    def claim(self) -> list[Order]:
        orders, self.due = self.due, []
        return orders

    def record(self, outcome: Outcome) -> None:
        if self.away:
            raise Unavailable("the database does not answer")
        self.noted.append(outcome)


class House:
    def __init__(self, *channels: str) -> None:
        message = Message("a", "b", "c")
        self.outbox = Outbox([Order(number, NOW, name, message) for number, name in enumerate(channels, 1)])
        self.children: list[Child] = []
        self.job = NoticesJob(self.outbox, start=self.start, address_of=self.address_of)  # type: ignore[arg-type]

    def start(self, module: str, lines: list[str]) -> Child:
        assert module == "sereno.worker.notifier"
        self.children.append(Child(lines))
        return self.children[-1]

    def address_of(self, name: str) -> str:
        if name == "lost":
            raise SettingsError("the secret notify-channel-lost cannot be read")
        return f"json://{name}.example"


def answer(id: int, *, good: bool = True, permanent: bool = False, words: str = "") -> str:
    return json.dumps({"id": id, "good": good, "permanent": permanent, "words": words})


def test_each_answer_is_noted_as_soon_as_it_is_there() -> None:
    house = House("mail", "chat")
    house.job.look()
    (child,) = house.children
    assert [json.loads(line)["url"] for line in child.given] == ["json://mail.example", "json://chat.example"]
    child.answers = [answer(1)]
    house.job.look()
    assert house.outbox.noted == [Outcome(1, NOW, good=True)]
    child.answers, child.alive = [answer(2, good=False, permanent=True, words="error=404")], False
    house.job.look()
    assert house.outbox.noted[1] == Outcome(2, NOW, good=False, permanent=True, words="error=404")


def test_while_a_child_sends_no_other_is_started() -> None:
    house = House("mail")
    house.job.look()
    house.outbox.due = [Order(9, NOW, "mail", Message("a", "b", "c"))]
    house.job.look()
    assert len(house.children) == 1
    house.children[0].alive = False
    house.job.look()
    assert len(house.children) == 2


@pytest.mark.parametrize(("well", "unbegun"), [(True, True), (False, False)])
def test_what_a_child_has_not_answered_is_due_again(well: bool, unbegun: bool) -> None:
    house = House("mail")
    house.job.look()
    house.children[0].alive, house.children[0].well = False, well
    house.job.look()
    (outcome,) = house.outbox.noted
    assert (outcome.good, outcome.permanent, outcome.unbegun) == (False, False, unbegun)


def test_what_cannot_be_noted_is_kept_and_noted_later_once() -> None:
    house = House("mail")
    house.job.look()
    house.children[0].answers, house.children[0].alive = [answer(1)], False
    house.outbox.away = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            house.job.look()
    house.outbox.away = False
    house.job.look()
    house.job.look()
    assert house.outbox.noted == [Outcome(1, NOW, good=True)]


def test_an_address_that_cannot_be_read_is_told_and_hinders_no_other() -> None:
    house = House("lost", "mail")
    house.job.look()
    assert len(house.children[0].given) == 1
    house.job.look()
    (outcome,) = house.outbox.noted
    assert (outcome.notice_id, outcome.good, outcome.permanent) == (1, False, False)
    assert "cannot be read" in outcome.words
