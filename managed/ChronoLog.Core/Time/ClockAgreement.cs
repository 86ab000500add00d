using System.Globalization;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Time;

/// <summary>
/// How far a client may be ahead of the Keeper that it records into. All clocks are slewed, so two that agree once stay
/// together; but a process that starts after the base clock jumped (a Visor moved to a node with a wrong wall clock)
/// begins where the others have not come yet.
/// </summary>
public static class ClockAgreement
{
    /// <summary>
    /// A client that is further ahead is turned away before it records anything: what it recorded would lie beyond what
    /// the Keeper indexes (<see cref="EventTimeBounds"/>).
    /// </summary>
    public static TimeSpan AheadMax { get; } = TimeSpan.FromMinutes(5);

    /// <param name="keeper">For the message.</param>
    /// <param name="keeperTick">What its clock read; 0 = it does not say.</param>
    /// <param name="clientTick">What the client's reads.</param>
    /// <exception cref="ChronoLogException">LimitExceeded: the client is too far ahead.</exception>
    public static void Check(ProcessIdentity keeper, ulong keeperTick, ulong clientTick)
    {
        ulong allowed = ChronoTick.AddSaturating(keeperTick, (ulong)AheadMax.TotalNanoseconds);
        if (keeperTick != 0 && clientTick > allowed)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"keeper '{keeper.Name}' at {keeper.ServiceEndpoint} is {(clientTick - keeperTick) / 1e9:0.0} s behind "
                    + $"this client's clock, and would not index what it records: see 'chronolog clock', and restart "
                    + $"whichever of them disagrees with the visor"));
        }
    }
}
