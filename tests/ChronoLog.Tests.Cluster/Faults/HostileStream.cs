using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>A connection that sends what nobody should send, until it has sent enough or is thrown out.</summary>
internal static class HostileStream
{
    private const byte More = 1;
    private const byte Long = 2;
    private const int EndlessBytes = 256 << 20;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(3);

    /// <summary>Signature, version 3.0, mechanism NULL, not a server, filler.</summary>
    private static readonly byte[] Greeting =
    [
        0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3, 0, .. "NULL"u8, .. new byte[16], 0, .. new byte[31],
    ];

    private static readonly byte[] Ready =
    [
        4, 41, 5, .. "READY"u8, 11, .. "Socket-Type"u8, 0, 0, 0, 6, .. "DEALER"u8, 8, .. "Identity"u8, 0, 0, 0, 0,
    ];

    public static IReadOnlyList<(string Name, Func<Random, IEnumerable<byte[]>> Bytes)> All { get; } =
    [
        ("random bytes", random => Enumerable.Repeat(0, 16).Select(_ => Noise(random, 4096))),
        ("a greeting, then random bytes", random => [Greeting, Noise(random, 8192)]),
        ("a handshake, then random bytes", random => [Greeting, Ready, Noise(random, 8192)]),
        ("a frame of 2^62 bytes", random => [Greeting, Ready, Header(Long, 1L << 62), Noise(random, 4096)]),
        ("a command of 2^63 - 1 bytes", random => [Greeting, Header(4 | Long, long.MaxValue), Noise(random, 4096)]),
        ("a message without end", random => [Greeting, Ready, .. Endless(random)]),
        ("a message of empty frames without end", _ => [Greeting, Ready, .. Empty()]),
    ];

    /// <summary>Connects, sends, and goes away without a word.</summary>
    public static async Task SendAsync(int port, IEnumerable<byte[]> pieces)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, deadline.Token);
            foreach (byte[] piece in pieces)
            {
                for (int sent = 0; sent < piece.Length;)
                {
                    sent += await socket.SendAsync(piece.AsMemory(sent), deadline.Token);
                }
            }
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // Thrown out, or not listened to any more: as it should be.
        }
    }

    private static IEnumerable<byte[]> Endless(Random random)
    {
        const int FrameBytes = 64 << 10;
        byte[] frame = [.. Header(More | Long, FrameBytes), .. Noise(random, FrameBytes)];
        return Enumerable.Repeat(frame, EndlessBytes / FrameBytes);
    }

    private static IEnumerable<byte[]> Empty()
    {
        byte[] frames = [.. Enumerable.Repeat(0, 16 << 10).SelectMany(_ => new byte[] { More, 0 })];
        return Enumerable.Repeat(frames, 64);
    }

    private static byte[] Header(int flags, long length)
    {
        byte[] header = new byte[9];
        header[0] = (byte)flags;
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(1), length);
        return header;
    }

    private static byte[] Noise(Random random, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }
}
