namespace ChronoLog.Transport.Bulk;

/// <summary>For tests: an owner that is alive and makes no progress, as if its process were stopped.</summary>
internal sealed partial class ServeLane
{
    private readonly ManualResetEventSlim holding = new(false);
    private volatile bool held;

    /// <summary>Returns when the thread stands still: peers' reads are not helped along any more.</summary>
    internal void Hold()
    {
        held = true;
        holding.Wait();
    }

    internal void Continue() => held = false;

    partial void HoldHere()
    {
        while (held && !stopping)
        {
            holding.Set();
            Thread.Sleep(1);
        }

        holding.Reset();
    }
}
