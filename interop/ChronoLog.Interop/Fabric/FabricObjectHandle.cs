using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Fabric;

/// <summary>
/// Any object of libfabric that fi_close closes. It keeps its parents open: libfabric refuses to close a domain that
/// has open endpoints, and a handle that is finalised in the wrong order would leak both.
/// </summary>
internal sealed class FabricObjectHandle : SafeHandle
{
    private readonly SafeHandle[] parents;

    internal FabricObjectHandle(nint fid, params SafeHandle[] parents)
        : base(0, ownsHandle: true)
    {
        foreach (SafeHandle parent in parents)
        {
            bool added = false;
            parent.DangerousAddRef(ref added);
        }

        this.parents = parents;
        SetHandle(fid);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>The raw object, for as long as the handle is open.</summary>
    internal nint Raw => handle;

    protected override bool ReleaseHandle()
    {
        int result = FabricNative.Close(handle);
        foreach (SafeHandle parent in parents)
        {
            parent.DangerousRelease();
        }

        return result == 0;
    }
}
