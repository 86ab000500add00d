"""libchronolog by ctypes: where it is found, its structs, and the signature of each function."""

from __future__ import annotations

import ctypes
import math
import operator
import os
import pathlib
from ctypes import POINTER, Structure, c_char, c_char_p, c_int32, c_uint32, c_uint64, c_void_p
from typing import Any, Iterator, Mapping

from ._errors import Error

SONAME = "libchronolog.so.1"
ABI_VERSION = 1
FOREVER = 2**64 - 1


class Attribute(Structure):
    _fields_ = [("key", c_char_p), ("value", c_char_p)]


class Options(Structure):
    _fields_ = [
        ("struct_bytes", c_uint64), ("program", c_char_p), ("attributes", POINTER(Attribute)),
        ("attribute_count", c_uint64), ("placement", c_uint64), ("ring_bytes", c_uint64), ("full_timeout_ms", c_uint64),
        ("failover_after_ms", c_uint64), ("call_timeout_ms", c_uint64), ("release_timeout_ms", c_uint64),
        ("page_bytes", c_uint64), ("replay_timeout_ms", c_uint64), ("connect_patience_ms", c_uint64),
    ]


class Statistics(Structure):
    _fields_ = [
        ("struct_bytes", c_uint64), ("events_recorded", c_uint64), ("last_tick", c_uint64), ("stories_held", c_uint64),
        ("replays_open", c_uint64), ("clock_uncertainty_ns", c_uint64),
    ]


class Record(Structure):
    _fields_ = [("bytes", c_char_p), ("length", c_uint64)]


class RawEvent(Structure):
    _fields_ = [
        ("tick", c_uint64), ("client_id", c_uint64), ("record", c_void_p), ("index", c_uint32), ("length", c_uint32),
    ]


class RawBatch(Structure):
    _fields_ = [
        ("count", c_uint64), ("ticks", c_void_p), ("client_ids", c_void_p), ("indexes", c_void_p), ("offsets", c_void_p),
        ("records", c_void_p), ("events", c_void_p),
    ]


class RawGap(Structure):
    _fields_ = [("start", c_uint64), ("end", c_uint64), ("reason", c_char * 240)]


_NUMBER = POINTER(c_uint64)
_HANDLE = POINTER(c_void_p)
_TEXT = c_char_p
_ATTRIBUTES = (POINTER(Attribute), c_uint64)

# Name, result, arguments: chronolog.h in its order. Handles are void pointers.
_FUNCTIONS: list[tuple[str, Any, tuple[Any, ...]]] = [
    ("abi_version", c_uint32, ()),
    ("version", _TEXT, ()),
    ("last_error", _TEXT, ()),
    ("status_name", _TEXT, (c_int32,)),
    ("connect", c_int32, (_TEXT, POINTER(Options), _HANDLE)),
    ("disconnect", c_int32, (c_void_p,)),
    ("abandon", c_int32, (c_void_p,)),
    ("client_id", c_int32, (c_void_p, _NUMBER)),
    ("now", c_int32, (c_void_p, _NUMBER, _NUMBER)),
    ("client_statistics", c_int32, (c_void_p, POINTER(Statistics))),
    ("create_chronicle", c_int32, (c_void_p, _TEXT, *_ATTRIBUTES)),
    ("destroy_chronicle", c_int32, (c_void_p, _TEXT)),
    ("destroy_story", c_int32, (c_void_p, _TEXT, _TEXT)),
    ("get_attribute", c_int32, (c_void_p, _TEXT, _TEXT, c_char_p, c_uint64, _NUMBER)),
    ("set_attribute", c_int32, (c_void_p, _TEXT, _TEXT, _TEXT)),
    ("list_attributes", c_int32, (c_void_p, _TEXT, _HANDLE)),
    ("list_chronicles", c_int32, (c_void_p, _HANDLE)),
    ("list_stories", c_int32, (c_void_p, _TEXT, _HANDLE)),
    ("list_count", c_uint64, (c_void_p,)),
    ("list_at", _TEXT, (c_void_p, c_uint64)),
    ("list_free", c_int32, (c_void_p,)),
    ("acquire", c_int32, (c_void_p, _TEXT, _TEXT, *_ATTRIBUTES, c_uint32, _HANDLE)),
    ("release", c_int32, (c_void_p, c_int32)),
    ("log", c_int32, (c_void_p, c_char_p, c_uint64, _NUMBER)),
    ("log_at", c_int32, (c_void_p, c_uint64, c_char_p, c_uint64)),
    ("log_batch", c_int32, (c_void_p, POINTER(Record), c_uint64, _NUMBER, _NUMBER)),
    ("flush", c_int32, (c_void_p, c_int32, c_uint64)),
    ("story_id", c_int32, (c_void_p, _NUMBER)),
    ("replay_open", c_int32, (c_void_p, _TEXT, _TEXT, c_uint64, c_uint64, c_uint64, _HANDLE)),
    ("replay_next", c_int32, (c_void_p, c_uint64, POINTER(RawBatch))),
    ("replay_cancel", c_int32, (c_void_p,)),
    ("replay_watermark", c_int32, (c_void_p, _NUMBER)),
    ("replay_gap_count", c_int32, (c_void_p, _NUMBER)),
    ("replay_gap", c_int32, (c_void_p, c_uint64, POINTER(RawGap))),
    ("replay_close", c_int32, (c_void_p,)),
    ("playback_open", c_int32, (c_void_p, _TEXT, _TEXT, c_uint64, c_int32, _HANDLE)),
    ("playback_next", c_int32, (c_void_p, c_uint64, POINTER(RawBatch), POINTER(c_uint32))),
]


