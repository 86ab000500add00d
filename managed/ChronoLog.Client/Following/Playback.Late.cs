using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Client.Following;

/// <summary>
/// What came below the story's watermark while this follower joined anew: no batch has it, and no replay from the watermark.
/// Only stories whose users give times of their own get such events, and the Visor knows of those before the first one can be
/// recorded. Of them the past is read again, as far as what was shown is remembered: what is not remembered is late.
/// </summary>
internal sealed partial class Playback
{
    // Each asking of a Visor that is away holds up what comes live.
    private static readonly TimeSpan OwedRoutePause = TimeSpan.FromSeconds(10);

    /// <summary>For tests of the tests: nothing is owed.</summary>
    internal static bool ForgetsLate { get; set; }

    /// <summary>Such events may have come, with ticks from here on; 2^64 - 1 = none.</summary>
    private ulong owedFrom = ulong.MaxValue;

    /// <summary>The Visor was asked since.</summary>
    private bool isOwedKnown;
    private long nextOwedRoute;

    /// <summary>They are to be read from here on, by the replay that is wanted; 2^64 - 1 = they are not.</summary>
    private ulong lateFrom = ulong.MaxValue;

    private bool IsLateWanted => lateFrom != ulong.MaxValue;

    private bool IsOwed => owedFrom != ulong.MaxValue;

    private bool IsOwedKnown => IsOwed && isOwedKnown;

    private bool IsRouteOwed => IsOwed && !isOwedKnown && ports.Timers.MonotonicNanoseconds >= nextOwedRoute;

    // Late events of a story with tick rules shift others, whose shown ticks are not theirs any more.
    private bool IsByNewTicks => IsOrdered && Attributes.Collision is CollisionPolicy.Sequentiality;

    private void Owe(ulong oldest)
    {
        owedFrom = Math.Min(owedFrom, oldest);
        isOwedKnown = route!.Story.OwnTimes; // what once has them has them for ever
        nextOwedRoute = ports.Timers.MonotonicNanoseconds;
    }

    private void LearnOfLate()
    {
        isOwedKnown = true;
        if (route!.Story.OwnTimes)
        {
            shown.ExpectLate();
        }
    }

    private void WantLate()
    {
        ulong since = Math.Max(owedFrom, from);
        owedFrom = ulong.MaxValue;
        if (!route!.Story.OwnTimes || ForgetsLate)
        {
            return;
        }

        ulong complete = IsOrdered ? completeThrough : shown.Floor;
        ulong start = Math.Max(since, IsByNewTicks ? complete : shown.Start);
        if (start > since)
        {
            ready.Enqueue(new PlaybackPage(null, isInOrder: true, StatedWatermark, [new Gap
            {
                StartTime = since, EndTime = start,
                Reason = "events may have come later than the watermark while this follower joined anew; a replay of the "
                    + "range has them",
            }]));
        }

        if (start < complete)
        {
            lateFrom = Math.Min(lateFrom, start);
            replayFrom = isReplayWanted ? replayFrom : complete;
            Want(ports.Clock.Now);
        }
    }
}
