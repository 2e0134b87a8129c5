"""What the process that sends notices takes: memory, and time until a mail has arrived. `python -m bench.notifier`."""

from __future__ import annotations

import contextlib
import time

import psutil
from tests.equipment.receivers import Mailbox, Receiver

from sereno.outside.child import Answering
from sereno.respond.notices.messages import Message
from sereno.wiring.notices import NOTIFIER, written


def main() -> None:
    """Send one mail and one webhook, whose slow answer leaves time to look; print what it took."""
    receiver, mailbox = Receiver(delay_seconds=2), Mailbox()
    message = Message("[critical] Opened: Nginx does not answer", "x" * 500, "x" * 500)
    mail = f"mailto://127.0.0.1:{mailbox.port}/?from=desk@example.org&to=ana@example.org&mode=insecure"
    began = time.monotonic()
    child = Answering(NOTIFIER, [written(0, mail, message), written(1, f"json://127.0.0.1:{receiver.port}/", message)])
    most, arrived = 0, 0.0
    while child.is_alive():
        with contextlib.suppress(psutil.Error):
            most = max(most, psutil.Process(child.pid).memory_full_info().pss)
        if mailbox.mails and not arrived:
            arrived = time.monotonic() - began
        time.sleep(0.01)
    print(f"memory at most (PSS): {most / 1e6:.0f} MB; mail arrived after {arrived:.1f} s")


if __name__ == "__main__":
    main()
