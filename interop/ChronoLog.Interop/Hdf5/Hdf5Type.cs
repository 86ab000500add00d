namespace ChronoLog.Interop.Hdf5;

/// <summary>Element types: unsigned, little-endian.</summary>
public enum Hdf5Type
{
    UInt8 = 1,
    UInt32 = 4,
    UInt64 = 8,
}
