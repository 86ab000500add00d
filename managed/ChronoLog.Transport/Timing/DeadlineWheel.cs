using System.Numerics;

namespace ChronoLog.Transport.Timing;

/// <summary>
/// Deadlines of calls in progress: add and remove in constant time, because nearly every call ends before its deadline
/// and a heap would keep the dead. Never expires early, and at most one tick late. One thread. (A hashed timing wheel,
/// Varghese and Lauck 1987.)
/// </summary>
internal sealed class DeadlineWheel
{
    private const long TickNanoseconds = 4_000_000;
    private const int Slots = 1024; // 4 s a turn; longer deadlines stay in their slot for several turns
    private const int BitsPerWord = 64;

    private readonly WheelNode?[] heads = new WheelNode?[Slots];
    private readonly ulong[] occupied = new ulong[Slots / BitsPerWord];
    private long currentTick;

    /// <param name="nowNanoseconds">Monotonic time.</param>
    public DeadlineWheel(long nowNanoseconds) => currentTick = nowNanoseconds / TickNanoseconds;

    public int Count { get; private set; }

    public void Add(WheelNode node, long dueNanoseconds)
    {
        if (node.Slot != WheelNode.NotInWheel)
        {
            throw new InvalidOperationException("a deadline was added twice");
        }

        node.DueTick = Math.Max(currentTick + 1, (dueNanoseconds / TickNanoseconds) + 1);
        int slot = (int)(node.DueTick % Slots);
        node.Slot = slot;
        node.Previous = null;
        node.Next = heads[slot];
        if (node.Next is not null)
        {
            node.Next.Previous = node;
        }

        heads[slot] = node;
        occupied[slot / BitsPerWord] |= 1UL << (slot % BitsPerWord);
        Count++;
    }

    /// <summary>Takes a node out; does nothing when it is not in the wheel.</summary>
    public void Remove(WheelNode node)
    {
        int slot = node.Slot;
        if (slot == WheelNode.NotInWheel)
        {
            return;
        }

        if (node.Previous is null)
        {
            heads[slot] = node.Next;
            if (node.Next is null)
            {
                occupied[slot / BitsPerWord] &= ~(1UL << (slot % BitsPerWord));
            }
        }
        else
        {
            node.Previous.Next = node.Next;
        }

        if (node.Next is not null)
        {
            node.Next.Previous = node.Previous;
        }

        node.Previous = node.Next = null;
        node.Slot = WheelNode.NotInWheel;
        Count--;
    }

    /// <summary>Takes out what has expired.</summary>
    public void Advance(long nowNanoseconds, List<WheelNode> expired)
    {
        long nowTick = nowNanoseconds / TickNanoseconds;
        long first = Math.Max(currentTick + 1, nowTick - Slots + 1);
        currentTick = Math.Max(currentTick, nowTick);
        for (long tick = first; tick <= nowTick && Count > 0; tick++)
        {
            WheelNode? node = heads[tick % Slots];
            while (node is not null)
            {
                WheelNode? next = node.Next;
                if (node.DueTick <= nowTick)
                {
                    Remove(node);
                    expired.Add(node);
                }

                node = next;
            }
        }
    }

    /// <summary>Takes out everything, expired or not.</summary>
    public void Clear(List<WheelNode> all)
    {
        for (int slot = 0; slot < Slots; slot++)
        {
            while (heads[slot] is { } node)
            {
                Remove(node);
                all.Add(node);
            }
        }
    }

    /// <summary>Nanoseconds until <see cref="Advance"/> may find something, or -1 while the wheel is empty.</summary>
    public long NanosecondsToNext(long nowNanoseconds)
    {
        if (Count == 0)
        {
            return -1;
        }

        int start = (int)((currentTick + 1) % Slots);
        long tick = currentTick + 1 + DistanceToOccupied(start);
        return Math.Max(0, (tick * TickNanoseconds) - nowNanoseconds);
    }

    private int DistanceToOccupied(int start)
    {
        int word = start / BitsPerWord;
        ulong bits = occupied[word] & (ulong.MaxValue << (start % BitsPerWord));
        for (int looked = 0; looked <= occupied.Length; looked++)
        {
            if (bits != 0)
            {
                int slot = (word * BitsPerWord) + BitOperations.TrailingZeroCount(bits);
                return (slot - start + Slots) % Slots;
            }

            word = (word + 1) % occupied.Length;
            bits = occupied[word];
        }

        throw new InvalidOperationException("the deadline wheel counts nodes that it does not hold");
    }
}
