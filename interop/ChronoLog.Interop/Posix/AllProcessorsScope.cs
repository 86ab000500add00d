using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Posix;

/// <summary>
/// From creation to disposal the calling thread may run on every processor that the process's control group allows: and
/// so may a child that it starts meanwhile. A launcher binds a rank to one processor, which its servers would share with it.
/// Without an await inside.
/// </summary>
public sealed unsafe partial class AllProcessorsScope : IDisposable
{
    private const int MaskBytes = 1024; // 8192 processors

    private readonly byte[] former = new byte[MaskBytes];
    private readonly bool isChanged;

    public AllProcessorsScope()
    {
        var all = new byte[MaskBytes];
        all.AsSpan().Fill(0xff);
        fixed (byte* old = former, wanted = all)
        {
            isChanged = GetAffinity(0, MaskBytes, old) == 0 && SetAffinity(0, MaskBytes, wanted) == 0;
        }
    }

    public void Dispose()
    {
        if (isChanged)
        {
            fixed (byte* old = former)
            {
                _ = SetAffinity(0, MaskBytes, old);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nuint bytes, byte* mask);

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint bytes, byte* mask);
}
