namespace ChronoLog.Interop.Hdf5;

/// <summary>libhdf5 failed. The message holds what was attempted, the file, and HDF5's error stack.</summary>
public sealed class Hdf5Exception(string message) : IOException(message);
