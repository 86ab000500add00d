namespace ChronoLog.Transport.Rpc;

/// <summary>Limits and keys of the control plane. The same object serves servers and connectors.</summary>
public sealed record RpcOptions
{
    public static RpcOptions Default { get; } = new();

    /// <summary>
    /// Longest body of a request. The largest real one is a heartbeat or a drain report with one row of about 40 bytes
    /// per story: 2 MiB hold 50,000 stories.
    /// </summary>
    public int RequestBytesMax { get; init; } = 2 << 20;

    /// <summary>Longest body of a reply. The largest real one is a status: 8 MiB hold 60,000 stories.</summary>
    public int ReplyBytesMax { get; init; } = 8 << 20;

    /// <summary>Longest header taken: version, correlation id, and a method's name or a message for people.</summary>
    public int HeaderBytesMax { get; init; } = 16 << 10;

    /// <summary>Calls that a server has accepted and not yet answered; beyond it the reply is LIMIT_EXCEEDED.</summary>
    public int CallsInProgressMax { get; init; } = 4096;

    /// <summary>Messages that wait inside libzmq for one peer, each way.</summary>
    public int HighWatermark { get; init; } = 1000;

    /// <summary>How long a server works on a call that names no deadline, and the most that it grants any.</summary>
    public TimeSpan ServerDeadlineMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A peer that has not finished its ZMTP handshake by then is cut off.</summary>
    public TimeSpan HandshakeInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connector pings its servers this often; a server silent for three intervals counts as gone.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Key pair of this process. On a server it turns CURVE on; on a connector it needs <see cref="ServerKey"/> too.
    /// </summary>
    public RpcKeyPair? Keys { get; init; }

    /// <summary>Public key (Z85, 40 characters) of the servers that a connector talks to.</summary>
    public string? ServerKey { get; init; }
}
