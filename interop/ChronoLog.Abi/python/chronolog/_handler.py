"""Python's own log as a story."""

from __future__ import annotations

import logging
import sys

from ._client import Client, connect
from ._errors import Error, Status
from ._story import Story


class Handler(logging.Handler):
    """Sends every line of the program's log to a story:

        logging.getLogger().addHandler(chronolog.Handler("my application", "rank 0"))
    """

    def __init__(
        self,
        chronicle: str,
        story: str,
        *,
        endpoint: str | None = None,
        client: Client | None = None,
        level: int = logging.NOTSET,
        flush_timeout: float = 5.0,
    ) -> None:
        """client: of the caller's, who also ends it; else the handler has one of its own.

        flush_timeout: seconds that flush() waits for the chronicle's level: so long may a Keeper that is away hold up the end
        of the program.
        """
        super().__init__(level)
        self._flush_timeout = flush_timeout
        self._is_forked = self._is_late = False
        self._own = None if client is not None else connect(endpoint, program="logging", release_timeout=flush_timeout)
        user = client if client is not None else self._own
        assert user is not None
        self._story: Story | None = user.acquire(chronicle, story, create_chronicle=True)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Records what the formatter makes of it."""
        try:
            if self._story is not None and not self._is_forked:
                self._story.log(self.format(record).encode("utf-8", "backslashreplace"))  # names of files may be no text
        except Error as error:
            if error.status == Status.FORKED:
                self._is_forked = True  # for good: said once, not with every record
                self._say(f"is not written from this child process: {error}")
            else:
                self.handleError(record)
        except Exception:  # a log that cannot be written must not end the program: the standard way of handlers
            self.handleError(record)

    def flush(self) -> None:
        """Waits for the chronicle's level. A failure is said on standard error: logging's own end of the program comes here."""
        story = self._story
        try:
            if story is not None and not self._is_forked:
                story.flush(timeout=self._flush_timeout)
                self._is_late = False
        except Error as error:
            self._is_late = True
            if error.status != Status.FORKED:  # a child that has logged nothing has nothing to flush
                self._say(f"is not flushed: {error}")

    def close(self) -> None:
        """Gives the story back. It waits for what flush() has not waited for already, in vain."""
        story, self._story = self._story, None
        try:
            if story is not None:
                story.release("accepted" if self._is_late else "chronicle")
        except Error:
            pass  # the deployment is away: what was recorded is in shared memory
        finally:
            if self._own is not None:
                self._own.close()
            super().close()

    def _say(self, what: str) -> None:
        if logging.raiseExceptions and sys.stderr:
            name = "" if self._story is None else f" '{self._story.chronicle}/{self._story.name}'"
            print(f"chronolog: the log{name} {what}", file=sys.stderr)
