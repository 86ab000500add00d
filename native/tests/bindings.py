"""bindings.py ROOT: what the other languages repeat of chronolog.h says the same: values of enumerators, and each function's
parameters. Layouts of structs are compared by running programs: ChronoLog.Tests.Cluster/Abi/StructLayoutTests."""

import ctypes
import os
import re
import sys

ROOT = sys.argv[1]
sys.path.insert(0, os.path.join(ROOT, "interop/ChronoLog.Abi/python"))
sys.dont_write_bytecode = True
wrong = []


def read(path):
    return open(os.path.join(ROOT, path), encoding="utf-8").read()


def check(condition, what):
    if not condition:
        wrong.append(what)


header = re.sub(r"/\*.*?\*/", "", read("interop/ChronoLog.Abi/include/chronolog.h"), flags=re.S)
enumerators = {name.lower(): int(value) for name, value in re.findall(r"\b(CHRONOLOG_\w+) = (-?\d+)", header)}
statuses = {name.removeprefix("chronolog_err_"): value for name, value in enumerators.items() if "_err_" in name}
statuses["ok"] = 0
functions = {
    name: [] if parameters == "void" else [each.strip() for each in parameters.split(",")]
    for name, parameters in re.findall(r"^CHRONOLOG_API [\w ]+?[ *]+(chronolog_\w+)\((.*?)\);", header, flags=re.S | re.M)}
check(len(functions) >= 40 and len(enumerators) >= 30 and len(statuses) == 24, "chronolog.h is not read as it was")


def bytes_of(parameter):
    """Width of a C parameter."""
    return 4 if re.match(r"u?int32_t \w+$", parameter) else 8


# C++: client_errcode.h has other names for two.
codes = {name.lower(): int(value) for name, value in re.findall(r"\bCL_(?:ERR_)?(\w+) = (-?\d+)", read(
    "interop/ChronoLog.Abi/include/client_errcode.h"))}
codes["ok"], codes["timed_out"] = codes.pop("success"), codes.pop("query_timed_out")
check(codes == statuses, f"client_errcode.h: {sorted(set(codes.items()) ^ set(statuses.items()))}")

# C#: the protocol's numbers are negated, and forked and no_library are C's own.
schema = re.search(r"enum Status \{(.*?)\}", read("managed/ChronoLog.Core/Protocol/Schema/common.proto"), flags=re.S).group(1)
protocol = {name.lower(): -int(value) for name, value in re.findall(r"(\w+) = (\d+);", schema)}
protocol["invalid_arg"] = protocol.pop("invalid_argument")
check(protocol.items() <= statuses.items(), f"common.proto: {sorted(protocol.items() - statuses.items())}")
operations = re.findall(r"\bABI_(\w+) = (\d+)", re.search(r"enum abi_operation \{(.*?)\};", read("native/abi/call.h"), flags=re.S).group(1))
managed = re.findall(r"^    (\w+) = (\d+),", read("interop/ChronoLog.Abi/AbiOperation.cs"), flags=re.M)
check([(name.replace("_", "").lower(), number) for name, number in operations]
      == [(name.lower(), number) for name, number in managed], "AbiOperation.cs and call.h")
version = re.search(r"ABI_CALL_VERSION (\d+)u", read("native/abi/call.h")).group(1)
check(f"Version = {version};" in read("interop/ChronoLog.Abi/AbiCall.cs"), "the version of a call in AbiCall.cs")

# Fortran: every constant, every function that it binds.
fortran = re.sub(r"&\s*\n\s*", "", read("interop/ChronoLog.Abi/fortran/chronolog_c.f90"))
constants = {name: int(value) for name, value in re.findall(
    r"parameter :: (chronolog_\w+) = (-?\d+)$", fortran, flags=re.M)}
for name, value in enumerators.items():
    check(constants.get(name) == value, f"chronolog_c.f90: {name} is {constants.get(name)}, not {value}")
exported = read("interop/ChronoLog.Abi/fortran/chronolog.f90")
for name in enumerators:
    check(re.search(rf"\b{name}\b", exported), f"chronolog.f90 does not hand out {name}")
bound = set()
interfaces = re.compile(r"^ *(.*? function c_\w+\(.*?\) bind\(C, name='chronolog_.*?'\))\n(.*?)end function", re.S | re.M)
for head, body in interfaces.findall(fortran):
    arguments, name = re.search(r"function c_\w+\((.*?)\) bind\(C, name='(\w+)'\)", head).groups()
    bound.add(name)
    dummies = [each.strip() for each in arguments.split(",") if each.strip()]
    parameters = functions.get(name, [])
    check(len(dummies) == len(parameters), f"chronolog_c.f90: {name} has {len(dummies)} arguments")
    for dummy, parameter in zip(dummies, parameters):
        kind = next((kind for kind, _, names in re.findall(r"^ *([\w()=]+)((?:, [\w()]+)*) :: (.*)$", body, flags=re.M)
                     if re.search(rf"\b{dummy}\b", names)), "")
        is_value = bool(re.search(rf"^ *{re.escape(kind)}, value :: .*\b{dummy}\b", body, flags=re.M))
        by_value = "*" not in parameter
        if by_value:
            width = {"integer(c_int32_t)": 4, "integer(c_int64_t)": 8, "type(c_ptr)": 8}.get(kind)
            check(is_value and width == bytes_of(parameter), f"chronolog_c.f90: {name}({dummy}) is {kind}, C's is {parameter}")
unbound = set(functions) - bound
check(unbound == {"chronolog_playback_run"}, f"chronolog_c.f90 does not bind {sorted(unbound)}")

# Python: statuses, levels, signatures. Its library is not needed for its table.
errors = {}
exec(read("interop/ChronoLog.Abi/python/chronolog/_errors.py"), errors)
check({each.name.lower(): int(each) for each in errors["Status"]} == statuses, "_errors.py")
source = read("interop/ChronoLog.Abi/python/chronolog/_library.py")
table = {"Error": errors["Error"]}
exec(re.sub(r"^from \._errors.*$", "", source[:source.index("class _Library")], flags=re.M), table)
for name, result, arguments in table["_FUNCTIONS"]:
    parameters = functions.get("chronolog_" + name, [])
    check([ctypes.sizeof(each) for each in arguments] == [bytes_of(each) for each in parameters], f"_library.py: {name}")
story = read("interop/ChronoLog.Abi/python/chronolog/_story.py")
levels = dict(re.findall(r'"(\w+)": (-?\d+)', re.search(r"LEVELS = \{(.*?)\}", story).group(1)))
levels["level_of_chronicle"] = levels.pop("chronicle")
for name, value in levels.items():
    check(enumerators.get("chronolog_" + name) == int(value), f"_story.py: level {name}")

print("\n".join(wrong) or f"{len(functions)} functions and {len(enumerators)} enumerators are alike")
sys.exit(bool(wrong))
