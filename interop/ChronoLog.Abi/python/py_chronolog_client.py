"""The Python module of the C++ ChronoLog, with its names and return codes, over the package chronolog."""

from __future__ import annotations

import ctypes
import threading
from typing import Dict, List, Optional, Tuple

from chronolog._client import Client as _Client
from chronolog._errors import Error, Status
from chronolog._story import Story as _Story

__all__ = ["Client", "ClientPortalServiceConf", "ClientQueryServiceConf", "Event", "EventList", "StoryHandle"]


class _ServiceConf:
    def __init__(self, proto: str, ip: str, port: int, provider: int) -> None:
        self.proto, self.ip, self.port, self.provider = proto, ip, port, provider


class ClientPortalServiceConf(_ServiceConf):
    """Where the Visor's client portal is."""


class ClientQueryServiceConf(_ServiceConf):
    """Its presence makes a reader; Players are found through the portal."""


class Event:
    """A replayed event."""

    def __init__(self, time: int = 0, client_id: int = 0, index: int = 0, log_record: str = "") -> None:
        self._key = (time, client_id, index)
        self._record = log_record

    def time(self) -> int:
        return self._key[0]

    def client_id(self) -> int:
        return self._key[1]

    def index(self) -> int:
        return self._key[2]

    def log_record(self) -> str:
        return self._record

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Event) and self._key == other._key

    def __lt__(self, other: "Event") -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return "{{Event: {}:{}:{}:{}}}".format(*self._key, self._record)


class EventList(List[Event]):
    """What ReplayStory appends to."""


class StoryHandle:
    """An acquired story."""

    def __init__(self, story: _Story) -> None:
        self._story = story

    def log_event(self, record: str) -> int:
        """The event's tick; 0 on failure. What came from a replay goes back as the bytes that it was."""
        try:
            return self._story.log(record.encode("utf-8", "surrogateescape"))
        except (Error, UnicodeEncodeError):
            return 0


class Client:
    """Its methods return codes and never raise for what a deployment may say."""

    def __init__(self, portal: ClientPortalServiceConf, query: Optional[ClientQueryServiceConf] = None) -> None:
        self._endpoint = f"tcp://{portal.ip}:{portal.port}"
        self._reads = query is not None
        self._client: Optional[_Client] = None
        self._held: Dict[Tuple[str, str], StoryHandle] = {}
        self._lock = threading.RLock()

    def Connect(self) -> int:
        with self._lock:
            if self._client is not None:
                return 0
            try:
                self._client = _Client(self._endpoint)
                return 0
            except Error as error:
                return int(Status.NO_CONNECTION if error.status == Status.TIMED_OUT else error.status)

    def Disconnect(self) -> int:
        with self._lock:
            code = 0 if self._client is None else self._code(lambda client: client.disconnect())
            if code == 0:
                self._client = None
            return code

    def CreateChronicle(self, name: str, attrs: Dict[str, str], flags: int = 0) -> int:
        return self._named(lambda client: client.create(name, attrs), name)

    def DestroyChronicle(self, name: str) -> int:
        return self._named(lambda client: client.destroy(name), name)

    def AcquireStory(
        self, chronicle: str, story: str, attrs: Dict[str, str], flags: int = 0
    ) -> Tuple[int, Optional[StoryHandle]]:
        def acquire(client: _Client) -> None:
            acquired = client.acquire(chronicle, story, attributes=attrs)
            with self._lock:
                known = self._held.get((chronicle, story))
                if known is None or known._story._handle != acquired._handle:
                    self._held[chronicle, story] = StoryHandle(acquired)

        code = self._named(acquire, chronicle, story)
        if code == Status.NOT_SUPPORTED:
            code = int(Status.NO_KEEPERS)
        return code, self._held.get((chronicle, story)) if code == 0 else None

    def ReleaseStory(self, chronicle: str, story: str) -> int:
        with self._lock:
            handle = self._held.get((chronicle, story))
        if not chronicle or not story:
            return int(Status.INVALID_ARG)
        if handle is None:
            return int(Status.NOT_ACQUIRED)
        code = self._code(lambda client: handle._story.release())
        if code == 0:
            with self._lock:
                self._held.pop((chronicle, story), None)
        return code

    def DestroyStory(self, chronicle: str, story: str) -> int:
        return self._named(lambda client: client.destroy(chronicle, story), chronicle, story)

    def ReplayStory(self, chronicle: str, story: str, start: int, end: int, events: List[Event]) -> int:
        """Appends the events of [start, end). A negative number is an error; -14: some may be missing."""
        if self._client is None:
            return int(Status.NO_CONNECTION)
        if not self._reads:
            return int(Status.NOT_READER_MODE)
        code = 0

        def replay(client: _Client) -> None:
            nonlocal code
            if (chronicle, story) not in self._held:
                known = story in client.stories(chronicle)
                code = int(Status.NOT_ACQUIRED if known else Status.NOT_EXIST)
                return
            with client.replay(chronicle, story, start, end) as found:
                for event in found:
                    record = event.record.decode("utf-8", "surrogateescape")
                    events.append(Event(event.tick, event.client_id, event.index, record))
                code = 0 if found.complete else int(Status.PARTIAL)

        return self._named(replay, chronicle, story) or code

    def _named(self, action, *names: str) -> int:  # type: ignore[no-untyped-def]
        return int(Status.INVALID_ARG) if not all(names) else self._code(action)

    def _code(self, action) -> int:  # type: ignore[no-untyped-def]
        client = self._client
        if client is None:
            return int(Status.NO_CONNECTION)
        try:
            action(client)
            return 0
        except Error as error:
            return int(error.status)
        except (ValueError, ctypes.ArgumentError):
            return int(Status.INVALID_ARG)
