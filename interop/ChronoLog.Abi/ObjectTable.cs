using System.Collections.Concurrent;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Abi;

/// <summary>What C names by number. Numbers are never used twice, so that a stale one finds nothing.</summary>
internal static class ObjectTable
{
    private static readonly ConcurrentDictionary<ulong, object> Objects = new();
    private static ulong last;

    public static ulong Add(object value)
    {
        ulong number = Interlocked.Increment(ref last);
        Objects[number] = value;
        return number;
    }

    public static T Get<T>(ulong number)
        where T : class =>
        Objects.GetValueOrDefault(number) as T
        ?? throw new ChronoLogException(Status.InvalidArgument, $"object {number} is no {typeof(T).Name}, or was closed");

    /// <returns>What the number named; null: nothing any more.</returns>
    public static object? Remove(ulong number) => Objects.TryRemove(number, out object? value) ? value : null;
}
