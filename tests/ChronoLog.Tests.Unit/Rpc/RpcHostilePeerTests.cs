using System.Net;
using System.Net.Sockets;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using ChronoLog.Transport.Rpc;
using Google.Protobuf;

namespace ChronoLog.Tests.Unit.Rpc;

/// <summary>Peers that keep to no protocol: the server drops what they send, stays up, and serves the others.</summary>
public class RpcHostilePeerTests
{
    private const string ZmtpNullHandshake =
        "FF00000000000000017F0300" + "4E554C4C00000000000000000000000000000000" + "00"
        + "00000000000000000000000000000000000000000000000000000000000000"
        + "0429" + "055245414459" + "0B536F636B65742D54797065" + "00000006" + "4445414C4552"
        + "084964656E74697479" + "00000000";

    private const int GreetingBytes = 64;

    private RpcHarness harness = null!;

    [SetUp]
    public void SetUp() => harness = new RpcHarness(new RpcOptions { RequestBytesMax = 1 << 20 }).Start();

    [TearDown]
    public async Task TearDown() => await harness.DisposeAsync();

    [Test]
    public async Task Messages_with_too_few_or_too_many_frames_are_dropped()
    {
        using DealerSocket peer = Dealer();

        Send(peer, [1, 2, 3]);
        Send(peer, Header(1), [], [4]);
        Send(peer, Enumerable.Range(0, 10_000).Select(_ => new byte[100]).ToArray());

        await AwaitDropped(3);
        await AssertServes();
    }

    [Test]
    public async Task Headers_that_are_none_and_header_bombs_are_dropped()
    {
        using DealerSocket peer = Dealer();

        Send(peer, [0xff, 0xff, 0xff, 0xff, 0xff], []);
        Send(peer, new RequestHeader { Method = new string('m', 100_000) }.ToByteArray(), []);

        await AwaitDropped(2);
        await AssertServes();
    }

    [Test]
    public void A_body_that_is_none_is_an_invalid_argument()
    {
        using DealerSocket peer = Dealer();

        Send(peer, Header(77), [0xff, 0xff, 0xff]);
        ReplyHeader reply = Receive(peer);

        Assert.That(reply.Status, Is.EqualTo(Status.InvalidArgument));
        Assert.That(reply.CorrelationId, Is.EqualTo(77));
    }

    [Test]
    public void Another_protocol_version_is_told_so()
    {
        using DealerSocket peer = Dealer();

        var header = new RequestHeader { ProtocolVersion = 99, CorrelationId = 5, Method = "portal.clock" };
        Send(peer, header.ToByteArray(), []);
        ReplyHeader reply = Receive(peer);

        Assert.That(reply.Status, Is.EqualTo(Status.ProtocolVersionMismatch));
        Assert.That(reply.CorrelationId, Is.EqualTo(5));
        Assert.That(reply.Message, Does.Contain("99"));
    }

    [Test]
    public async Task A_body_of_a_hundred_megabytes_costs_its_sender_the_connection()
    {
        using Socket peer = await HandshakenAsync();
        byte[] frame = [0x03, 0, 0, 0, 0, 0x06, 0x40, 0, 0]; // MORE, long, 0x0640_0000 bytes = 100 MiB

        await peer.SendAsync(frame);

        Assert.That(await EndOf(peer), Is.True, "the connection was not cut");
        await AssertServes();
    }

    [Test]
    public async Task A_message_without_end_costs_its_sender_the_connection()
    {
        using Socket peer = await HandshakenAsync();
        byte[] frames = new byte[64 << 10]; // pairs of flags = MORE, length = 0
        for (int i = 0; i < frames.Length; i += 2)
        {
            frames[i] = 0x01;
        }

        long sent = 0;
        const long SentMax = 256 << 20;
        try
        {
            while (sent < SentMax)
            {
                sent += await peer.SendAsync(frames);
            }
        }
        catch (SocketException)
        {
        }

        Assert.That(sent, Is.LessThan(SentMax), "the connection was not cut");
        Assert.That(harness.Server.Counters.Cut, Is.EqualTo(1));
        await AssertServes();
    }