class _Library:
    """The functions without their prefix: ``lib.log``."""

    def __init__(self) -> None:
        library = _load()
        for name, result, arguments in _FUNCTIONS:
            function = getattr(library, "chronolog_" + name, None)
            if function is None:
                raise ImportError(f"{library._name} has no chronolog_{name}: it is of another release than this package")
            function.restype = result
            function.argtypes = arguments
            setattr(self, name, function)
            if name == "abi_version" and function() != ABI_VERSION:
                raise ImportError(
                    f"{library._name} has ABI version {function()}, this package needs {ABI_VERSION}: install the same release")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def _candidates() -> Iterator[str]:
    """CHRONOLOG_LIBRARY; the installation or checkout that this file belongs to; the system's places."""
    given = os.environ.get("CHRONOLOG_LIBRARY")
    if given:
        yield given
        return
    for parent in pathlib.Path(__file__).resolve().parents:
        for directory in (parent, parent / "lib", parent / "lib64", parent / "artifacts" / "lib"):
            if (directory / SONAME).exists():
                yield str(directory / SONAME)
    yield SONAME


def _load() -> ctypes.CDLL:
    why: OSError | None = None
    for candidate in _candidates():
        try:
            return ctypes.CDLL(candidate)
        except OSError as error:
            why = why or error
    raise ImportError(
        f"{SONAME} cannot be loaded ({why}): install ChronoLog for this machine, or set CHRONOLOG_LIBRARY to the library's path")


lib: Any = _Library()


def check(status: int, logged: c_uint64 | None = None) -> None:
    """Raises Error for what is not OK."""
    if status != 0:
        raise Error(status, lib.last_error().decode("utf-8", "replace"), 0 if logged is None else logged.value)


def text(value: str) -> bytes:
    """A name for C, which would take a zero for its end."""
    encoded = value.encode("utf-8")
    if b"\0" in encoded:
        raise ValueError(f"{value!r} has a zero in it")
    return encoded


def attributes(values: Mapping[str, str] | None) -> tuple[Any, int]:
    """C's array of them, and its length."""
    items = list((values or {}).items())
    array = (Attribute * len(items))()
    for place, (key, value) in zip(array, items):
        place.key, place.value = text(str(key)), text(str(value))
    return array, len(items)


def milliseconds(seconds: float | None) -> int:
    """Rounded up; None is for ever, and so is what C's number cannot hold."""
    return FOREVER if seconds is None or seconds * 1000 >= FOREVER else max(0, math.ceil(seconds * 1000))


def number(value: Any, what: str) -> int:
    """An unsigned number of 64 bits, of any integer type: ctypes would cut off what is more, and refuse numpy's."""
    whole = operator.index(value)
    if not 0 <= whole < 2**64:
        raise ValueError(f"{whole} is no {what}")
    return whole


def abi_version() -> int:
    """The interface that the library has."""
    return int(lib.abi_version())


def version() -> str:
    """The library's version."""
    return lib.version().decode()
