"""For Schemathesis (`SCHEMATHESIS_HOOKS`): queries that fit into an address.

Gunicorn, and Nginx before it, refuse a request line of more than 8 KB before anyone knows which operation it means.
"""

from __future__ import annotations

from urllib.parse import quote

import schemathesis

LONGEST = 3000


@schemathesis.hook
def filter_query(_context: object, query: object) -> bool:
    return len(quote(repr(query))) < LONGEST
