namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>Ends several loads at the end of a test, however it ends.</summary>
internal sealed class LoadsScope(IReadOnlyList<Load> loads) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        foreach (Load load in loads)
        {
            await load.DisposeAsync();
        }
    }
}
