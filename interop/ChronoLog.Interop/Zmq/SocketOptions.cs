using System.Text;

namespace ChronoLog.Interop.Zmq;

/// <summary>
/// A socket's options; they apply to later binds and connects. Durations below a millisecond round up.
/// </summary>
public sealed unsafe class SocketOptions
{
    private readonly NetMQSocket socket;

    internal SocketOptions(NetMQSocket socket) => this.socket = socket;

    /// <summary>How long what was sent may still travel after the socket was closed.</summary>
    public TimeSpan Linger { set => Set(ZmqConstants.Linger, Milliseconds(value)); }

    /// <summary>Longest frame taken from a peer, bytes; a longer one costs the peer its connection. -1 = any.</summary>
    public long MaxMsgSize { set => Set(ZmqConstants.MaxMessageSize, &value, sizeof(long)); }

    /// <summary>Messages that may wait for one peer.</summary>
    public int SendHighWatermark { set => Set(ZmqConstants.SendHighWatermark, value); }

    /// <summary>Messages of one peer that may wait for the application.</summary>
    public int ReceiveHighWatermark { set => Set(ZmqConstants.ReceiveHighWatermark, value); }

    /// <summary>
    /// The routing id under which a router sees this socket; 1 to 255 bytes, not beginning with zero.
    /// </summary>
    public ReadOnlySpan<byte> Identity { set => Set(ZmqConstants.RoutingId, value); }

    /// <summary>A router refuses to send to an unknown peer (EHOSTUNREACH) instead of dropping in silence.</summary>
    public bool RouterMandatory { set => Set(ZmqConstants.RouterMandatory, value ? 1 : 0); }

    /// <summary>Take messages only for connections that stand: nothing waits for a server that is not there.</summary>
    public bool Immediate { set => Set(ZmqConstants.Immediate, value ? 1 : 0); }

    public bool IPv6 { set => Set(ZmqConstants.IPv6, value ? 1 : 0); }

    /// <summary>First wait before a reconnect.</summary>
    public TimeSpan ReconnectInterval { set => Set(ZmqConstants.ReconnectInterval, Milliseconds(value)); }

    /// <summary>The wait doubles up to this.</summary>
    public TimeSpan ReconnectIntervalMax { set => Set(ZmqConstants.ReconnectIntervalMax, Milliseconds(value)); }

    public TimeSpan ConnectTimeout { set => Set(ZmqConstants.ConnectTimeout, Milliseconds(value)); }

    /// <summary>A peer that has not completed its handshake by then is disconnected.</summary>
    public TimeSpan HandshakeInterval { set => Set(ZmqConstants.HandshakeInterval, Milliseconds(value)); }

    /// <summary>Pings the peer this often.</summary>
    public TimeSpan HeartbeatInterval { set => Set(ZmqConstants.HeartbeatInterval, Milliseconds(value)); }

    /// <summary>A peer silent this long after a ping is disconnected.</summary>
    public TimeSpan HeartbeatTimeout { set => Set(ZmqConstants.HeartbeatTimeout, Milliseconds(value)); }

    /// <summary>Asks the peer to disconnect this side when it hears nothing for so long.</summary>
    public TimeSpan HeartbeatTtl { set => Set(ZmqConstants.HeartbeatTtl, Milliseconds(value)); }

    /// <summary>Takes only CURVE clients; <see cref="CurveCertificate"/> gives the server's keys.</summary>
    public bool CurveServer { set => Set(ZmqConstants.CurveServer, value ? 1 : 0); }

    /// <summary>The public key of the server that a client connects to, Z85.</summary>
    public string CurveServerKey { set => SetKey(ZmqConstants.CurveServerKey, value); }

    /// <summary>This side's keys.</summary>
    public NetMQCertificate CurveCertificate
    {
        set
        {
            SetKey(ZmqConstants.CurvePublicKey, value.PublicKeyZ85);
            SetKey(ZmqConstants.CurveSecretKey, value.SecretKeyZ85);
        }
    }

    /// <summary>Name under which the process's authenticator judges this socket's peers.</summary>
    public string ZapDomain { set => Set(ZmqConstants.ZapDomain, Encoding.UTF8.GetBytes(value)); }

    private static int Milliseconds(TimeSpan value) =>
        (int)Math.Min(int.MaxValue, Math.Ceiling(value.TotalMilliseconds));

    private void SetKey(int option, string key)
    {
        if (key.Length != NetMQCertificate.KeyCharacters)
        {
            throw new ArgumentException(
                $"a CURVE key has {NetMQCertificate.KeyCharacters} Z85 characters, this one has {key.Length}");
        }

        Set(option, Encoding.ASCII.GetBytes(key));
    }

    private void Set(int option, int value) => Set(option, &value, sizeof(int));

    private void Set(int option, ReadOnlySpan<byte> value)
    {
        fixed (byte* first = value)
        {
            Set(option, first, value.Length);
        }
    }

    private void Set(int option, void* value, int length)
    {
        if (ZmqNative.zmq_setsockopt(socket.Handle, option, value, (nuint)length) != 0)
        {
            throw ZmqNative.Failure($"setting ZeroMQ socket option {option}");
        }
    }
}
