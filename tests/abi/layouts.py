"""Prints the layout of every struct of the package, in the words of layouts.c."""
import ctypes

from chronolog import _library as library

for name, struct in {
    "attribute": library.Attribute, "options": library.Options, "statistics": library.Statistics, "record": library.Record,
    "event": library.RawEvent, "batch": library.RawBatch, "gap": library.RawGap,
}.items():
    print(name, "bytes", ctypes.sizeof(struct))
    for field, *_ in struct._fields_:
        print(name, field, getattr(struct, field).offset)
