using System.Diagnostics.CodeAnalysis;

namespace ChronoLog.Core.Agents;

/// <summary>
/// Two queues, first in, first out: what has priority goes first, but while something else waits too, every fifth is one of
/// those: nobody waits for ever. Unsynchronized.
/// </summary>
public sealed class PriorityLanes<T>
{
    /// <summary>How many with priority go before one without, while both wait.</summary>
    public const int PriorityRun = 4;

    private readonly LinkedList<T> standard = new();
    private readonly LinkedList<T> priority = new();
    private int run;

    public int Count => standard.Count + priority.Count;

    /// <summary>Puts an item at the end of its lane.</summary>
    /// <returns>By which it can be removed.</returns>
    public LinkedListNode<T> Add(T item, bool isPriority) => (isPriority ? priority : standard).AddLast(item);

    /// <summary>Takes an item out, wherever it stands.</summary>
    public static void Remove(LinkedListNode<T> node) => node.List?.Remove(node);

    /// <summary>The item that is taken next.</summary>
    public bool TryPeek([MaybeNullWhen(false)] out T item)
    {
        LinkedListNode<T>? first = Next().First;
        item = first is null ? default : first.Value;
        return first is not null;
    }

    /// <summary>Takes the next item.</summary>
    public bool TryTake([MaybeNullWhen(false)] out T item)
    {
        LinkedList<T> lane = Next();
        if (!TryPeek(out item))
        {
            return false;
        }

        lane.RemoveFirst();
        run = lane == priority && standard.Count > 0 ? run + 1 : 0;
        return true;
    }

    private LinkedList<T> Next() =>
        priority.Count > 0 && (standard.Count == 0 || run < PriorityRun) ? priority : standard;
}
