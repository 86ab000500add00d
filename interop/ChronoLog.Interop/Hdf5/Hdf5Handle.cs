using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Hdf5;

/// <summary>An HDF5 identifier that is closed with the function of its kind.</summary>
internal sealed class Hdf5Handle : SafeHandle
{
    private readonly Func<long, int> close;

    private Hdf5Handle(long id, Func<long, int> close) : base(-1, ownsHandle: true)
    {
        this.close = close;
        SetHandle((nint)id);
    }

    public override bool IsInvalid => handle < 0;

    internal long Id => IsClosed ? throw new ObjectDisposedException(nameof(Hdf5Handle)) : handle;

    /// <summary>Wraps the result of a call, or throws with HDF5's error stack.</summary>
    internal static Hdf5Handle Take(long id, Func<long, int> close, string what, string path) =>
        new(Hdf5Library.Check(id, what, path), close);

    /// <summary>Closes now and checks: a file's close writes.</summary>
    internal void CloseChecked(string what, string path)
    {
        long id = Id;
        SetHandleAsInvalid();
        SetHandle(-1);
        _ = Hdf5Library.Check(close(id), what, path);
    }

    protected override bool ReleaseHandle()
    {
        using Hdf5Library.Section section = Hdf5Library.Enter();
        return close(handle) >= 0;
    }
}
