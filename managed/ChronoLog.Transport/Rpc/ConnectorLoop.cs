using System.Collections.Concurrent;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Zmq;
using ChronoLog.Transport.Timing;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Transport.Rpc;

/// <summary>
/// The owner thread of all sockets of a connector: carries out the callers' commands, sends, receives, expires
/// deadlines. Sleeps in poll while there is nothing to do.
/// </summary>
internal sealed class ConnectorLoop(ILogger logger) : IDisposable
{
    private const int AfterFailureMilliseconds = 5;
    private const long NanosecondsPerMillisecond = 1_000_000;

    private readonly PollSignal signal = new();
    private readonly ConcurrentQueue<ChannelCommand> commands = new();
    private readonly List<ChannelLink> links = [];
    private readonly List<WheelNode> expired = [];
    private readonly DeadlineWheel deadlines = new(Monotonic.Nanoseconds);
    private bool linksChanged = true;
    private volatile bool stopping;
    private volatile bool ended;

    public RpcCounters Counters { get; } = new(logger, "the connector");

    /// <summary>From any thread.</summary>
    public void Enqueue(in ChannelCommand command)
    {
        commands.Enqueue(command);
        signal.Set();
        if (ended)
        {
            RefuseCommands();
        }
    }

    /// <summary>From any thread: every channel is closed, and the loop ends.</summary>
    public void Stop()
    {
        stopping = true;
        signal.Set();
    }

    /// <summary>The owner thread.</summary>
    public void Run()
    {
        var poller = new Poller(signal);
        while (!stopping)
        {
            try
            {
                Cycle(poller);
            }
            catch (Exception exception)
            {
                logger.LogError(exception, "the RPC connector goes on after a failure");
                Thread.Sleep(AfterFailureMilliseconds);
            }
        }

        links.ForEach(link => link.Close(deadlines));
        links.Clear();
        ended = true;
        RefuseCommands();
    }

    public void Dispose() => signal.Dispose();

    /// <summary>After the end: by the owner thread, and by whoever enqueued too late to be seen by it.</summary>
    private void RefuseCommands()
    {
        while (commands.TryDequeue(out ChannelCommand command))
        {
            command.Call?.Body.Dispose();
            command.Call?.Fail(Status.NoConnection, $"the connector to {command.Link.Endpoint} was closed");
            command.Link.Closed.TrySetResult();
        }
    }

    private void Cycle(Poller poller)
    {
        Register(poller);
        poller.Wait(TimeoutMilliseconds());
        long now = Monotonic.Nanoseconds;
        if (!linksChanged)
        {
            foreach (ChannelLink link in links)
            {
                Serve(link, poller, now);
            }
        }

        while (commands.TryDequeue(out ChannelCommand command))
        {
            CarryOut(command);
        }

        foreach (ChannelLink link in links)
        {
            link.SendUnsent(now);
        }

        Expire(now);
    }

    private void Serve(ChannelLink link, Poller poller, long now)
    {
        if (poller.Ready(link.SocketSlot))
        {
            link.ReceiveReplies(deadlines, Counters, now);
        }

        if (poller.Ready(link.MonitorSlot))
        {
            link.ObserveConnection(deadlines, now);
        }
    }

    private void Register(Poller poller)
    {
        if (linksChanged)
        {
            poller.Clear();
            links.ForEach(link => link.AddTo(poller));
            linksChanged = false;
            return;
        }

        foreach (ChannelLink link in links)
        {
            link.UpdatePoll(poller);
        }
    }

    private long TimeoutMilliseconds()
    {
        long next = deadlines.NanosecondsToNext(Monotonic.Nanoseconds);
        return next < 0 ? -1 : (next / NanosecondsPerMillisecond) + 1;
    }

    private void CarryOut(in ChannelCommand command)
    {
        switch (command.Action)
        {
            case ChannelAction.Open:
                command.Link.Open();
                links.Add(command.Link);
                linksChanged = true;
                break;
            case ChannelAction.Call when command.Link.IsOpen:
                command.Link.Begin(command.Call!, deadlines);
                break;
            case ChannelAction.Call:
                command.Call!.Body.Dispose();
                command.Call.Fail(
                    Status.NoConnection, $"the channel to {command.Link.Endpoint} is closed");
                break;
            case ChannelAction.Cancel:
                command.Link.Forget(command.Call!, deadlines);
                break;
            case ChannelAction.Close:
                links.Remove(command.Link);
                linksChanged = true;
                command.Link.Close(deadlines);
                break;
        }
    }

    private void Expire(long now)
    {
        deadlines.Advance(now, expired);
        foreach (WheelNode node in expired)
        {
            ((PendingCall)node).Link.Expire((PendingCall)node);
        }

        expired.Clear();
    }
}
