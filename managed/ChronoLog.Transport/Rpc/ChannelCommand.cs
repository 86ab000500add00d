namespace ChronoLog.Transport.Rpc;

/// <summary>What callers ask of a connector's owner thread.</summary>
internal enum ChannelAction
{
    Open,
    Call,
    Cancel,
    Close,
}

/// <param name="Action">What to do.</param>
/// <param name="Link">The channel concerned.</param>
/// <param name="Call">The call concerned, for Call and Cancel.</param>
internal readonly record struct ChannelCommand(ChannelAction Action, ChannelLink Link, PendingCall? Call = null);
