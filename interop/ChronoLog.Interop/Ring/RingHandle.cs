using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Ring;

/// <summary>A mapped ring. The caller may use its memory as long as it holds the handle.</summary>
public sealed unsafe class RingHandle : SafeHandle
{
    private RingHandle(nint ring)
        : base(0, ownsHandle: true)
    {
        SetHandle(ring);
        Header = RingNative.Header(ring);
        Data = RingNative.Data(ring);
        Capacity = (long)RingNative.Capacity(ring);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>First byte of the header; its layout is <see cref="RingLayout"/>.</summary>
    public nint Header { get; }

    /// <summary>First byte of the data.</summary>
    public nint Data { get; }

    /// <summary>Bytes of data.</summary>
    public long Capacity { get; }

    /// <summary>Creates the file and maps it; null with the error filled when that fails.</summary>
    public static RingHandle? Create(string path, in RingIdentity identity, out NativeError error)
    {
        nint ring = 0;
        int status;
        fixed (NativeError* text = &error)
        fixed (RingIdentity* given = &identity)
        {
            *text = default;
            status = RingNative.Create(path, given, &ring, text);
        }

        return status == NativeStatus.Ok ? new RingHandle(ring) : null;
    }

    /// <summary>
    /// Maps a ring that another process created, with all checks of a client; null with the error filled.
    /// </summary>
    public static RingHandle? Attach(string path, ulong clientId, ulong ringId, uint trustedUid, out NativeError error)
    {
        nint ring = 0;
        int status;
        fixed (NativeError* text = &error)
        {
            *text = default;
            status = RingNative.Attach(path, clientId, ringId, trustedUid, &ring, text);
        }

        return status == NativeStatus.Ok ? new RingHandle(ring) : null;
    }

    /// <summary>
    /// Maps a ring that an earlier process of the same Keeper created, as its consumer; null with the error filled. The
    /// positions in its header have not been checked. A producer pid of -1: its process is gone.
    /// </summary>
    public static RingHandle? Reattach(string path, ulong ringId, out RingIdentity identity, out NativeError error)
    {
        nint ring = 0;
        int status;
        fixed (NativeError* text = &error)
        fixed (RingIdentity* found = &identity)
        {
            *text = default;
            *found = default;
            status = RingNative.Reattach(path, ringId, found, &ring, text);
        }

        return status == NativeStatus.Ok ? new RingHandle(ring) : null;
    }

    /// <summary>
    /// Appends an event with given tick and index; a status. For tools and tests: clients use a recorder.
    /// </summary>
    public int TryAppend(ulong storyId, ulong tick, uint index, ReadOnlySpan<byte> record)
    {
        fixed (byte* first = record)
        {
            int status = RingNative.TryAppend(handle, storyId, tick, index, first, (uint)record.Length);
            GC.KeepAlive(this);
            return status;
        }
    }

    /// <summary>Producer's side: no further reservation.</summary>
    public void CloseProducer()
    {
        RingNative.Close(handle);
        GC.KeepAlive(this);
    }

    /// <summary>Consumer's side: no further reservation, waiting producers fail. Returns the final tail.</summary>
    public long Fence()
    {
        ulong tail = RingNative.Fence(handle);
        GC.KeepAlive(this);
        return (long)tail;
    }

    /// <summary>Wakes the producers that wait.</summary>
    public void Wake()
    {
        RingNative.Wake(handle);
        GC.KeepAlive(this);
    }

    protected override bool ReleaseHandle()
    {
        RingNative.Detach(handle);
        return true;
    }
}
