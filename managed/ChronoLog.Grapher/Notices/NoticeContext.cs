using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Grapher.Notices;

/// <summary>What both kinds of notices need.</summary>
/// <param name="Channels">To the receivers.</param>
/// <param name="Timers">Pauses between attempts.</param>
/// <param name="View">Newest view of the group; null before the first.</param>
/// <param name="Options">Deadlines and limits.</param>
/// <param name="Logger">Told once per receiver that does not answer.</param>
/// <param name="Stop">Ends every loop.</param>
internal sealed record NoticeContext(
    PeerChannels Channels,
    ITimers Timers,
    Func<GroupView?> View,
    GrapherOptions Options,
    ILogger Logger,
    CancellationToken Stop);
