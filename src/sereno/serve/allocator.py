"""How processes share out memory: the GNU C library's allocator, and Go's collector."""

from __future__ import annotations

ALLOCATOR = {
    # Two arenas instead of eight per core: each thread would keep one, as large as its hungriest moment.
    "MALLOC_ARENA_MAX": "2",
    # The C library's own starting value, held: left alone it rises with the first large block that is freed, and from
    # then on the arenas keep such blocks for good (the 19 MiB of each check of a password; MariaDB's sorts).
    "MALLOC_MMAP_THRESHOLD_": "131072",
    # Holding that holds this one too, at 128 KiB: giving back so little at a time costs the desk 5 % of its time.
    "MALLOC_TRIM_THRESHOLD_": "1048576",
}
"""Environment variables of the GNU C library; others ignore them."""


def go_runtime(soft_limit_mib: int, *, one_thread: bool = False) -> dict[str, str]:
    """Environment variables for a program in Go that should stay below `soft_limit_mib`.

    `one_thread` suits what answers a scrape now and then: one thread at a time runs its code.
    """
    # Collected when it has grown by half, not doubled: these programs idle, so processor time is what they have.
    runtime = {"GOMEMLIMIT": f"{soft_limit_mib}MiB", "GOGC": "50"}
    return runtime | {"GOMAXPROCS": "1"} if one_thread else runtime
