"""Python's own log as a story."""

from __future__ import annotations

import logging
import sys

from ._client import Client, connect
from ._errors import Error
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
    ) -> None:
        """client: of the caller's, who also ends it; else the handler has one of its own."""
        super().__init__(level)
        self._own = None if client is not None else connect(endpoint, program="logging")
        user = client if client is not None else self._own
        assert user is not None
        self._story: Story | None = user.acquire(chronicle, story, create_chronicle=True)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._story is not None:
                self._story.log(self.format(record))
        except Exception:  # a log that cannot be written must not end the program: the standard way of handlers
            self.handleError(record)

    def flush(self) -> None:
        """Waits for the chronicle's level. A failure is said on standard error: logging's own end of the program comes here."""
        try:
            if self._story is not None:
                self._story.flush()
        except Error as error:
            if logging.raiseExceptions and sys.stderr:
                print(f"chronolog: the log '{self._story.chronicle}/{self._story.name}' is not flushed: {error}", file=sys.stderr)

    def close(self) -> None:
        story, self._story = self._story, None
        try:
            if story is not None:
                story.release()
        except Error:
            pass  # the deployment is away: what was recorded is in shared memory
        finally:
            if self._own is not None:
                self._own.close()
            super().close()
