"""Reading."""

from __future__ import annotations

import array
import ctypes
import warnings
import weakref
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Iterator, NamedTuple, Union

from . import _client  # for the annotations; it imports this module
from ._errors import PartialReplayWarning, Status
from ._library import RawBatch, RawEvent, RawGap, check, lib, milliseconds

try:
    import numpy
except ImportError:  # columns are memoryviews then
    numpy = None  # type: ignore[assignment]

if TYPE_CHECKING or numpy is not None:
    Column = Union["numpy.ndarray[Any, Any]", memoryview]
else:
    Column = memoryview


class Event(NamedTuple):
    """One event, with a copy of its record."""

    tick: int
    client_id: int
    index: int
    record: bytes


class Gap(NamedTuple):
    """A range of ticks [start, end) that may be missing, and why."""

    start: int
    end: int
    reason: str


class Columns(NamedTuple):
    """Events as columns of their own: record i is records[offsets[i]:offsets[i + 1]]."""

    ticks: Any
    client_ids: Any
    indexes: Any
    offsets: Any
    records: Any


def when_gone(memories: list[Any], action: Callable[[], Any]) -> None:
    """Does it as soon as nobody refers to any of them: at once, where there are none."""
    tokens = [None] * len(memories)

    def gone() -> None:
        tokens.pop()
        if not tokens:
            action()

    for memory in memories:
        weakref.finalize(memory, gone).atexit = False  # at the end of the process everything goes
    if not memories:
        action()


def _shifted(offsets: memoryview, by: int) -> bytes:
    """Each offset plus a number, at the speed of C: all of them are the lanes of one large integer, and none overflows."""
    lanes = int.from_bytes(abs(by).to_bytes(8, "little") * len(offsets), "little")
    whole = int.from_bytes(offsets.cast("B"), "little")
    return (whole + lanes if by >= 0 else whole - lanes).to_bytes(8 * len(offsets), "little")


class Batch:
    """Some events in order, in the memory that came from the deployment: nothing is copied.

    Valid until the replay goes on or ends: afterwards it raises ValueError. Arrays and views that were got from it and are
    kept while the replay goes on must be copied (``numpy.array(batch.ticks)``): they may show other events then. When replay and
    client are closed they stay as they are, and with them the memory, until nobody refers to them.
    """

    def __init__(self, raw: RawBatch, replay: Replay) -> None:
        self._memory: RawBatch | None = raw
        self._replay: Replay | None = replay  # whose end would take the memory away
        self.count = int(raw.count)

    @property
    def _raw(self) -> RawBatch:
        if self._memory is None:
            raise ValueError("the batch is not valid any more: its replay went on, or has ended")
        return self._memory

    def _forget(self) -> None:
        self._memory = self._replay = None

    def __len__(self) -> int:
        return self.count

    @property
    def ticks(self) -> Column:
        return self._column(self._raw.ticks, self.count, "Q")

    @property
    def client_ids(self) -> Column:
        return self._column(self._raw.client_ids, self.count, "Q")

    @property
    def indexes(self) -> Column:
        return self._column(self._raw.indexes, self.count, "I")

    @property
    def offsets(self) -> Column:
        """One more than events; into ``records``."""
        return self._column(self._raw.offsets, self.count + 1, "Q")

    @property
    def records(self) -> Column:
        """Bytes of all records; those of event i from offsets[i] to offsets[i + 1]."""
        end = ctypes.c_uint64.from_address(self._raw.offsets + 8 * self.count).value
        return self._column(self._raw.records, end, "B")

    def _column(self, address: int, count: int, code: str) -> Column:
        view = memoryview(b"").cast(code)
        if count != 0 and self._replay is not None:
            memory = (ctypes.c_char * (count * view.itemsize)).from_address(address)
            self._replay._lend(memory)
            view = memoryview(memory).cast("B").toreadonly().cast(code)
        return view if numpy is None else numpy.frombuffer(view, dtype={"Q": "u8", "I": "u4", "B": "u1"}[code])

    def __iter__(self) -> Iterator[Event]:
        events = (RawEvent * self.count).from_address(self._raw.events)
        for place in range(self.count):
            self._raw  # not valid any more? then it raises
            raw = events[place]
            record = ctypes.string_at(raw.record, raw.length) if raw.length else b""
            yield Event(raw.tick, raw.client_id, raw.index, record)


