"""consumer.py CHRONICLE numpy|plain: with numpy there or hidden."""
import sys

if sys.argv[2] == "plain":
    sys.modules["numpy"] = None  # an import of it fails

import chronolog

with chronolog.connect() as client:
    with client.acquire(sys.argv[1], "story", create_chronicle=True) as story:
        tick = story.log("hello")
    for event in client.replay(sys.argv[1], "story", tick):
        print(event.record.decode())
    columns = client.replay(sys.argv[1], "story", tick).columns()
    is_array = type(columns.ticks).__module__ == "numpy"
    assert list(columns.ticks) == [tick] and is_array == (sys.argv[2] == "numpy"), type(columns.ticks)
