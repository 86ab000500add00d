using System.Diagnostics.CodeAnalysis;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using Google.Protobuf;

namespace ChronoLog.Transport.Rpc;

/// <summary>The two frames of every message: a header and a body.</summary>
internal static class Envelope
{
    /// <summary>Writes a message into a frame of its own, without a buffer in between.</summary>
    public static NetMQFrame Write(IMessage message)
    {
        var frame = new NetMQFrame(message.CalculateSize());
        message.WriteTo(frame.Span);
        return frame;
    }

    /// <summary>Parses a frame that a stranger wrote.</summary>
    /// <returns>False when it is too long or no such message.</returns>
    public static bool TryParse<T>(
        MessageParser<T> parser, NetMQFrame frame, int bytesMax, [NotNullWhen(true)] out T? message)
        where T : class, IMessage<T>
    {
        message = null;
        ReadOnlySpan<byte> bytes = frame.Span;
        if (bytes.Length > bytesMax)
        {
            return false;
        }

        try
        {
            message = parser.ParseFrom(bytes);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    /// <summary>What a peer of another version is told.</summary>
    public static string VersionMessage(uint theirs, string where) =>
        $"{where} speaks protocol version {Methods.ProtocolVersion}, the peer {theirs}: install the same release";
}
