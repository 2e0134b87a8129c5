"""How the C library shares out memory in those of our processes that have many threads."""

from __future__ import annotations

ALLOCATOR = {
    # Two arenas instead of eight per core: each thread would keep one, as large as its hungriest moment.
    "MALLOC_ARENA_MAX": "2",
    # The C library's own starting value, held: left alone it rises with the first large block that is freed, and from
    # then on the arenas keep such blocks for good (the 19 MiB of each check of a password; MariaDB's sorts).
    "MALLOC_MMAP_THRESHOLD_": "131072",
}
"""Environment variables of the GNU C library; others ignore them."""
