import sys

import chronolog

with chronolog.connect() as client:
    with client.acquire(sys.argv[1], "story", create_chronicle=True) as story:
        tick = story.log("hello")
    for event in client.replay(sys.argv[1], "story", tick):
        print(event.record.decode())
