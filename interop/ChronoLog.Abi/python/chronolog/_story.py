"""Recording."""

from __future__ import annotations

import ctypes
from types import TracebackType
from typing import Iterable, Union

from . import _client  # for the annotations; it imports this module
from ._library import Record, check, lib, milliseconds, number

Payload = Union[bytes, bytearray, memoryview, str]

LEVELS = {"chronicle": -1, "accepted": 0, "journaled": 1, "synced": 2, "replicated": 3, "archived": 4}


def _bytes(record: Payload) -> bytes:
    if isinstance(record, str):
        return record.encode("utf-8")
    return record if isinstance(record, bytes) else memoryview(record).tobytes()


def level_number(level: str) -> int:
    """The number of a durability level by its name."""
    try:
        return LEVELS[level]
    except KeyError:
        raise ValueError(f"there is no level {level!r}: one of {', '.join(LEVELS)}") from None


class Story:
    """An acquired story. Thread-safe. As a context manager it is released at the end."""

    def __init__(self, handle: int, chronicle: str, name: str, client: _client.Client | None = None) -> None:
        self._handle = handle
        self._client = client  # lives as long as its stories
        self.chronicle = chronicle
        self.name = name

    def log(self, record: Payload, at: int | None = None) -> int:
        """Records one event: text as UTF-8, or the bytes of whatever has some, such as an array. Returns its tick, which is
        `at` (nanoseconds since 1970) when that is given.

        How far `at` may lie back or ahead is for the keepers' settings late-bound and future-bound: beyond them
        Error LIMIT_EXCEEDED, and nothing is recorded.
        """
        data = _bytes(record)
        if at is not None:
            own = number(at, "tick")
            check(lib.log_at(self._handle, own, data, len(data)))
            return own
        tick = ctypes.c_uint64()
        check(lib.log(self._handle, data, len(data), tick))
        return tick.value

    def log_batch(self, records: Iterable[Payload]) -> list[int]:
        """Records many events in one call; returns their ticks. Where it fails ``Error.logged`` says how many were recorded."""
        all_bytes = [_bytes(record) for record in records]
        count = len(all_bytes)
        array = (Record * count)(*[(data, len(data)) for data in all_bytes])
        ticks = (ctypes.c_uint64 * count)()
        logged = ctypes.c_uint64()
        check(lib.log_batch(self._handle, array, count, ticks, logged), logged)
        return list(ticks)

    def flush(self, level: str = "chronicle", timeout: float | None = 30.0) -> None:
        """Returns when everything recorded so far has reached the level; timeout in seconds, None: for ever."""
        check(lib.flush(self._handle, level_number(level), milliseconds(timeout)))

    def release(self, level: str = "chronicle") -> None:
        """Waits for the level and gives the story back; where it is not reached the story is still held."""
        check(lib.release(self._handle, level_number(level)))

    @property
    def id(self) -> int:
        story_id = ctypes.c_uint64()
        check(lib.story_id(self._handle, story_id))
        return story_id.value

    def __enter__(self) -> Story:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release("chronicle" if kind is None else "accepted")
