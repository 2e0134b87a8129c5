"""Sends messages by Apprise: `python -m sereno.worker.notifier`; it ends then.

Messages come on standard input, one JSON object a line (`id`, `url`, `title`, `text`, `markdown`), so that addresses
are in no list of processes. What came of each goes to standard output at once, a line each (`id`, `good`, `permanent`,
`words`): whoever reads can note it before the next one is sent. Apprise and what it needs take 40 MB, which the worker
need not carry; nothing else of Sereno's is loaded beside it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TextIO

from sereno.outside.apprise_channels import send

TURN_SECONDS = 60
"""After so long nothing further is begun: who has claimed a message is believed to be alive for twice as long."""


def main(orders: TextIO, answers: TextIO) -> int:
    """Send each order, answer each; the exit code."""
    began = time.monotonic()
    for line in orders.read().splitlines():
        if time.monotonic() - began > TURN_SECONDS:
            break
        order = json.loads(line)
        sent = send(order["url"], title=order["title"], text=order["text"], markdown=order["markdown"])
        answer = {"id": order["id"], "good": sent.good, "permanent": sent.permanent, "words": sent.words}
        print(json.dumps(answer), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    os.nice(5)
    sys.exit(main(sys.stdin, sys.stdout))