class Replay:
    """A replay, to be gone through once: by events (iterate it), by batches, or as columns at once."""

    def __init__(self, handle: int, client: _client.Client | None = None) -> None:
        self._handle: int | None = handle
        self._client = client  # lives as long as its replays
        self._batch: weakref.ref[Batch] | None = None  # the one that is valid
        self._lent: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()  # that arrays and views lie in, by id
        self.complete = True  # final at the end: False where some of the range may be missing
        if client is not None:
            client._opened(self)

    def next_batch(self, timeout: float | None = None) -> Batch | None:
        """The next batch; None at the end. Error with TIMED_OUT: nothing came within so many seconds."""
        raw = RawBatch()
        self._forget_batch()
        status = lib.replay_next(self._handle, milliseconds(timeout), raw)
        if status == Status.PARTIAL:
            if self.complete:
                self.complete = False
                warnings.warn(lib.last_error().decode("utf-8", "replace"), PartialReplayWarning, stacklevel=3)
            return None
        check(status)
        return self._keep(raw) if raw.count else None

    def batches(self) -> Iterator[Batch]:
        """Batch by batch, each valid until the next one."""
        while (batch := self.next_batch()) is not None:
            yield batch

    def __iter__(self) -> Iterator[Event]:
        for batch in self.batches():
            yield from batch

    def columns(self) -> Columns:
        """All that is left as columns with memory of their own: numpy arrays, or arrays of the standard library."""
        if numpy is not None:
            return self._numpy_columns()
        ticks, clients, indexes, ends, records = (
            array.array("Q"), array.array("Q"), array.array("I"), array.array("Q", [0]), bytearray())
        for batch in self.batches():
            base, start = ends[-1], batch.offsets[0]
            ticks.frombytes(batch.ticks.cast("B"))
            clients.frombytes(batch.client_ids.cast("B"))
            indexes.frombytes(batch.indexes.cast("B"))
            ends.frombytes(_shifted(batch.offsets[1:], base - start))
            records += batch.records[start:]
        return Columns(ticks, clients, indexes, ends, bytes(records))

    def _numpy_columns(self) -> Columns:
        kept: list[list[Any]] = [[], [], [], [numpy.zeros(1, "u8")], []]
        base = 0
        for batch in self.batches():
            offsets = batch.offsets
            start = int(offsets[0])
            kept[0].append(numpy.array(batch.ticks))
            kept[1].append(numpy.array(batch.client_ids))
            kept[2].append(numpy.array(batch.indexes))
            kept[3].append(offsets[1:] - numpy.uint64(start) + numpy.uint64(base))
            kept[4].append(numpy.array(batch.records[start:]))
            base += int(offsets[-1]) - start
        types = ("u8", "u8", "u4", "u8", "u1")
        return Columns(*[numpy.concatenate(part) if part else numpy.empty(0, kind) for part, kind in zip(kept, types)])

    def to_pandas(self) -> Any:
        """All that is left as a DataFrame with the columns tick, client_id, index, record."""
        import pandas

        columns = self.columns()
        whole, ends = bytes(columns.records), [int(end) for end in columns.offsets]
        records = [whole[start:end] for start, end in zip(ends, ends[1:])]
        return pandas.DataFrame(
            {"tick": columns.ticks, "client_id": columns.client_ids, "index": columns.indexes, "record": records})

    @property
    def gaps(self) -> list[Gap]:
        """Ranges that may be missing; final at the end."""
        count = ctypes.c_uint64()
        check(lib.replay_gap_count(self._handle, count))
        found = []
        for place in range(count.value):
            raw = RawGap()
            check(lib.replay_gap(self._handle, place, raw))
            found.append(Gap(raw.start, raw.end, raw.reason.decode("utf-8", "replace")))
        return found

    @property
    def watermark(self) -> int:
        """Tick below which the story was complete when that was last said; 0: unknown."""
        tick = ctypes.c_uint64()
        check(lib.replay_watermark(self._handle, tick))
        return tick.value

    def cancel(self) -> None:
        """Ends it, from any thread: whoever waits for a batch gets CANCELLED."""
        check(lib.replay_cancel(self._handle))

    def close(self) -> None:
        """May be called twice."""
        handle, self._handle = self._handle, None
        self._forget_batch()
        if handle is not None:
            lent = list(self._lent.values())
            if lent:
                lib.replay_cancel(handle)  # which leaves the memory as it is
            when_gone(lent, lambda: lib.replay_close(handle))

    def _lend(self, memory: Any) -> None:
        memory.replay = self  # and with it its client: whoever has the memory has them
        self._lent[id(memory)] = memory

    def _keep(self, raw: RawBatch) -> Batch:
        batch = Batch(raw, self)
        self._batch = weakref.ref(batch)
        return batch

    def _forget_batch(self) -> None:
        known, self._batch = self._batch, None
        batch = None if known is None else known()
        if batch is not None:
            batch._forget()

    def __enter__(self) -> Replay:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class Playback(Replay):
    """A story that is followed: iterate it, by events or by batches; it ends only when it is cancelled.

    Where something may be missing as of now, ``gaps`` says so, and ``complete`` is False from then on.
    """

    def __init__(self, handle: int, client: _client.Client | None = None) -> None:
        super().__init__(handle, client)
        self.late = False  # the batch given last belongs before some that were given already

    def next_batch(self, timeout: float | None = None) -> Batch | None:
        """The next batch. Error with TIMED_OUT: nothing came within so many seconds; CANCELLED; NOT_EXIST: destroyed."""
        raw, late = RawBatch(), ctypes.c_uint32()
        self._forget_batch()
        while (status := lib.playback_next(self._handle, milliseconds(timeout), raw, late)) == Status.PARTIAL:
            self.complete = False
        check(status)
        self.late = bool(late.value)
        return self._keep(raw)
