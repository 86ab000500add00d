using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>What a read will merge. Whoever receives a plan disposes its sources.</summary>
/// <param name="Sources">In the order hot, warm, cold; of equal EventSequences the first source's is kept.</param>
/// <param name="Watermark">ChronoTick below which the set of events is complete; 0 = unknown.</param>
/// <param name="Gaps">Ranges known to be missing before the read begins.</param>
public sealed record ReadPlan(IReadOnlyList<IReadSource> Sources, ulong Watermark, IReadOnlyList<Gap> Gaps)
    : IAsyncDisposable
{
    /// <summary>The only source gives its events in another order than by EventSequence.</summary>
    public bool IsByArrival { get; init; }

    /// <summary>What may lie before the range; unknown where nobody counted, as nobody does without <c>count_before</c>.</summary>
    public PrecedingEvents Before { get; init; } = PrecedingEvents.Unknown;

    /// <summary>Nothing to read.</summary>
    public static ReadPlan Empty(ulong watermark = 0) => new([], watermark, []);

    /// <summary>Disposes the sources, all at once: one that waits for a dead process must not hold up the others.</summary>
    public async ValueTask DisposeAsync()
    {
        var disposals = new List<Task>(Sources.Count);
        foreach (IReadSource source in Sources)
        {
            disposals.Add(source.DisposeAsync().AsTask());
        }

        await Task.WhenAll(disposals);
    }
}