    [Test]
    public async Task Bytes_that_are_no_zmtp_do_no_harm()
    {
        var random = new Random(20240607);
        for (int i = 0; i < 20; i++)
        {
            using Socket peer = await ConnectedAsync();
            byte[] garbage = new byte[random.Next(1, 5000)];
            random.NextBytes(garbage);
            await peer.SendAsync(garbage);
        }

        await AssertServes();
    }

    [Test]
    public async Task A_peer_that_idles_while_others_call_is_left_alone()
    {
        using DealerSocket idle = Dealer();
        Send(idle, Header(1), new ClockRequest { ClientSend = 1 }.ToByteArray());
        Receive(idle);
        for (ulong i = 0; i < 2000; i++)
        {
            await harness.CallAsync(i);
        }

        Send(idle, Header(2), new ClockRequest { ClientSend = 2 }.ToByteArray());

        Assert.That((Receive(idle)).CorrelationId, Is.EqualTo(2));
        Assert.That(harness.Server.Counters.Cut, Is.Zero);
    }

    private static byte[] Header(ulong correlation) => new RequestHeader
    {
        ProtocolVersion = Methods.ProtocolVersion,
        CorrelationId = correlation,
        Method = Methods.Clock.Name,
    }.ToByteArray();

    private static void Send(DealerSocket peer, params byte[][] frames)
    {
        for (int i = 0; i < frames.Length; i++)
        {
            using var frame = new NetMQFrame(frames[i]);
            Assert.That(peer.TrySendFrame(frame, more: i < frames.Length - 1), Is.True);
        }

        peer.HandOver(); // the test goes on on any thread
    }

    private static ReplyHeader Receive(DealerSocket peer)
    {
        using var message = new NetMQMessage(2);
        using var signal = new PollSignal();
        var poller = new Poller(signal);
        poller.Add(peer);
        poller.Wait((long)RpcHarness.Patience.TotalMilliseconds);
        Assert.That(peer.TryReceive(message), Is.True, "no reply");
        peer.HandOver();
        return ReplyHeader.Parser.ParseFrom(message[0].Span);
    }

    private static async Task<bool> EndOf(Socket peer)
    {
        byte[] buffer = new byte[4096];
        using var patience = new CancellationTokenSource(RpcHarness.Patience);
        try
        {
            while (await peer.ReceiveAsync(buffer, patience.Token) > 0)
            {
            }

            return true;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private DealerSocket Dealer()
    {
        var peer = new DealerSocket();
        peer.Options.Linger = TimeSpan.Zero;
        peer.Options.SendHighWatermark = 0;
        peer.Connect(harness.Server.Endpoint);
        peer.HandOver();
        return peer;
    }

    private async Task<Socket> ConnectedAsync()
    {
        var address = new Uri(harness.Server.Endpoint);
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(IPAddress.Loopback, address.Port);
        return peer;
    }

    private async Task<Socket> HandshakenAsync()
    {
        Socket peer = await ConnectedAsync();
        await peer.SendAsync(Convert.FromHexString(ZmtpNullHandshake));
        byte[] answer = new byte[GreetingBytes + 2];
        for (int read = 0; read < answer.Length;)
        {
            int count = await peer.ReceiveAsync(answer.AsMemory(read));
            Assert.That(count, Is.Positive, "the server did not accept the handshake");
            read += count;
        }

        Assert.That(answer[GreetingBytes], Is.EqualTo(0x04), "READY");
        return peer;
    }

    private async Task AwaitDropped(long count)
    {
        using var patience = new CancellationTokenSource(RpcHarness.Patience);
        while (harness.Server.Counters.Dropped < count)
        {
            patience.Token.ThrowIfCancellationRequested();
            await harness.CallAsync(0);
        }
    }

    private async Task AssertServes() => Assert.That((await harness.CallAsync(123)).ClientSend, Is.EqualTo(123));
}
