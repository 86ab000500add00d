"""Every function that chronolog.h declares, with everything that is no handle, no pointer, or out of range, in all combinations.

every_function.py HEADER LIBRARY, with CHRONOLOG_ENDPOINT. Signatures and the list of functions come from the header: a function
that is added to it is called here without a word. With TRACE=1 the last line before a crash says which call it was.
"""

import ctypes
import itertools
import os
import re
import sys

HEADER, LIBRARY = sys.argv[1:3]
HANDLES = ("client", "story", "replay", "playback", "list")
INVALID, NOT_ACQUIRED, NO_CONNECTION, TOO_LONG = -2, -5, -8, -15

lib = ctypes.CDLL(LIBRARY)


def without_comments():
    return re.sub(r"#define.*", "", re.sub(r"/\*.*?\*/", "", open(HEADER).read(), flags=re.S))


def prototypes():
    """(name, result, parameters as (type, stars, name)) of each function."""
    prototype = re.compile(r"^CHRONOLOG_API ([\w ]+?[ *]+)chronolog_(\w+)\((.*?)\);", re.S | re.M)
    for result, name, parameters in prototype.findall(without_comments()):
        pairs = [] if parameters == "void" else [each.strip() for each in parameters.split(",")]
        yield name, result.strip(), [re.match(r"(?:const )?(\w+) ?(\**)(\w+)$", pair).groups() for pair in pairs]


def function(name, result, parameters):
    made = lib["chronolog_" + name]
    made.restype = ctypes.c_char_p if "*" in result else ctypes.c_uint64 if result == "uint64_t" else ctypes.c_int32
    made.argtypes = [
        ctypes.c_void_p if is_address(kind, stars) else ctypes.c_uint64 if kind == "uint64_t" else ctypes.c_int32
        for kind, stars, _ in parameters]
    return made


def is_address(kind, stars):
    return stars != "" or kind == "chronolog_playback_callback" or is_handle(kind, stars)


def is_handle(kind, stars):
    return stars == "" and kind.removeprefix("chronolog_") in HANDLES


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p)
never = CALLBACK(lambda batch, late, user: 1)
functions = {name: (function(name, result, parameters), parameters) for name, result, parameters in prototypes()}
calls = 0


def last_error():
    return (functions["last_error"][0]() or b"").decode("utf-8", "replace")


def call(name, *arguments):
    return functions[name][0](*arguments)


def values(kind, stars, name, handles, valid):
    """What is tried for a parameter."""
    if is_handle(kind, stars):
        return handles if valid is None else [valid]
    if kind == "chronolog_playback_callback":
        return [None] if valid is not None else [None, ctypes.cast(never, ctypes.c_void_p).value]  # one would wait for events
    if stars != "":
        buffer = ctypes.create_string_buffer(b"\0" * 4096, 4096)
        if kind == "char":
            buffer.value = b"no such name"
        keep.append(buffer)
        return [None, ctypes.addressof(buffer)]
    if valid is not None:
        return [0]
    counts = name in ("count", "capacity")  # say how much of a buffer may be used
    return [0, 1, 2**31 - 1 if counts else 2**64 - 1] if kind.startswith("u") else [0, -1, -(2**31), 2**31 - 1]


keep = []  # buffers that calls may use


def every_call(name, handles, valid=None):
    """Calls it with all combinations; yields the result."""
    global calls
    made, parameters = functions[name]
    for arguments in itertools.product(*(values(kind, stars, word, handles, valid) for kind, stars, word in parameters)):
        if name == "connect" and arguments[0] is None and arguments[2] is not None:
            continue  # succeeds: it is done below
        if os.environ.get("TRACE"):  # a crash then says where it was
            print(name, *(f"{each:#x}" if each else each for each in arguments), file=sys.stderr)
        calls += 1
        yield made(*arguments)
    keep.clear()


