namespace ChronoLog.Keeper.Ingestion;

/// <summary>
/// Fences of one ingestion thread: each waits until the positions that its rings' producers had reserved are indexed.
/// </summary>
internal sealed class FenceList
{
    private readonly Lock gate = new();
    private readonly List<Fence> waiting = [];
    private volatile int count;

    /// <summary>
    /// From any thread; to be awaited on a strand, which takes the continuation off the ingestion thread.
    /// </summary>
    public Task Add(RingSession[] rings)
    {
        var fence = new Fence(rings);
        if (fence.IsPassed)
        {
            return Task.CompletedTask;
        }

        lock (gate)
        {
            waiting.Add(fence);
            count = waiting.Count;
        }

        return fence.Passed.Task;
    }

    /// <summary>By the ingestion thread, after each cycle.</summary>
    public void CompletePassed()
    {
        if (count == 0)
        {
            return;
        }

        lock (gate)
        {
            for (int i = waiting.Count - 1; i >= 0; i--)
            {
                if (waiting[i].IsPassed)
                {
                    waiting[i].Passed.SetResult();
                    waiting.RemoveAt(i);
                }
            }

            count = waiting.Count;
        }
    }

    private sealed class Fence
    {
        private readonly RingSession[] rings;
        private readonly long[] tails;

        public Fence(RingSession[] rings)
        {
            this.rings = rings;
            tails = new long[rings.Length];
            for (int i = 0; i < rings.Length; i++)
            {
                tails[i] = rings[i].Ring.Tail;
            }
        }

        public TaskCompletionSource Passed { get; } = new();

        public bool IsPassed
        {
            get
            {
                for (int i = 0; i < rings.Length; i++)
                {
                    if (rings[i].Indexed < tails[i] && !rings[i].IsDetached && !rings[i].IsDrained)
                    {
                        return false;
                    }
                }

                return true;
            }
        }
    }
}
