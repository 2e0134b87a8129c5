"""The desk killed (SIGKILL) at every step of a change: afterwards there is all of the change, or nothing of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import pytest
from tests.equipment import mariadb, monitoring
from tests.equipment.desk import add_cast
from tests.equipment.desk_server import ROOT, TOKEN, Answer, DeskServer, alert, payload, request
from tests.equipment.mariadb import MariaDb

from sereno.core.clock import utc_now
from sereno.database.session import Database, make_engine
from sereno.guard import tokens
from sereno.guard.model import Actor
from sereno.guard.scopes import Scope

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(mariadb.is_missing(), reason="this machine has no MariaDB server"),
]


def wait_until(what: str, condition: Callable[[], Any]) -> Any:
    """For a machine that has much else to do."""
    return monitoring.wait_until(what, condition, 150)


MOST_STEPS = 60
"""More than any request has: whoever gets here counts none."""


@dataclass
class Killable:
    """A desk with a trap in it, and a program that may do everything."""

    server: DeskServer
    database: MariaDb
    token: str

    def ask(self, path: str, body: object = None, **headers: str) -> Answer | None:
        """The answer to a POST; None when the desk died over it."""
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        sent |= {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"} | (
            {"Authorization": f"Bearer {TOKEN}"} if path == "/alertmanager" else {}
        )
        data = json.dumps(body or {}).encode()
        try:
            return request("POST", f"{self.server.url}/api/v1{path}", body=data, headers=sent, timeout=60)
        except (OSError, HTTPException):
            return None

    def die(self, path: str, body: object, step: int, *, who: str = "one", **headers: str) -> Answer | None:
        """Let the desk die at this step of the request and be served again; the answer when there is no such step."""
        answer = self.ask(path, body, X_Die_At=str(step), X_Die_Who=who, **headers)
        if answer is None and who == "all":
            self.server.processes.pop("webapp").wait(10)
            self.server.start()
        self.wait_for_rollback()
        return answer

    def wait_for_rollback(self) -> None:
        """The server notices only after a moment that whoever wrote is dead."""
        wait_until(
            "no transaction is open", lambda: not self.database.run("SELECT 1 FROM information_schema.innodb_trx")
        )
        wait_until("the desk answers", lambda: self.server.get("/healthz").status == 200)

    def incident(self, name: str) -> int:
        """The number of a new incident of the group `name`."""
        assert self.server.deliver(payload(alert(name), groupKey=name)).status == 200
        return number_of(self.database, name)


def number_of(database: MariaDb, group: str) -> int:
    ((number,),) = database.rows("SELECT id FROM sereno.incident WHERE group_key = %s", group)
    return int(number)


@pytest.fixture(scope="module")
def killable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killable]:
    database = MariaDb().create()
    server = DeskServer(
        tmp_path_factory.mktemp("killed") / "desk",
        database,
        extra={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        configuration="python:tests.equipment.trap",
    ).start()
    engine = make_engine(database.url)
    own = Database(engine)
    cast = add_cast(own)
    with own.unit_of_work() as session:
        maker = tokens.Maker(cast["alice"].role, cast["alice"].id)
        _, text = tokens.make(
            session,
            name="everything",
            scopes=list(Scope),
            days=1,
            maker=maker,
            actor=Actor("alice", "192.0.2.1"),
            now=utc_now(),
        )
    engine.dispose()
    # It is noted once a minute that a token is used: never while a request is made to die.
    database.run("UPDATE sereno.api_token SET last_used_at = '2037-01-01'")
    yield Killable(server, database, text)
    server.close()
    database.close()


Row = tuple[object, ...]


def state_of(database: MariaDb, id: int) -> Row:
    """What of an incident people change."""
    (row,) = database.rows(
        "SELECT state, acknowledged_by, acknowledged_at IS NULL, resolved_by, resolved_at IS NULL, owner, public "
        "FROM sereno.incident WHERE id = %s",
        id,
    )
    return row


def trail_of(database: MariaDb, id: int) -> tuple[Counter[Row], Counter[Row]]:
    """The entries of its timeline, each with whether people have to be told of it; those of the audit trail."""
    events = database.rows("SELECT kind, pending FROM sereno.incident_event WHERE incident_id = %s", id)
    audit = database.rows("SELECT action FROM sereno.audit_entry WHERE subject = %s", f"incident:{id}")
    return Counter(events), Counter(audit)


CHANGES: dict[str, tuple[dict[str, Any], Row, str]] = {
    "acknowledge": ({}, ("acknowledged", 1), "incident.acknowledge"),
    "resolve": ({"text": "It is **over**."}, ("resolved", 1), "incident.resolve"),
    "reopen": ({}, ("reopened", 1), "incident.reopen"),
    "assign": ({"owner": "bob"}, ("assigned", 0), "incident.assign"),
    "comment": ({"text": "I look."}, ("comment", 0), "incident.comment"),
    "publish": ({"text": "We look."}, ("published", 1), "incident.publish"),
}
"""Each change with what is sent, its entry in the timeline and in the audit trail."""


@pytest.mark.parametrize(("change", "who"), [("acknowledge", "all"), *((change, "one") for change in CHANGES)])
def test_a_change_is_whole_or_not_there_at_whichever_step_the_desk_dies(
    killable: Killable, change: str, who: str
) -> None:
    body, event, action = CHANGES[change]
    outcomes = []
    for step in range(1, MOST_STEPS):
        id = killable.incident(f"{change}-{who}-{step}")
        if change == "reopen":
            answer = killable.ask(f"/incidents/{id}/resolve")
            assert answer is not None and answer.status == 200
        state, (events, audit) = state_of(killable.database, id), trail_of(killable.database, id)
        answer = killable.die(f"/incidents/{id}/{change}", body, step, who=who)
        new_events, new_audit = (
            now - before for now, before in zip(trail_of(killable.database, id), (events, audit), strict=True)
        )
        changed = state_of(killable.database, id) != state
        if answer is not None:
            assert answer.status in (200, 201), answer.text
            assert (new_events, new_audit) == (Counter([event]), Counter([(action,)]))
            break
        if new_events:
            assert (new_events, new_audit) == (Counter([event]), Counter([(action,)])), f"half a change at step {step}"
            assert changed or change == "comment", f"half a change at step {step}"
            outcomes.append("whole")
        else:
            assert (changed, new_audit) == (False, Counter()), f"half a change at step {step}"
            outcomes.append("nothing")
            again = killable.ask(f"/incidents/{id}/{change}", body)
            assert again is not None and again.status in (200, 201), "it can be done afterwards"
    # Nothing until the commit, and all of it from then on.
    assert outcomes == sorted(outcomes)
    assert set(outcomes) == {"nothing", "whole"} and outcomes.count("nothing") > 4


def test_a_delivery_is_whole_or_not_there_and_told_again_it_is_there_once(killable: Killable) -> None:
    database = killable.database
    outcomes = []
    for step in range(1, MOST_STEPS):
        group = f"delivery {step}"
        told = payload(*(alert(f"{step}-{each}", severity="warning") for each in range(3)), groupKey=group)
        answer = killable.die("/alertmanager", told, step)

        def stored(group: str = group, fingerprints: str = f"{step}-%") -> list[int]:
            counted = [
                ("SELECT COUNT(*) FROM sereno.incident WHERE group_key = %s", group),
                ("SELECT COUNT(*) FROM sereno.alert WHERE fingerprint LIKE %s", fingerprints),
                ("SELECT COUNT(*) FROM sereno.alert_report WHERE fingerprint LIKE %s", fingerprints),
                (
                    "SELECT COUNT(*) FROM sereno.incident_event e JOIN sereno.incident i ON i.id = e.incident_id "
                    "WHERE i.group_key = %s",
                    group,
                ),
            ]
            return [int(database.rows(*each)[0][0]) for each in counted]

        outcomes.append(stored())
        assert outcomes[-1] in ([0, 0, 0, 0], [1, 3, 3, 4]), f"half a delivery at step {step}"
        if answer is not None:
            break
        again = killable.ask("/alertmanager", told)
        assert again is not None and again.status == 200
        assert stored() == [1, 3, 3, 4]
    assert outcomes[0] == [0, 0, 0, 0] and outcomes[-2] == [1, 3, 3, 4]


def test_an_incident_opened_with_a_key_is_there_once_at_whichever_step_the_desk_dies(killable: Killable) -> None:
    database = killable.database
    for step in range(1, MOST_STEPS):
        title, key = f"by hand {step}", f"key-{step}"
        body = {"title": title, "severity": "warning", "components": ["nginx"]}
        died = killable.die("/incidents", body, step, Idempotency_Key=key) is None

        def opened(title: str = title) -> tuple[Row, ...]:
            return tuple(database.rows("SELECT id FROM sereno.incident WHERE title = %s", title))

        found = opened()
        if not found:
            # The claim of the dead ends by itself after a minute; nobody waits for it here.
            database.run("UPDATE sereno.api_repeat SET begun_at = '2020-01-01' WHERE done_at IS NULL")
        again = killable.ask("/incidents", body, Idempotency_Key=key)
        # Carried out, but nobody heard the answer and it was not kept: refused with words, never done twice.
        assert again is not None and again.status in ((201, 409) if found else (201,)), again
        ((id,),) = opened()
        events, audit = trail_of(database, int(str(id)))
        assert (events, audit) == (Counter([("opened", 1)]), Counter([("incident.open",)]))
        if not died:
            break
    assert step > 8, "too few steps to be true"
