using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Zmq;

/// <summary>Waits for any of several sockets and one signal. One thread.</summary>
public sealed unsafe class Poller
{
    private readonly PollSignal signal;
    private ZmqNative.PollItem[] items = new ZmqNative.PollItem[8];
    private int count;

    public Poller(PollSignal signal)
    {
        this.signal = signal;
        Clear();
    }

    /// <summary>Forgets all sockets; the signal stays.</summary>
    public void Clear()
    {
        items[0] = new ZmqNative.PollItem { Descriptor = signal.Descriptor, Events = ZmqConstants.PollIn };
        count = 1;
    }

    /// <summary>Adds a socket, waited for when it can receive, and also when it can send if that is wanted.</summary>
    /// <returns>Its slot, until <see cref="Clear"/>.</returns>
    public int Add(NetMQSocket socket, bool canSend = false)
    {
        if (count == items.Length)
        {
            Array.Resize(ref items, count * 2);
        }

        items[count] = new ZmqNative.PollItem { Socket = socket.Handle };
        SetCanSend(count, canSend);
        return count++;
    }

    public void SetCanSend(int slot, bool wanted) =>
        items[slot].Events = (short)(ZmqConstants.PollIn | (wanted ? ZmqConstants.PollOut : 0));

    /// <summary>Sleeps until something is ready or the time has passed.</summary>
    /// <param name="timeoutMilliseconds">-1 = without end.</param>
    public void Wait(long timeoutMilliseconds)
    {
        fixed (ZmqNative.PollItem* first = items)
        {
            while (ZmqNative.zmq_poll(first, count, timeoutMilliseconds) < 0)
            {
                if (Marshal.GetLastPInvokeError() != ZmqConstants.Eintr)
                {
                    throw ZmqNative.Failure("polling");
                }
            }
        }

        signal.Reset(items[0].Returned != 0);
    }

    /// <summary>Something happened at the slot's socket.</summary>
    public bool Ready(int slot) => items[slot].Returned != 0;
}
