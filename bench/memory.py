"""What tasks, workers and reservations take in memory, and how long the cyclic collector stops the server.

Resident bytes of a fresh process each, before and after.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from time import thread_time
from typing import Any, NamedTuple

from bench import crowd
from bench.engine import OWN, Busy
from bench.floor import Floor, Shape
from bench.process import Process
from bench.report import Figure

TEXT_OVERHEAD = 49
"""Bytes that a Python str of ASCII takes besides its characters."""


class Size(NamedTuple):
    tasks: int
    workers: int
    own_tasks: int
    collected: int


FULL = Size(tasks=100_000, workers=20_000, own_tasks=10_000, collected=500_000)
QUICK = Size(tasks=10_000, workers=2_000, own_tasks=1_000, collected=20_000)


def run(quick: bool) -> list[Figure]:
    size = QUICK if quick else FULL
    task = _apart(waiting_task, size.tasks)
    text = crowd.ATTRIBUTES_BYTES + TEXT_OVERHEAD
    return [
        Figure("waiting_task", task, "B", f"of {size.tasks}, with {crowd.ATTRIBUTES_BYTES} B of attributes"),
        Figure("waiting_task_without_text", task - text, "B", f"less {text} B for that text"),
        Figure("own_expression_task", _apart(own_expression_task, size.own_tasks), "B", "excludes workers of its own"),
        Figure("worker", _apart(worker, size.workers), "B", f"of {size.workers}, in some eight of 50 queues"),
        Figure("open_reservation", _apart(open_reservation, size.workers), "B", "with its accepted task"),
        *_pauses(size.collected),
    ]


def _apart(work: Callable[[int], Any], count: int) -> Any:
    """In a fresh process, so that nothing that was freed before hides what is taken."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, count).result()


def _resident() -> int:
    gc.collect()
    return Process(os.getpid()).resident_bytes()


def waiting_task(count: int) -> float:
    floor, task = crowd.model()
    before = _resident()
    crowd.fill(floor, task, count)
    return (_resident() - before) / count


def own_expression_task(count: int) -> float:
    busy = Busy(Shape(500, targets=(OWN,)), 1)
    before = _resident()
    for _ in range(count):
        busy.create()
    return (_resident() - before) / count


def worker(count: int) -> float:
    floor = Floor(Shape(10))
    before = _resident()
    for number in range(count):
        floor.worker(10 + number)
    return (_resident() - before) / count


def open_reservation(count: int) -> float:
    floor = Floor(Shape(count, targets=({},)))
    before = _resident()
    for _ in range(count):
        floor.accept(floor.create())
    return (_resident() - before) / count


def _pauses(count: int) -> list[Figure]:
    objects, full, young, frozen = _apart(collections, count)
    note = f"CPU of one, {count} tasks that wait"
    return [
        Figure("collector_objects", objects, "", "that the cyclic collector looks at, for each waiting task"),
        Figure("collector_full", full * 1000, "ms", f"{note}, nothing frozen"),
        Figure("collector_young", young * 1000, "ms", f"{note}: youngest generation"),
        Figure("collector_full_frozen", frozen * 1000, "ms", f"{note}, after gc.freeze() as the server does it"),
    ]


def collections(count: int) -> tuple[float, float, float, float]:
    floor, task = crowd.model()
    gc.collect()
    before = len(gc.get_objects())
    crowd.fill(floor, task, count)
    gc.collect()
    objects = (len(gc.get_objects()) - before) / count
    full = _pause(2)
    young = _pause(0)
    gc.freeze()
    return objects, full, young, _pause(2)


def _pause(generation: int) -> float:
    begun = thread_time()
    gc.collect(generation)
    return thread_time() - begun
