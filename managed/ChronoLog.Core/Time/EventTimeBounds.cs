namespace ChronoLog.Core.Time;

/// <summary>
/// How far from now the time that a client gives an event may lie. One pair of settings (the Keeper's), checked twice: by
/// the recorder, at the call, on the client's clock, before anything is reserved; and by the Keeper when the event arrives,
/// because a ring is hostile memory. The Keeper's check is wider, so that what was accepted at the call is never refused
/// later.
/// </summary>
/// <param name="LateNanoseconds">Back from now.</param>
/// <param name="FutureNanoseconds">Ahead of now; the client's clock's uncertainty is added.</param>
public readonly record struct EventTimeBounds(ulong LateNanoseconds, ulong FutureNanoseconds)
{
    /// <summary>
    /// An event that was recorded by its client's clock may lie that far ahead of the Keeper's: twice what a client may
    /// be ahead when it opens a ring (<see cref="ClockAgreement.AheadMax"/>), for both clocks go on being corrected.
    /// </summary>
    public static TimeSpan ClocksApart { get; } = 2 * ClockAgreement.AheadMax;

    /// <summary>
    /// An event may wait that long in a ring for its Keeper to come back, and is not refused for its age then: shared
    /// memory seldom lives as long.
    /// </summary>
    public static TimeSpan WaitedMax { get; } = TimeSpan.FromDays(30);

    /// <summary>30 days back, a second ahead.</summary>
    public static EventTimeBounds Default { get; } = new(TimeSpan.FromDays(30), TimeSpan.FromSeconds(1));

    public EventTimeBounds(TimeSpan late, TimeSpan future)
        : this((ulong)late.TotalNanoseconds, (ulong)future.TotalNanoseconds)
    {
    }

    /// <summary>What a Keeper indexes of a batch that arrives at this tick.</summary>
    public EventTimeRange AtKeeper(ulong arrival)
    {
        ulong back = ChronoTick.AddSaturating(LateNanoseconds, (ulong)WaitedMax.TotalNanoseconds);
        ulong ahead = ChronoTick.AddSaturating(FutureNanoseconds, (ulong)ClocksApart.TotalNanoseconds);
        return new EventTimeRange(arrival > back ? arrival - back : 0, ChronoTick.AddSaturating(arrival, ahead));
    }

    /// <summary>Both pairs' stricter halves.</summary>
    public EventTimeBounds Within(EventTimeBounds other) => new(
        Math.Min(LateNanoseconds, other.LateNanoseconds), Math.Min(FutureNanoseconds, other.FutureNanoseconds));
}
