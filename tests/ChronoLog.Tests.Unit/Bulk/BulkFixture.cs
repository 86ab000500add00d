using NUnit.Framework;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Bulk;

namespace ChronoLog.Tests.Unit.Bulk;

/// <summary>Two endpoints on the loopback interface: one that exposes, one that pulls.</summary>
public abstract class BulkFixture(string provider)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private protected FabricBulkEndpoint Owner { get; private set; } = null!;

    private protected FabricBulkEndpoint Puller { get; private set; } = null!;

    protected virtual FabricOptions Options => new(provider, BudgetBytes: 64 << 20, LargestSlabBytes: 16 << 20);

    [SetUp]
    public void OpenBoth()
    {
        Owner = FabricBulkEndpoint.Open(Options);
        Puller = FabricBulkEndpoint.Open(Options);
    }

    [TearDown]
    public async Task CloseBoth()
    {
        await Puller.DisposeAsync();
        await Owner.DisposeAsync();
    }

    /// <summary>A slab of random bytes.</summary>
    private protected static Slab Filled(FabricBulkEndpoint endpoint, int length, int seed)
    {
        Slab slab = endpoint.TryRent(length) ?? throw new InvalidOperationException("the budget is exhausted");
        new Random(seed).NextBytes(slab.Span);
        return slab;
    }

    private protected static IExposure Expose(FabricBulkEndpoint endpoint, Slab slab) =>
        endpoint.Expose(slab, (int)slab.Length, Crc32C.Compute(slab.Span));

    private protected static async Task<Status> StatusOf(ValueTask pull)
    {
        try
        {
            await pull;
            return Status.Ok;
        }
        catch (ChronoLogException exception)
        {
            TestContext.Out.WriteLine(exception.Message);
            return exception.Status;
        }
    }

    private protected static async Task Until(Func<bool> condition)
    {
        DateTime deadline = DateTime.UtcNow + Patience;
        while (!condition())
        {
            Assert.That(DateTime.UtcNow, Is.LessThan(deadline), "the condition did not come true");
            await Task.Delay(5);
        }
    }
}
