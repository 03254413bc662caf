"""Drawing side by side: in order, a few ahead, and honest about what goes wrong."""

import threading
from collections.abc import Iterator
from itertools import count, islice

import pytest

from jobs.engines.local import crew


def test_frames_come_in_order_however_long_each_takes() -> None:
    """The first painter waits until the second is done with the next frame."""
    second_is_done = threading.Event()

    def slow(number: int) -> int:
        assert second_is_done.wait(30)
        return 10 * number

    def quick(number: int) -> int:
        second_is_done.set()
        return 10 * number

    assert list(crew.in_order([slow, quick], range(7))) == [0, 10, 20, 30, 40, 50, 60]


def test_each_painter_has_its_own_thread_and_every_second_frame() -> None:
    threads: list[set[int]] = [set(), set()]
    drawn: list[list[int]] = [[], []]

    def painter(which: int, number: int) -> None:
        threads[which].add(threading.get_ident())
        drawn[which].append(number)

    list(crew.in_order([lambda n: painter(0, n), lambda n: painter(1, n)], range(6)))
    assert drawn == [[0, 2, 4], [1, 3, 5]]
    assert [len(one) for one in threads] == [1, 1]
    assert threads[0] != threads[1]


def test_few_frames_are_begun_before_they_are_asked_for() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in count():
            taken.append(number)
            yield number

    frames = crew.in_order([lambda number: number] * 2, items())
    assert list(islice(frames, 5)) == [0, 1, 2, 3, 4]
    assert len(taken) <= 5 + 2 * crew.AHEAD
    frames.close()  # type: ignore[attr-defined]


def test_what_goes_wrong_is_raised_where_its_frame_is_due() -> None:
    def paint(number: int) -> int:
        if number == 3:
            raise MemoryError
        return number

    frames = crew.in_order([paint, paint], range(100))
    assert list(islice(frames, 3)) == [0, 1, 2]
    with pytest.raises(MemoryError):
        next(frames)
