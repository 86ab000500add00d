using ChronoLog.Core.Model;
using ChronoLog.Interop.Posix;

namespace ChronoLog.Store.Archive;

/// <summary>A mapped StoryFile: unmapped when the last run that points into it is released.</summary>
internal sealed class MappedFileBlock(PosixMapping mapping) : PayloadBlock
{
    public override nint Address => mapping.Address;

    public override long Length => mapping.Length;

    /// <summary>A part of it. The caller holds a reference.</summary>
    public unsafe ReadOnlySpan<T> Values<T>(ColumnExtent extent, long first, int count) where T : unmanaged =>
        new((void*)(mapping.Address + (nint)(extent.Offset + first * sizeof(T))), count);

    public void Advise(PosixAdvice advice) => mapping.Advise(0, mapping.Length, advice);

    protected override void Free() => mapping.Dispose();
}
