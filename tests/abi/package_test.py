"""The package chronolog against a deployment (CHRONOLOG_ENDPOINT): with numpy where it is installed, and without it."""

import array
import ctypes
import gc
import inspect
import io
import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
import typing
import unittest
from unittest import mock

if os.environ.get("WITHOUT_NUMPY"):
    sys.modules["numpy"] = None  # importing it fails now

import chronolog
import py_chronolog_client as compatible
from chronolog import _library, _replay

EVENTS = 100_000


def counted(call):
    """What the call returns, and how many instructions of Python it took, in whatever function."""
    steps = 0

    def trace(frame, event, _):
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return trace

    former = sys.gettrace()
    sys.settrace(trace)
    try:
        result = call()
    finally:
        sys.settrace(former)
    return result, steps


class Recording(unittest.TestCase):
    def setUp(self) -> None:
        self.client = chronolog.connect(program="package test", attributes={"rank": "0"})
        self.addCleanup(self.client.close)
        self.chronicle = f"python {'without' if _replay.numpy is None else 'with'} {self.id()}"

    def test_structs_are_those_of_c(self) -> None:
        self.assertEqual(1, chronolog.abi_version())
        self.assertRegex(chronolog.version(), r"^\d+\.\d+")
        sizes = [ctypes.sizeof(kind) for kind in (
            _library.Options, _library.Statistics, _library.Record, _library.RawEvent, _library.RawBatch, _library.RawGap)]
        self.assertEqual([104, 48, 16, 32, 56, 256], sizes)

    def test_what_is_public_has_hints_that_can_be_had_and_a_docstring(self) -> None:
        for name in chronolog.__all__:
            public = getattr(chronolog, name)
            members = [public] if not inspect.isclass(public) else [
                member for _, member in inspect.getmembers(public, inspect.isfunction) if member.__module__.startswith("chronolog")]
            for member in members:
                hints = typing.get_type_hints(member)
                self.assertIn("return", hints, member)
                self.assertLessEqual({*inspect.signature(member).parameters} - {"self"}, {*hints}, member)
                self.assertTrue(member.__doc__ or member.__name__.startswith("_"), member)

    def test_nobody_at_the_endpoint_is_known_at_once(self) -> None:
        with self.assertRaisesRegex(chronolog.Error, "nobody listens") as refused:  # a defect would wait for an hour
            chronolog.connect("tcp://127.0.0.1:1", call_timeout=3600, connect_patience=0.2)
        self.assertEqual(chronolog.Status.NO_CONNECTION, refused.exception.status)
        self.assertEqual(-8, compatible.Client(compatible.ClientPortalServiceConf("", "127.0.0.1", 1, 55)).Connect())

    def test_records_come_back(self) -> None:
        records = [b"alpha", b"", b"with\0zero", "grün".encode(), b"x" * 5000]
        with self.client.acquire(self.chronicle, "story", create_chronicle=True) as story:
            first = story.log(records[0])
            ticks = [first] + story.log_batch([*records[1:3], "grün", bytearray(records[4])])
            story.flush("journaled")
            with self.client.replay(self.chronicle, "story") as replay:
                events = list(replay)
                self.assertTrue(replay.complete)
                self.assertEqual([], replay.gaps)
                self.assertLessEqual(replay.watermark, self.client.now())
        self.assertEqual(records, [event.record for event in events])
        self.assertEqual(ticks, [event.tick for event in events])
        self.assertEqual({self.client.id}, {event.client_id for event in events})
        self.assertEqual(1, len(list(self.client.replay(self.chronicle, "story", first, first + 1))))
        self.assertEqual([], list(self.client.replay(self.chronicle, "story", first, first)))
        self.assertEqual(2, len(list(self.client.replay(self.chronicle, "story", event_limit=2))))
        with self.assertRaises(chronolog.Error) as refused:
            story.log("released")
        self.assertEqual(chronolog.Status.NOT_ACQUIRED, refused.exception.status)

    def test_own_times(self) -> None:
        with self.client.acquire(self.chronicle, "own times", create_chronicle=True) as story:
            now = story.log("now")
            hour_ago = now - 3600 * 10**9
            self.assertEqual(hour_ago, story.log("an hour ago", at=hour_ago))
            for tick in (0, 1, now + 3600 * 10**9, 2**63):
                with self.assertRaises(chronolog.Error) as refused:
                    story.log("x", at=tick)
                self.assertEqual(chronolog.Status.LIMIT_EXCEEDED, refused.exception.status)
            with self.assertRaises(ValueError):
                story.log("x", at=-1)
        events = [(event.tick, event.record) for event in self.client.replay(self.chronicle, "own times")]
        self.assertEqual([(hour_ago, b"an hour ago"), (now, b"now")], events)

    def test_columns(self) -> None:
        story = self.client.acquire(self.chronicle, "columns", create_chronicle=True)
        ticks = story.log_batch([b"%06d" % number * (1 + number % 3) for number in range(EVENTS)])
        columns = self.client.replay(self.chronicle, "columns").columns()
        self.assertEqual(ticks, list(columns.ticks))
        self.assertEqual(EVENTS + 1, len(columns.offsets))
        whole = bytes(columns.records)
        for number in (0, 1, 2, 77_777, EVENTS - 1):
            record = whole[int(columns.offsets[number]):int(columns.offsets[number + 1])]
            self.assertEqual(b"%06d" % number * (1 + number % 3), record)
        self.assertEqual(list(range(EVENTS)), [int(index) - int(columns.indexes[0]) for index in columns.indexes])
        self.assertEqual(EVENTS, self.client.statistics()["events_recorded"])
        story.release("accepted")

    def test_a_million_events_in_columns_take_no_loop(self) -> None:
        events, batch = 1_000_000, 100_000
        story = self.client.acquire(self.chronicle, "million", create_chronicle=True)
        for start in range(0, events, batch):
            story.log_batch([b"%064d" % number for number in range(start, start + batch)])
        columns, steps = counted(lambda: self.client.replay(self.chronicle, "million").columns())
        self.assertEqual((events, events + 1, 64 * events), (len(columns.ticks), len(columns.offsets), len(columns.records)))
        self.assertEqual(b"%064d%064d" % (events - 2, events - 1), bytes(columns.records[-128:]))
        self.assertLess(steps, events // 20, "steps of the interpreter")
        few, steps = counted(lambda: list(self.client.replay(self.chronicle, "million", event_limit=1000)))
        self.assertGreater(steps, len(few), "what goes through events one by one is counted")
        story.release("accepted")

    def test_batches_lie_in_place(self) -> None:
        story = self.client.acquire(self.chronicle, "batches", create_chronicle=True)
        story.log_batch([b"abc", b"defg"])
        batch = self.client.replay(self.chronicle, "batches").next_batch()
        self.assertEqual(2, len(batch))
        self.assertEqual(b"abcdefg", bytes(batch.records))
        self.assertEqual([0, 3, 7], list(batch.offsets))
        if _replay.numpy is not None:
            self.assertEqual(batch._raw.ticks, batch.ticks.ctypes.data)
            self.assertFalse(batch.ticks.flags.owndata or batch.ticks.flags.writeable)
        else:
            self.assertIsInstance(batch.ticks, memoryview)
            self.assertTrue(batch.ticks.readonly)

    def test_a_batch_ends_with_its_step(self) -> None:
        story = self.client.acquire(self.chronicle, "steps", create_chronicle=True)
        story.log_batch([b"a", b"b"])
        replay = self.client.replay(self.chronicle, "steps")
        batch = replay.next_batch()
        events = iter(batch)
        next(events)
        self.assertIsNone(replay.next_batch())
        self.assertRaises(ValueError, next, events)
        self.assertRaises(ValueError, lambda: batch.ticks)
        for end in (lambda: replay.close(), self.client.close):
            replay = self.client.replay(self.chronicle, "steps")
            batch, events = replay.next_batch(), iter(self.client.replay(self.chronicle, "steps"))
            self.assertEqual(b"a", next(events).record)
            end()
            self.assertRaises(ValueError, lambda: batch.records)
        self.assertRaises(ValueError, next, events)

    def test_arrays_outlive_what_they_came_from(self) -> None:
        tail = [b"%d" % number for number in range(1000)]
        client = chronolog.connect(program="arrays")
        story = client.acquire(self.chronicle, "kept", create_chronicle=True)
        expected = story.log_batch(tail)
        replay = client.replay(self.chronicle, "kept")
        batch = replay.next_batch()
        ticks, records = batch.ticks, batch.records
        replay.close()
        self.assertRaises(chronolog.Error, replay.next_batch)
        client.replay(self.chronicle, "kept").columns()  # whose memory another one may not be
        client.close()
        client.close()
        self.assertRaises(chronolog.Error, client.now)
        self.assertRaises(chronolog.Error, story.log, "x")
        self.assertEqual((expected, b"".join(tail)), (list(ticks), bytes(records)))
        self.client.destroy(self.chronicle, "kept")  # nobody holds it, though the arrays are there
        del ticks, records, batch, replay, story, client
        gc.collect()

        client = chronolog.connect(program="arrays")
        with client.acquire(self.chronicle, "kept") as story:
            expected = story.log_batch(tail)
        ticks = client.replay(self.chronicle, "kept").next_batch().ticks
        client.disconnect()
        self.assertEqual(expected, list(ticks))
        ticks = chronolog.connect().replay(self.chronicle, "kept").next_batch().ticks
        gc.collect()
        self.assertEqual(expected, list(ticks))

    def test_a_story_keeps_its_client(self) -> None:
        story = chronolog.connect().acquire(self.chronicle, "kept", create_chronicle=True)
        gc.collect()
        tick = story.log("x")
        self.assertEqual([tick], [event.tick for event in chronolog.connect().replay(self.chronicle, "kept")])
        story = None
        gc.collect()
        self.client.destroy(self.chronicle)  # nobody holds it any more

    def test_numbers_and_payloads(self) -> None:
        story = self.client.acquire(self.chronicle, "payloads", create_chronicle=True)
        tick = story.log(array.array("i", [1, 2]))
        for payload in (5, None, [1, 2], 1.5):
            self.assertRaises(TypeError, story.log, payload)
        with self.assertRaises(chronolog.Error) as refused:
            story.log_batch([b"x", bytes(2**24 + 1), b"y"])
        self.assertEqual((chronolog.Status.LIMIT_EXCEEDED, 1), (refused.exception.status, refused.exception.logged))
        for start in (-1, 2**64):
            self.assertRaises(ValueError, self.client.replay, self.chronicle, "payloads", start)
        self.assertRaises(TypeError, self.client.replay, self.chronicle, "payloads", 1.5)
        self.assertRaises(ValueError, chronolog.connect, placement="nowhere")
        if _replay.numpy is not None:
            story.log(_replay.numpy.arange(4, dtype="u2")[::2])  # not contiguous
            tick = _replay.numpy.uint64(tick)
        records = [event.record for event in self.client.replay(self.chronicle, "payloads", tick)]
        expected = [array.array("i", [1, 2]).tobytes(), b"x", b"\0\0\2\0"]
        self.assertEqual(expected[:2 if _replay.numpy is None else 3], records)

    def test_playback(self) -> None:
        story = self.client.acquire(self.chronicle, "followed", create_chronicle=True)
        story.log("history")
        playback = self.client.playback(self.chronicle, "followed")
        self.assertEqual([b"history"], [event.record for event in playback.next_batch()])
        self.assertFalse(playback.late)
        with self.assertRaises(chronolog.Error) as nothing:
            playback.next_batch(timeout=0.05)
        self.assertEqual(chronolog.Status.TIMED_OUT, nothing.exception.status)
        story.log("live")
        self.assertEqual([b"live"], [event.record for event in playback.next_batch(timeout=30)])
        waiting = threading.Thread(target=lambda: self.assertRaises(chronolog.Error, playback.next_batch))
        waiting.start()
        playback.cancel()
        waiting.join(30)
        self.assertFalse(waiting.is_alive())

    def test_directory(self) -> None:
        self.client.create(self.chronicle, {"durability": "journaled", "owner": "me"})
        self.client.set_attribute(self.chronicle, "owner", "you")
        self.assertIn(self.chronicle, self.client.chronicles())
        self.assertEqual("you", self.client.attributes(self.chronicle)["owner"])
        with self.client.acquire(self.chronicle, "s"):
            self.assertEqual(["s"], self.client.stories(self.chronicle))
            with self.assertRaisesRegex(chronolog.Error, "ACQUIRED"):
                self.client.disconnect()
        self.client.destroy(self.chronicle, "s")
        self.client.destroy(self.chronicle)
        self.assertRaises(ValueError, self.client.create, "a\0b")
        self.assertRaises(TypeError, chronolog.connect, nonsense=1)

    def test_the_log_is_a_story(self) -> None:
        handler = chronolog.Handler(self.chronicle, "log", client=self.client)
        log = logging.getLogger(self.chronicle)
        log.addHandler(handler)
        log.error("%d of %s", 1, "two")
        log.removeHandler(handler)
        handler.close()
        records = [event.record.decode() for event in self.client.replay(self.chronicle, "log")]
        self.assertEqual([f"ERROR {self.chronicle} 1 of two"], records)

    def test_a_log_that_cannot_be_flushed_ends_no_program(self) -> None:
        handler = chronolog.Handler(self.chronicle, "log", client=self.client)
        away = chronolog.Error(chronolog.Status.NO_KEEPERS, "nobody there")
        with mock.patch.object(chronolog.Story, "flush", side_effect=away), mock.patch("sys.stderr", io.StringIO()) as said:
            handler.flush()
        self.assertIn("nobody there", said.getvalue())
        handler.close()
        handler.close()
        handler.flush()

    def test_a_log_of_what_is_no_text_and_of_a_child(self) -> None:
        handler = chronolog.Handler(self.chronicle, "log", client=self.client)
        log = logging.getLogger(self.chronicle)
        log.addHandler(handler)
        self.addCleanup(log.removeHandler, handler)
        try:
            os.stat("no such file")
        except OSError:
            log.exception("name \udcff of a file")
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(write, 2)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            for number in range(3):
                log.error("in the child %d", number)
            handler.flush()
            handler.close()
            sys.stderr.flush()
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            said = pipe.read()
        self.assertEqual(0, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        self.assertEqual(1, said.count("\n"), said)  # once, however much is logged there
        self.assertIn("not written from this child process: FORKED", said)
        handler.close()
        (event,) = self.client.replay(self.chronicle, "log")
        text = event.record.decode()
        self.assertTrue(text.startswith(f"ERROR {self.chronicle} name \\udcff of a file\nTraceback"), text)
        self.assertIn("FileNotFoundError", text)

    def test_a_lost_part_is_a_warning(self) -> None:
        replay = chronolog.Replay(0)
        with mock.patch.object(_replay.lib, "replay_next", return_value=int(chronolog.Status.PARTIAL)):
            with self.assertWarns(chronolog.PartialReplayWarning):
                self.assertIsNone(replay.next_batch())
        self.assertFalse(replay.complete)

    def test_closed_and_forked(self) -> None:
        child = os.fork()
        if child == 0:
            try:
                self.client.now()
            except chronolog.Error as error:
                os._exit(0 if error.status == chronolog.Status.FORKED else 2)
            os._exit(1)
        self.assertEqual(0, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        self.client.close()
        self.client.close()
        self.assertRaises(chronolog.Error, self.client.now)

    def test_no_library_is_said_clearly(self) -> None:
        environment = dict(os.environ, CHRONOLOG_LIBRARY="/nowhere/libchronolog.so.1")
        run = subprocess.run([sys.executable, "-c", "import chronolog"], env=environment, capture_output=True, text=True)
        self.assertNotEqual(0, run.returncode)
        self.assertIn("CHRONOLOG_LIBRARY", run.stderr)

    def test_a_library_of_another_machine_is_said_clearly(self) -> None:
        with tempfile.NamedTemporaryFile(suffix=".so") as other, open(sys.executable, "rb") as this:
            image = bytearray(this.read(4096))
            image[18:20] = b"\x16\0"  # e_machine: an IBM Z
            other.write(image)
            other.flush()
            environment = dict(os.environ, CHRONOLOG_LIBRARY=other.name)
            run = subprocess.run([sys.executable, "-c", "import chronolog"], env=environment, capture_output=True, text=True)
        self.assertNotEqual(0, run.returncode)
        self.assertRegex(run.stderr, "ImportError: .*" + other.name + ".*for this machine")


class Compatible(unittest.TestCase):
    """py_chronolog_client: codes instead of exceptions."""

    def setUp(self) -> None:
        host, port = os.environ["CHRONOLOG_ENDPOINT"].removeprefix("tcp://").rsplit(":", 1)
        self.portal = compatible.ClientPortalServiceConf("ofi+sockets", host, int(port), 55)
        self.query = compatible.ClientQueryServiceConf("ofi+sockets", host, 5557, 57)
        self.chronicle = f"compatible {time.monotonic_ns()}"

    def test_before_connect(self) -> None:
        client = compatible.Client(self.portal, self.query)
        events = compatible.EventList()
        self.assertEqual(0, client.Disconnect())
        self.assertEqual(-8, client.CreateChronicle("c", {}, 0))
        self.assertEqual(-8, client.DestroyChronicle("c"))
        self.assertEqual((-8, None), client.AcquireStory("c", "s", {}, 0))
        self.assertEqual(-5, client.ReleaseStory("c", "s"))
        self.assertEqual(-8, client.DestroyStory("c", "s"))
        self.assertEqual(-8, client.ReplayStory("c", "s", 0, 1, events))

    def test_life_of_a_story(self) -> None:
        client = compatible.Client(self.portal, self.query)
        self.assertEqual([0, 0], [client.Connect(), client.Connect()])
        self.assertEqual(-2, client.CreateChronicle("", {}, 0))
        self.assertEqual(0, client.CreateChronicle(self.chronicle, {"note": "x"}, 0))
        self.assertEqual(-6, client.CreateChronicle(self.chronicle, {}, 0))
        self.assertEqual(-3, client.AcquireStory("nowhere", "s", {}, 0)[0])
        code, story = client.AcquireStory(self.chronicle, "s", {}, 0)
        self.assertEqual(0, code)
        self.assertIs(story, client.AcquireStory(self.chronicle, "s", {}, 0)[1])
        ticks = [story.log_event(f"event {number}") for number in range(10)]
        events = compatible.EventList()
        self.assertEqual(0, client.ReplayStory(self.chronicle, "s", ticks[0], ticks[9] + 1, events))
        self.assertEqual([f"event {number}" for number in range(10)], [event.log_record() for event in events])
        self.assertEqual(ticks, [event.time() for event in events])
        self.assertEqual(sorted(events), events)
        self.assertEqual(1, len({event.client_id() for event in events}))
        self.assertEqual(-3, client.ReplayStory(self.chronicle, "other", 0, 1, events))
        self.assertEqual(-11, self.writer().ReplayStory(self.chronicle, "s", 0, 1, events))
        self.assertEqual(-4, client.Disconnect())
        self.assertEqual(0, client.ReleaseStory(self.chronicle, "s"))
        self.assertEqual(0, story.log_event("released"))
        self.assertEqual(-5, client.ReplayStory(self.chronicle, "s", 0, 1, events))
        self.assertEqual(0, client.DestroyStory(self.chronicle, "s"))
        self.assertEqual(0, client.DestroyChronicle(self.chronicle))
        self.assertEqual(0, client.Disconnect())

    def writer(self) -> compatible.Client:
        writer = compatible.Client(self.portal)
        self.assertEqual(0, writer.Connect())
        self.addCleanup(writer.Disconnect)
        return writer


if __name__ == "__main__":
    unittest.main()
