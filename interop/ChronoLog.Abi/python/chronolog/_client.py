"""Connecting, chronicles, and the ways to stories."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from types import TracebackType
from typing import Any, Mapping

from ._library import Options, Statistics, check, lib, milliseconds, number, text
from ._library import attributes as _attributes
from ._replay import Playback, Replay, when_gone
from ._story import Story

_CREATE_CHRONICLE = 1
_PLACEMENTS = {"local-first": 0, "round-robin": 1}
_BYTES = ("ring_bytes", "page_bytes")
_TIMEOUTS = ("full_timeout", "failover_after", "call_timeout", "release_timeout", "replay_timeout", "connect_patience")


def _take_options(given: Mapping[str, Any]) -> Options:
    options = Options(struct_bytes=ctypes.sizeof(Options))
    for name, value in given.items():
        if name in _BYTES:
            setattr(options, name, number(value, "number of bytes"))
        elif name in _TIMEOUTS:
            setattr(options, name + "_ms", max(1, milliseconds(value)))  # 0 is C's word for the default
        else:
            raise TypeError(f"there is no option {name!r}: one of {', '.join(_BYTES + _TIMEOUTS)}")
    return options


def connect(
    endpoint: str | None = None,
    *,
    program: str | None = None,
    attributes: Mapping[str, str] | None = None,
    placement: str = "local-first",
    **options: Any,
) -> Client:
    """Connects to a deployment.

    endpoint: of the Visor's portal; None: the environment's CHRONOLOG_ENDPOINT, else tcp://127.0.0.1:5555.
    program, attributes: shown by ``chronolog status``.
    options: ring_bytes, page_bytes; full_timeout, failover_after, call_timeout, release_timeout, replay_timeout,
        connect_patience in seconds (what each is for: chronolog_options of chronolog.h).
    """
    return Client(endpoint, program=program, attributes=attributes, placement=placement, **options)


class Client:
    """A connection. Thread-safe.

    It ends, whatever is held, as a context manager, by close(), or when nothing refers to it or its stories and replays.
    """

    _handle: int | None = None

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        program: str | None = None,
        attributes: Mapping[str, str] | None = None,
        placement: str = "local-first",
        **options: Any,
    ) -> None:
        self._replays: weakref.WeakSet[Replay] = weakref.WeakSet()
        self._stories: weakref.WeakSet[Story] = weakref.WeakSet()
        self._lock = threading.Lock()
        raw = _take_options(options)
        if placement not in _PLACEMENTS:
            raise ValueError(f"there is no placement {placement!r}: one of {', '.join(_PLACEMENTS)}")
        raw.program = text(program if program is not None else f"python[{os.getpid()}]")
        raw.attributes, raw.attribute_count = _attributes(attributes)
        raw.placement = _PLACEMENTS[placement]
        handle = ctypes.c_void_p()
        check(lib.connect(None if endpoint is None else text(endpoint), raw, handle))
        self._handle = handle.value

    def create(self, chronicle: str, attributes: Mapping[str, str] | None = None) -> None:
        """CHRONICLE_EXISTS; INVALID_ARG for a known attribute with an unknown value."""
        array, count = _attributes(attributes)
        check(lib.create_chronicle(self._handle, text(chronicle), array, count))

    def destroy(self, chronicle: str, story: str | None = None) -> None:
        """A chronicle with all its stories, or one story. ACQUIRED while somebody holds it."""
        if story is None:
            check(lib.destroy_chronicle(self._handle, text(chronicle)))
        else:
            check(lib.destroy_story(self._handle, text(chronicle), text(story)))

    def chronicles(self) -> list[str]:
        """The names of all chronicles."""
        return self._names(lib.list_chronicles)

    def stories(self, chronicle: str) -> list[str]:
        """The names of a chronicle's stories. NOT_EXIST."""
        return self._names(lib.list_stories, text(chronicle))

    def attributes(self, chronicle: str) -> dict[str, str]:
        """All attributes of a chronicle. NOT_EXIST."""
        names = self._names(lib.list_attributes, text(chronicle))
        return dict(zip(names[::2], names[1::2]))

    def set_attribute(self, chronicle: str, key: str, value: str) -> None:
        """NOT_EXIST; INVALID_ARG for a known attribute with an unknown value."""
        check(lib.set_attribute(self._handle, text(chronicle), text(key), text(value)))

    def acquire(
        self,
        chronicle: str,
        story: str,
        *,
        create_chronicle: bool = False,
        attributes: Mapping[str, str] | None = None,
    ) -> Story:
        """Acquires a story for recording; it is created if missing, its chronicle only when told so."""
        array, count = _attributes(attributes)
        handle = ctypes.c_void_p()
        check(lib.acquire(
            self._handle, text(chronicle), text(story), array, count, _CREATE_CHRONICLE if create_chronicle else 0, handle))
        acquired = Story(handle.value or 0, chronicle, story, self)
        with self._lock:
            self._stories.add(acquired)
        return acquired

    def replay(
        self, chronicle: str, story: str, start: int = 0, end: int = 2**64 - 1, *, event_limit: int = 0
    ) -> Replay:
        """The events of [start, end): a snapshot with everything whose recording returned before this call."""
        handle = ctypes.c_void_p()
        check(lib.replay_open(
            self._handle, text(chronicle), text(story), number(start, "tick"), number(end, "tick"),
            number(event_limit, "number of events"), handle))
        return Replay(handle.value or 0, self)

    def playback(self, chronicle: str, story: str, start: int = 0, *, immediate: bool = False) -> Playback:
        """The events from a tick onward, and then what is recorded, each once, until closed or cancelled.

        In total order, some 40 ms behind; with ``immediate`` as they become visible, a millisecond after they were recorded.
        """
        handle = ctypes.c_void_p()
        check(lib.playback_open(self._handle, text(chronicle), text(story), number(start, "tick"), int(immediate), handle))
        return Playback(handle.value or 0, self)

    @property
    def id(self) -> int:
        """The client's number in every event's identity."""
        client_id = ctypes.c_uint64()
        check(lib.client_id(self._handle, client_id))
        return client_id.value

    def now(self) -> int:
        """The tick of this moment."""
        tick = ctypes.c_uint64()
        check(lib.now(self._handle, tick, None))
        return tick.value

    def statistics(self) -> dict[str, int]:
        """Counts since it connected, by the names of chronolog_statistics."""
        raw = Statistics(struct_bytes=ctypes.sizeof(Statistics))
        check(lib.client_statistics(self._handle, raw))
        return {name: getattr(raw, name) for name, _ in Statistics._fields_ if name != "struct_bytes"}

    def disconnect(self) -> None:
        """Leaves in order. ACQUIRED while stories are held: the client stays connected and usable."""
        if self._lent() and self.statistics()["stories_held"] == 0:
            self.close()  # arrays of its batches are in use
        else:
            check(lib.disconnect(self._handle))
            self._forget_batches()

    def close(self) -> None:
        """Ends it at once, whatever is held; may be called twice.

        While arrays of its batches are in use it stays connected, for their memory; but it cannot be used any more.
        """
        lent = self._lent()
        self._forget_batches()
        handle = self._handle
        if not lent:
            lib.abandon(handle)
            return
        with self._lock:
            stories, replays, self._handle = list(self._stories), list(self._replays), None
        for story in stories:
            lib.release(story._handle, 0)
        for replay in replays:
            replay.close()
        when_gone(lent, lambda: lib.abandon(handle))

    def _opened(self, replay: Replay) -> None:
        with self._lock:
            self._replays.add(replay)

    def _lent(self) -> list[Any]:
        with self._lock:
            opened = list(self._replays)
        return [memory for replay in opened for memory in list(replay._lent.values())]

    def _forget_batches(self) -> None:
        with self._lock:
            opened = list(self._replays)
        for replay in opened:
            replay._forget_batch()

    def _names(self, function: Any, *arguments: bytes) -> list[str]:
        handle = ctypes.c_void_p()
        check(function(self._handle, *arguments, handle))
        try:
            return [lib.list_at(handle, place).decode("utf-8") for place in range(lib.list_count(handle))]
        finally:
            lib.list_free(handle)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if self._handle is not None:
            lib.abandon(self._handle)
