using System.Collections.Concurrent;
using System.Text;
using ChronoLog.Core.Protocol;
using ChronoLog.Extensions.Logging;

namespace ChronoLog.Tests.Unit.Logging;

/// <summary>A story that keeps its records, or refuses them.</summary>
internal sealed class PlayedStory : ILogStory
{
    public ConcurrentQueue<string> Records { get; } = [];

    /// <summary>Null: records are taken.</summary>
    public Status? Refusal { get; set; }

    public bool IsReleased { get; private set; }

    public bool IsDisposed { get; private set; }

    public void Record(ReadOnlySpan<byte> record)
    {
        if (Refusal is { } why)
        {
            throw new ChronoLogException(why, "played");
        }

        Records.Enqueue(Encoding.UTF8.GetString(record));
    }

    public Task ReleaseAsync(CancellationToken cancellation)
    {
        IsReleased = true;
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
