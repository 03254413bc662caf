"""Owns drawing side by side: frames are drawn on several threads and come out in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import cycle
from typing import TypeVar

PAINTERS = 2  # more would wait for one another: half of the drawing is Python's own, one thread at a time
AHEAD = 2  # frames for each painter that are begun before the first of them is taken

Item = TypeVar("Item")
Frame = TypeVar("Frame")


def in_order(painters: Sequence[Callable[[Item], Frame]], items: Iterable[Item]) -> Iterator[Frame]:
    """What the painters make of the items, in their order; each painter has a thread, and every so-manieth item.

    Few items are taken ahead of what is asked for. What goes wrong in a painter is raised where its frame is due.
    """
    threads = [ThreadPoolExecutor(1, "painter") for _ in painters]
    begun: deque[Future[Frame]] = deque()
    try:
        for thread, paint, item in zip(cycle(threads), cycle(painters), items, strict=False):
            begun.append(thread.submit(paint, item))
            if len(begun) >= AHEAD * len(painters):
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for thread in threads:
            thread.shutdown(cancel_futures=True)
