using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ChronoLog.Bench.Clock;

/// <summary>The raw limit of an exchange of timestamps: two threads and one TCP connection, blocking, nothing else.</summary>
internal static class LoopbackRoundTrip
{
    private const int Rounds = 64;
    private const int Bytes = 64;

    /// <returns>The shortest of the round trips, one after the other.</returns>
    public static double BestNanoseconds()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        using var caller = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        caller.Connect(listener.LocalEndPoint!);
        using Socket answerer = listener.Accept();
        answerer.NoDelay = true;
        var echo = new Thread(() => Echo(answerer)) { IsBackground = true };
        echo.Start();
        byte[] message = new byte[Bytes];
        double best = double.MaxValue;
        for (int i = 0; i < Rounds; i++)
        {
            long sent = Stopwatch.GetTimestamp();
            caller.Send(message);
            ReceiveAll(caller, message);
            best = Math.Min(best, Stopwatch.GetElapsedTime(sent).TotalNanoseconds);
        }

        caller.Shutdown(SocketShutdown.Both);
        echo.Join();
        return best;
    }

    private static void Echo(Socket socket)
    {
        byte[] message = new byte[Bytes];
        while (ReceiveAll(socket, message))
        {
            socket.Send(message);
        }
    }

    private static bool ReceiveAll(Socket socket, byte[] message)
    {
        for (int got = 0, more; got < message.Length; got += more)
        {
            more = socket.Receive(message.AsSpan(got));
            if (more == 0)
            {
                return false;
            }
        }

        return true;
    }
}
