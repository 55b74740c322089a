"""Where events with given values stand, newest first: looked up run by run, in the file or in the chronicle."""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterator, Sequence
from functools import partial

import apsw

from pointsman.history import file_statements as statements
from pointsman.history.chronicle import BLOCK, RUN
from pointsman.history.history import Followed, History

RUNS_AT_ONCE = 256
SEQS_AT_ONCE = 192


async def places(
    history: History, followed: Followed, keys: Sequence[str], oldest: int, top: int
) -> AsyncIterator[list[int]]:
    """The seqs from `top` (outside) down to `oldest` in whose blocks all the keys occur, in slices."""
    gathered: list[int] = []
    runs = range((top - 1) // RUN, oldest // RUN - 1, -1)
    for first in range(0, len(runs), RUNS_AT_ONCE):
        for run, blocks in await _blocks(history, followed, keys, runs[first : first + RUNS_AT_ONCE]):
            for block in sorted(blocks, reverse=True):
                start = run * RUN + block * BLOCK
                gathered += range(min(start + BLOCK, top) - 1, max(start, oldest) - 1, -1)
                if len(gathered) >= SEQS_AT_ONCE:
                    yield gathered
                    gathered = []
    if gathered:
        yield gathered


async def _blocks(
    history: History, followed: Followed, keys: Sequence[str], runs: Sequence[int]
) -> list[tuple[int, set[int]]]:
    """(run, blocks in which all keys occur), in the order of the runs; those without any are left out."""
    async with followed.lock:
        present = followed.chronicle.run
        stored = [run for run in runs if run < present]
        fresh = {key: followed.chronicle.blocks(key) for key in keys}
        work = partial(_look_up, stream=followed.number, runs=stored, keys=keys)
        found = await history.file.read(work) if stored else {}
    if present in runs:
        found[present] = set.intersection(*(set(blocks) for blocks in fresh.values()))
    return [(run, found[run]) for run in runs if found.get(run)]


def _look_up(db: apsw.Connection, stream: int, runs: Sequence[int], keys: Sequence[str]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for place, key in enumerate(keys):
        of_key = statements.postings(db, stream, runs if place == 0 else list(found), key)
        sets = {run: set(array("H", blocks)) for run, blocks in of_key.items()}
        found = sets if place == 0 else {run: found[run] & blocks for run, blocks in sets.items() if run in found}
    return found
