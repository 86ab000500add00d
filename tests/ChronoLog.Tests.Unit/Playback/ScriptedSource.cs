using ChronoLog.Core.Chunk;
using ChronoLog.Core.Playback;
using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Playback;

/// <summary>A source that gives what the test says, and can be held back.</summary>
public sealed class ScriptedSource(IEnumerable<IReadOnlyList<TestEvent>> runs) : IReadSource
{
    private readonly IEnumerator<IReadOnlyList<TestEvent>> script = runs.GetEnumerator();

    public ScriptedSource(params IReadOnlyList<TestEvent>[] runs)
        : this((IEnumerable<IReadOnlyList<TestEvent>>)runs)
    {
    }

    public string Name => "script";

    public ulong EventEstimate { get; init; }

    public List<Gap> Gaps { get; } = [];

    IReadOnlyList<Gap> IReadSource.Gaps => Gaps;

    /// <summary>Awaited before each run.</summary>
    public Func<CancellationToken, ValueTask>? Before { get; init; }

    /// <summary>Runs given out, as weak proof of laziness.</summary>
    public int Given { get; private set; }

    public bool Disposed { get; private set; }

    public async ValueTask<EventRun?> NextAsync(CancellationToken cancellation)
    {
        Assert.That(Disposed, Is.False);
        await (Before?.Invoke(cancellation) ?? default);
        if (!script.MoveNext())
        {
            return null;
        }

        Given++;
        return TestEvent.ToRun(script.Current);
    }

    public ValueTask DisposeAsync()
    {
        Disposed = true;
        script.Dispose();
        return default;
    }
}
