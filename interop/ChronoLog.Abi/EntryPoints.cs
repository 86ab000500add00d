using System.Runtime.InteropServices;

namespace ChronoLog.Abi;

/// <summary>What native/abi/managed.c finds: two functions. No exception leaves them.</summary>
internal static unsafe class EntryPoints
{
    /// <summary>Checks that both sides mean the same by a call.</summary>
    /// <returns>0; 1: they do not.</returns>
    [UnmanagedCallersOnly(EntryPoint = "chronolog_managed_start")]
    public static int Start(uint version, ulong callBytes, delegate* unmanaged<AbiCall*, void> complete)
    {
        if (version != AbiCall.Version || callBytes != (ulong)sizeof(AbiCall))
        {
            return 1;
        }

        CallPointer.SetCompletion(complete);
        return 0;
    }

    /// <summary>Begins a call, and returns at once.</summary>
    [UnmanagedCallersOnly(EntryPoint = "chronolog_managed_submit")]
    public static void Submit(AbiCall* call) =>
        ThreadPool.UnsafeQueueUserWorkItem(
            static pointer => _ = Dispatcher.RunAsync(pointer), new CallPointer((nint)call), preferLocal: false);
}
