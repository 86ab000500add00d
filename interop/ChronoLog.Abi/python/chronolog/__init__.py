"""ChronoLog: record timestamped events into named stories, replay any time range in one total order.

    import chronolog

    with chronolog.connect() as client:                       # CHRONOLOG_ENDPOINT
        with client.acquire("simulation", "rank 0", create_chronicle=True) as story:
            tick = story.log("step 1 done")
            story.flush("journaled")
        for event in client.replay("simulation", "rank 0", start=tick):
            print(event.tick, event.record)

A thin layer over libchronolog by ctypes: no compiler is needed. Columns are numpy arrays where numpy is installed, and
memoryviews where it is not. Failures are chronolog.Error with the status of chronolog.h.
"""

from ._client import Client, connect
from ._errors import Error, PartialReplayWarning, Status
from ._handler import Handler
from ._replay import Batch, Columns, Event, Gap, Playback, Replay
from ._story import Story
from ._library import abi_version, version

__all__ = [
    "Batch", "Client", "Columns", "Error", "Event", "Gap", "Handler", "PartialReplayWarning", "Playback",
    "Replay", "Status", "Story",
    "abi_version", "connect", "version",
]
