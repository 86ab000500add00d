namespace ChronoLog.Core.Model;

/// <summary>
/// Memory that does not move and holds event records: reference counted, released when the last holder lets go.
/// Starts with one reference, its creator's.
/// </summary>
public abstract class PayloadBlock
{
    private int references = 1;

    /// <summary>First byte of the block.</summary>
    public abstract nint Address { get; }

    /// <summary>Bytes in the block.</summary>
    public abstract long Length { get; }

    /// <summary>References held now; for tests and statistics.</summary>
    public int References => Volatile.Read(ref references);

    /// <summary>Adds a reference. The caller must hold one, or a lock under which one is held.</summary>
    public void AddReference()
    {
        int before = Interlocked.Increment(ref references) - 1;
        if (before <= 0)
        {
            throw new ObjectDisposedException(GetType().Name, "a payload block was referenced after its release");
        }
    }

    /// <summary>Adds a reference unless the last one is gone already.</summary>
    public bool TryAddReference()
    {
        int seen = Volatile.Read(ref references);
        while (seen > 0)
        {
            int before = Interlocked.CompareExchange(ref references, seen + 1, seen);
            if (before == seen)
            {
                return true;
            }

            seen = before;
        }

        return false;
    }

    /// <summary>Drops a reference; the last one releases the memory.</summary>
    public void Release()
    {
        int after = Interlocked.Decrement(ref references);
        if (after == 0)
        {
            Free();
        }
        else if (after < 0)
        {
            throw new InvalidOperationException("a payload block was released more often than referenced");
        }
    }

    /// <summary>Gives the memory back. Called exactly once.</summary>
    protected abstract void Free();
}
