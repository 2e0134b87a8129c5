"""The child that sends, with a real SMTP server and real HTTP receivers: what arrives, and what is told when not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
from tests.equipment.monitoring import free_port, wait_until
from tests.equipment.receivers import Mailbox, Receiver

from sereno.outside.child import Answering
from sereno.respond.notices.messages import Message
from sereno.wiring.notices import written

pytestmark = pytest.mark.system
ROOT = Path(__file__).parents[2]
MESSAGE = Message("[critical] Opened: Nginx", "Nginx does not answer\n<b>7</b> & more", "**Nginx** does not answer")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    yield box
    box.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()


def sent(*urls: str, message: Message = MESSAGE) -> list[dict[str, Any]]:
    """What the child answers to one message for each of the addresses."""
    lines = "\n".join(written(number, url, message) for number, url in enumerate(urls))
    done = subprocess.run(
        [sys.executable, "-m", "sereno.worker.notifier"],
        input=lines,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "what Apprise's log says may hold secrets"
    return [json.loads(line) for line in done.stdout.splitlines()]


def mail(box: Mailbox, *, user: str = "") -> str:
    return f"mailto://{user}127.0.0.1:{box.port}/?from=desk@example.org&to=ana@example.org&mode=insecure"


def test_a_mail_arrives_with_its_subject_and_its_text(mailbox: Mailbox) -> None:
    assert sent(mail(mailbox)) == [{"id": 0, "good": True, "permanent": False, "words": ""}]
    (arrived,) = mailbox.mails
    assert str(make_header(decode_header(arrived["Subject"]))) == MESSAGE.title
    parts = {part.get_content_type(): part.get_payload(decode=True) for part in arrived.walk()}
    text = b"".join(each for each in parts.values() if isinstance(each, bytes)).decode()
    assert "Nginx does not answer" in text
    if "text/html" in parts:
        assert b"<b>7</b>" not in parts["text/html"], "a label is no HTML"  # type: ignore[operator]


def test_a_subject_can_hold_no_further_header(mailbox: Mailbox) -> None:
    hostile = Message("x\r\nBcc: everyone@example.org\r\nX-Evil: 1", "text", "text")
    sent(mail(mailbox), message=hostile)
    for arrived in mailbox.mails:
        assert arrived["Bcc"] is None and arrived["X-Evil"] is None
    assert all("everyone" not in recipient for recipient in mailbox.recipients)


def test_a_webhook_is_given_title_and_text(receiver: Receiver) -> None:
    assert sent(f"json://127.0.0.1:{receiver.port}/hook")[0]["good"]
    (call,) = receiver.calls
    assert (call.method, call.path) == ("POST", "/hook")
    assert call.json["title"] == MESSAGE.title and call.json["message"] == MESSAGE.text


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(500, False), (503, False), (429, False), (408, False), (400, True), (404, True), (410, True)],
)
def test_which_refusals_are_for_good(receiver: Receiver, status: int, permanent: bool) -> None:
    receiver.status = status
    (answer,) = sent(f"json://127.0.0.1:{receiver.port}/hook")
    assert (answer["good"], answer["permanent"]) == (False, permanent)
    assert f"error={status}" in answer["words"]


def test_nobody_there_may_pass(mailbox: Mailbox) -> None:
    closed = free_port()
    web, post = sent(
        f"json://127.0.0.1:{closed}/hook", f"mailto://127.0.0.1:{closed}/?from=a@b.org&to=c@d.org&mode=insecure"
    )
    assert not web["good"] and not web["permanent"] and "refused" in web["words"]
    assert not post["good"] and not post["permanent"]


def test_a_slow_receiver_is_not_waited_for(receiver: Receiver) -> None:
    receiver.delay_seconds = 30
    (answer,) = sent(f"json://127.0.0.1:{receiver.port}/hook")
    assert not answer["good"] and not answer["permanent"]


def test_a_recipient_who_is_refused_is_refused_for_good(mailbox: Mailbox) -> None:
    mailbox.refusal = "550 no such user"
    (answer,) = sent(mail(mailbox))
    assert not answer["good"] and answer["permanent"]


def test_an_address_that_apprise_does_not_know_is_told_without_its_secrets() -> None:
    (answer,) = sent("nosuchkind://s3cret-word@host/t0ken-word")
    assert answer["permanent"] and "does not know" in answer["words"]
    assert "s3cret" not in json.dumps(answer) and "t0ken" not in json.dumps(answer)


def test_no_secret_is_told_whatever_goes_wrong(receiver: Receiver) -> None:
    receiver.status = 500
    closed = free_port()
    answers = sent(
        f"json://ana:s3cret-word@127.0.0.1:{receiver.port}/t0ken-word?+X-Key=h3ader-word",
        f"json://ana:s3cret-word@127.0.0.1:{closed}/t0ken-word",
        f"mailto://ana:s3cret-word@127.0.0.1:{closed}/?from=a@b.org&to=c@d.org&mode=insecure",
    )
    assert not any(answer["good"] for answer in answers)
    for word in ("s3cret-word", "t0ken-word", "h3ader-word"):
        assert word not in json.dumps(answers)


def test_no_address_is_in_the_list_of_processes(receiver: Receiver) -> None:
    receiver.delay_seconds = 1
    child = Answering(
        "sereno.worker.notifier", [written(5, f"json://ana:s3cret-word@127.0.0.1:{receiver.port}/", MESSAGE)]
    )
    wait_until("it is being sent", lambda: bool(receiver.calls))
    for name in ("cmdline", "environ"):
        assert b"s3cret-word" not in Path(f"/proc/{child.pid}/{name}").read_bytes()
    wait_until("it has ended", lambda: not child.is_alive())
    assert child.ended_well()
    assert [json.loads(line)["id"] for line in child.lines()] == [5]
    assert child.lines() == []


def test_a_server_that_drips_does_not_hold_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    from sereno.outside import apprise_channels

    monkeypatch.setattr(apprise_channels, "SEND_SECONDS", 0.5)
    receiver = Receiver(delay_seconds=3)
    answer = apprise_channels.send(f"json://127.0.0.1:{receiver.port}/", title="a", text="b", markdown="c")
    receiver.close()
    assert not answer.good and "no answer within" in answer.words
