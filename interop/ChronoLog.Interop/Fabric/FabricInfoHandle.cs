using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Fabric;

/// <summary>A struct fi_info.</summary>
internal sealed class FabricInfoHandle : SafeHandle
{
    internal FabricInfoHandle(nint info)
        : base(0, ownsHandle: true) => SetHandle(info);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        FabricNative.FreeInfo(handle);
        return true;
    }
}
