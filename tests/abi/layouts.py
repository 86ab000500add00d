"""Prints the layout of every struct of the package, in the words of layouts.c."""
import ctypes

from chronolog import _library as library

KINDS = {ctypes.c_uint64: "u", ctypes.c_uint32: "u", ctypes.c_int64: "i", ctypes.c_int32: "i", ctypes.c_char_p: "p", ctypes.c_void_p: "p"}


def kind(field):
    """As C has it: a pointer to something, characters, or a number."""
    return "p" if issubclass(field, ctypes._Pointer) else "c" if field._type_ is ctypes.c_char else KINDS[field]


for name, struct in {
    "attribute": library.Attribute, "options": library.Options, "statistics": library.Statistics, "record": library.Record,
    "event": library.RawEvent, "batch": library.RawBatch, "gap": library.RawGap,
}.items():
    print(name, "bytes", ctypes.sizeof(struct))
    for field, its_type in struct._fields_:
        print(name, field, getattr(struct, field).offset, f"{kind(its_type)}{ctypes.sizeof(its_type)}")
