"""Statuses of chronolog.h as exceptions."""

from __future__ import annotations

import enum


class Status(enum.IntEnum):
    """The values of chronolog_status."""

    OK = 0
    UNKNOWN = -1
    INVALID_ARG = -2
    NOT_EXIST = -3
    ACQUIRED = -4
    NOT_ACQUIRED = -5
    CHRONICLE_EXISTS = -6
    NO_KEEPERS = -7
    NO_CONNECTION = -8
    NOT_AUTHORIZED = -9
    NO_PLAYERS = -10
    NOT_READER_MODE = -11
    TIMED_OUT = -12
    PROTOCOL_VERSION_MISMATCH = -13
    PARTIAL = -14
    LIMIT_EXCEEDED = -15
    NO_SPACE = -16
    CORRUPT = -17
    CANCELLED = -18
    INTERNAL = -19
    FENCED = -20
    NOT_SUPPORTED = -21
    FORKED = -22
    NO_LIBRARY = -23


class Error(RuntimeError):
    """A call that failed; ``status`` says how, the text why and what to do.

    logged: of a batch, how many of its records were recorded all the same, from the first one on.
    """

    def __init__(self, status: int, message: str, logged: int = 0) -> None:
        self.logged = logged
        try:
            self.status: Status | int = Status(status)
        except ValueError:
            self.status = status
        super().__init__(f"{getattr(self.status, 'name', status)}: {message}")


class PartialReplayWarning(UserWarning):
    """A replay came to its end and some of its range may be missing; ``Replay.gaps`` says where."""
