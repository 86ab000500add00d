using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Playback;

/// <summary>The open cursors of a read service, and the places reserved for those being planned. Lives on the role's strand.</summary>
/// <param name="options">Caps.</param>
/// <param name="firstNumber">Of the first cursor, less one.</param>
internal sealed class CursorTable(ReadServiceOptions options, ulong firstNumber)
{
    private readonly Dictionary<ulong, Entry> entries = [];
    private readonly Dictionary<ulong, int> perClient = [];
    private ulong lastNumber = firstNumber;
    private int reserved;

    public int Count => entries.Count;

    /// <summary>Keeps a place for a cursor; disposing gives it back unless <see cref="Add"/> took it.</summary>
    /// <exception cref="ChronoLogException"><see cref="Status.LimitExceeded"/>.</exception>
    public Reservation Reserve(ulong clientId)
    {
        if (entries.Count + reserved >= options.CursorsMax)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"{options.Server} has {entries.Count + reserved} reads open, the most it allows; close some, or raise the limit");
        }

        int ofClient = perClient.GetValueOrDefault(clientId);
        if (ofClient >= options.CursorsPerClientMax)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"client {clientId} has {ofClient} reads open at {options.Server}, the most it allows for one client; close some");
        }

        reserved++;
        perClient[clientId] = ofClient + 1;
        return new Reservation(this, clientId);
    }

    public ulong Add(Reservation reservation, ReadCursor cursor, long now)
    {
        reservation.Taken = true;
        reserved--;
        entries.Add(++lastNumber, new Entry(cursor, reservation.ClientId) { LastCall = now });
        return lastNumber;
    }

    public Entry? Find(ulong number) => entries.GetValueOrDefault(number);

    public Entry? Remove(ulong number)
    {
        if (entries.Remove(number, out Entry? entry))
        {
            Forget(entry.ClientId);
        }

        return entry;
    }

    /// <summary>Takes out the cursors that nobody called since, and that no call is waiting on.</summary>
    public List<Entry> RemoveIdle(long lastCallBefore)
    {
        var numbers = new List<ulong>();
        foreach ((ulong number, Entry entry) in entries)
        {
            if (entry.Calls == 0 && entry.LastCall <= lastCallBefore)
            {
                numbers.Add(number);
            }
        }

        return numbers.ConvertAll(number => Remove(number)!);
    }

    public List<Entry> RemoveAll() => new List<ulong>(entries.Keys).ConvertAll(number => Remove(number)!);

    private void Forget(ulong clientId)
    {
        if (--perClient[clientId] == 0)
        {
            perClient.Remove(clientId);
        }
    }

    internal sealed class Entry(ReadCursor cursor, ulong clientId)
    {
        public ReadCursor Cursor { get; } = cursor;

        public ulong ClientId { get; } = clientId;

        /// <summary>Monotonic nanoseconds.</summary>
        public long LastCall { get; set; }

        /// <summary>Calls being answered now: a cursor that is working has not been left alone.</summary>
        public int Calls { get; set; }

        public ulong PagesServed { get; set; }

        /// <summary>Those of the cursor that are in the statistics.</summary>
        public long Conflicts { get; set; }
    }

    internal sealed class Reservation(CursorTable table, ulong clientId) : IDisposable
    {
        public ulong ClientId { get; } = clientId;

        public bool Taken { get; set; }

        public void Dispose()
        {
            if (!Taken)
            {
                Taken = true;
                table.reserved--;
                table.Forget(ClientId);
            }
        }
    }
}
