using Microsoft.Extensions.Logging;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// Counts what a server or connector refused, and logs at most one line a second about it, so that a hostile peer can
/// fill neither memory nor the log. Written by the owner thread, read by any.
/// </summary>
public sealed class RpcCounters
{
    private const long LogIntervalNanoseconds = 1_000_000_000;

    private readonly ILogger logger;
    private readonly string owner;
    private long dropped;
    private long cut;
    private long unsendable;
    private long loggedAt = long.MinValue;
    private long unlogged;

    internal RpcCounters(ILogger logger, string owner)
    {
        this.logger = logger;
        this.owner = owner;
    }

    /// <summary>Messages that were no well-formed call or reply, and were dropped.</summary>
    public long Dropped => Volatile.Read(ref dropped);

    /// <summary>Connections cut because of what they sent.</summary>
    public long Cut => Volatile.Read(ref cut);

    /// <summary>Replies whose peer had gone or did not take them.</summary>
    public long Unsendable => Volatile.Read(ref unsendable);

    internal void Drop(string reason, string? peer, long now)
    {
        dropped++;
        Report("dropped a message", reason, peer, now);
    }

    internal void CutOff(string reason, string? peer, long now)
    {
        cut++;
        Report("cut a connection", reason, peer, now);
    }

    internal void Unsent() => unsendable++;

    private void Report(string what, string reason, string? peer, long now)
    {
        unlogged++;
        if (loggedAt != long.MinValue && now - loggedAt < LogIntervalNanoseconds)
        {
            return;
        }

        loggedAt = now;
        logger.LogWarning(
            "{Owner} {What} from {Peer}: {Reason} ({Count} such since the last line)",
            owner, what, peer ?? "an unknown peer", reason, unlogged);
        unlogged = 0;
    }
}
