using ChronoLog.Interop.Zmq;
using ChronoLog.Transport.Rpc;

namespace ChronoLog.Tests.Unit.Rpc;

/// <summary>When refusals are enough to give up, and what is no refusal.</summary>
public sealed class ConnectAttemptsTests
{
    private const long Millisecond = 1_000_000;
    private readonly ConnectAttempts attempts = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));

    [Test]
    public void Refused_attempts_are_enough_after_the_patience_of_who_waits()
    {
        Observe(100, SocketEvents.ConnectRetried);
        Observe(1050, SocketEvents.ConnectDelayed);
        Observe(1060, SocketEvents.ConnectRetried);
        Assert.Multiple(() =>
        {
            Assert.That((attempts.IsRefused, attempts.IsReached), Is.EqualTo((true, false)));
            Assert.That(IsEnough(since: 0, 1060), Is.False, "refused for 960 ms");
            Assert.That(IsEnough(since: 0, 1100), Is.True);
            Assert.That(IsEnough(since: 500, 1100), Is.False, "this one has waited for 600 ms");
            Assert.That(IsEnough(since: 500, 1500), Is.True);
        });
    }

    [Test]
    public void Silence_is_no_refusal()
    {
        Observe(0, SocketEvents.ConnectDelayed);
        Observe(3001, SocketEvents.ConnectRetried);
        Assert.That(attempts.IsRefused, Is.False);
        Observe(3100, SocketEvents.ConnectRetried);
        Assert.That(attempts.IsRefused, Is.True);
        Observe(3200, SocketEvents.ConnectDelayed);
        Observe(6300, SocketEvents.ConnectRetried);
        Assert.That((attempts.IsRefused, IsEnough(since: 0, 60_000)), Is.EqualTo((false, false)), "the network is slow now");
    }

    [Test]
    public void Who_listens_and_speaks_another_protocol_refuses_too()
    {
        Observe(0, SocketEvents.ConnectDelayed);
        Observe(1, SocketEvents.Connected);
        Observe(5000, SocketEvents.ConnectRetried);
        Assert.That((attempts.IsRefused, attempts.IsReached), Is.EqualTo((true, true)));
    }

    private void Observe(long milliseconds, SocketEvents what) => attempts.Observe(what, milliseconds * Millisecond);

    private bool IsEnough(long since, long now) => attempts.IsEnough(since * Millisecond, now * Millisecond);
}