def refuses(what, handles):
    """No function may take any of these for a handle."""
    for name, (_, parameters) in functions.items():
        if not any(is_handle(kind, stars) for kind, stars, _ in parameters):
            continue
        for result in every_call(name, handles):
            if name in ("list_count", "list_at"):
                assert result in (0, None), (what, name, result)
            else:
                assert result in (INVALID, NOT_ACQUIRED, NO_CONNECTION, TOO_LONG), (what, name, result, last_error())
                assert len(last_error()) > 10, (what, name)


def connected():
    client = ctypes.c_void_p()
    assert call("connect", None, None, ctypes.addressof(client)) == 0, last_error()
    return client.value


def opened(name, *arguments):
    handle = ctypes.c_void_p()
    assert call(name, *arguments, ctypes.addressof(handle)) == 0, (name, last_error())
    return handle.value


def text(value):
    buffer = ctypes.create_string_buffer(value)
    texts.append(buffer)
    return ctypes.addressof(buffer)


texts = []
garbage = [None, 1, 0xFFFFF, 0x100001, 0x200001, 0x300001, 0x400001, 0x500001, 0xDEADBEEF, 2**64 - 1]

declared = set(re.findall(r"\bchronolog_(\w+)\(", without_comments()))
assert declared == set(functions), declared ^ set(functions)
assert len(functions) >= 40

refuses("before connect", garbage)
for status in every_call("connect", []):
    assert status < 0, status
for name in ("abi_version", "version", "last_error", "status_name"):
    for result in every_call(name, []):
        assert result, name

client = connected()
story = opened("acquire", client, text(b"every function"), text(b"story"), None, 0, 1)
replay = opened("replay_open", client, text(b"every function"), text(b"story"), 0, 2**64 - 1, 0)
playback = opened("playback_open", client, text(b"every function"), text(b"story"), 0, 0)
names = opened("list_chronicles", client)
handles = {"client": client, "story": story, "replay": replay, "playback": playback, "list": names}

refuses("connected", garbage)

# A handle of another kind, wherever one is wanted. (Playbacks are replays.)
for wanted in HANDLES:
    wrong = [value for kind, value in handles.items() if kind != wanted and {kind, wanted} != {"replay", "playback"}]
    for name, (_, parameters) in functions.items():
        if parameters and is_handle(*parameters[0][:2]) and parameters[0][0] == "chronolog_" + wanted:
            for result in every_call(name, wrong):
                allowed = (0, None) if name in ("list_count", "list_at") else (INVALID, TOO_LONG)
                assert result in allowed, (name, result)

# The right handle, with nothing where a place for the result belongs, and nothing where a name does.
closing = ("disconnect", "abandon", "release", "replay_close", "playback_close", "list_free")
for name, (_, parameters) in functions.items():
    if not parameters or not is_handle(*parameters[0][:2]) or name in closing or name.endswith("_cancel"):
        continue
    for result in every_call(name, [], handles[parameters[0][0].removeprefix("chronolog_")]):
        assert result is None or isinstance(result, (int, bytes)), name

# Not UTF-8: two names must not become one.
for name in (b"\xff", b"\xfe", b"a\xc0\x80", b"\xed\xa0\x80"):
    assert call("create_chronicle", client, text(name), None, 0) == INVALID and "UTF-8" in last_error(), name
    assert call("set_attribute", client, text(b"every function"), text(b"key"), text(name)) == INVALID, name
    assert call("acquire", client, text(b"every function"), text(name), None, 0, 0, ctypes.addressof(ctypes.c_void_p())) == INVALID

assert call("list_free", names) == 0 and call("replay_close", replay) == 0 and call("playback_close", playback) == 0
assert call("release", story, 0) == 0 and call("disconnect", client) == 0, last_error()
refuses("closed", list(handles.values()))

# The same places again: what was closed must not name what is there now.
client = connected()
story = opened("acquire", client, text(b"every function"), text(b"story"), None, 0, 0)
refuses("closed, and their places taken", list(handles.values()))
assert call("abandon", client) == 0
refuses("abandoned", [client, story])
print(f"{calls} calls of {len(functions)} functions\nok")
