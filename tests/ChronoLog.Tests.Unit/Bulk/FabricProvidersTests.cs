using NUnit.Framework;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Bulk;

namespace ChronoLog.Tests.Unit.Bulk;

[NonParallelizable]
public sealed class FabricProvidersTests
{
    [Test]
    public void The_software_providers_are_there()
    {
        IReadOnlyList<FabricProviderState> states = FabricProviders.List("127.0.0.1");
        Assert.That(states.Select(static state => state.Name), Is.EqualTo(FabricProviders.Names));
        string[] available = [.. states.Where(static state => state.Available).Select(static state => state.Name)];
        Assert.That(available, Is.SupersetOf(new[] { "ofi+tcp", "ofi+sockets", "ofi+shm" }));
        Assert.That(FabricProviders.LibfabricVersion(out string? failure), Does.StartWith("1."), failure);
    }

    [Test]
    public async Task Auto_takes_the_best_and_says_which()
    {
        var notices = new List<string>();
        await using FabricBulkEndpoint endpoint = FabricBulkEndpoint.Open(new FabricOptions(), notices.Add);
        bool verbs = FabricProviders.List("127.0.0.1").Single(static state => state.Name == "ofi+verbs").Available;
        Assert.That(endpoint.Provider, Is.EqualTo(verbs ? "verbs;ofi_rxm" : "tcp;ofi_rxm"));
        Assert.That(notices, Has.Some.Contains(endpoint.Provider).And.Some.Contains("127.0.0.1"));
    }

    [TestCase("ofi+carrier-pigeon", "127.0.0.1", Status.InvalidArgument, "ofi+carrier-pigeon")]
    [TestCase("tcp", "127.0.0.1", Status.InvalidArgument, "ofi+sockets")]
    [TestCase("ofi+tcp", "203.0.113.77", Status.NotSupported, "203.0.113.77")]
    [TestCase("ofi+tcp", "0.0.0.0", Status.InvalidArgument, "0.0.0.0")]
    [TestCase("ofi+tcp", "localhost", Status.InvalidArgument, "localhost")]
    public void What_cannot_be_opened_is_named(string provider, string address, Status status, string named)
    {
        ChronoLogException refused = Assert.Throws<ChronoLogException>(
            () => FabricBulkEndpoint.Open(new FabricOptions(provider, address)))!;
        Assert.That(refused.Status, Is.EqualTo(status), refused.Message);
        Assert.That(refused.Message, Does.Contain(named));
    }

    [TestCase(1 << 20, 3 << 20)]
    [TestCase(1 << 20, 2 << 20)]
    [TestCase(1 << 20, 1 << 10)]
    public void Sizes_out_of_range_are_refused(long budget, int largest) => Assert.That(
        Assert.Throws<ChronoLogException>(
            () => FabricBulkEndpoint.Open(new FabricOptions(BudgetBytes: budget, LargestSlabBytes: largest)))!.Status,
        Is.EqualTo(Status.InvalidArgument));

    [Test]
    public async Task Shm_leaves_no_file_and_removes_those_of_the_dead()
    {
        FabricBulkEndpoint living = FabricBulkEndpoint.Open(new FabricOptions("ofi+shm"));
        string[] files = [.. Files().Where(static file => file.Contains($"-{Environment.ProcessId}-"))];
        Assert.That(files, Is.Not.Empty);
        string name = Path.GetFileName(files[0]);
        string dead = $"/dev/shm/{name[..name.LastIndexOf('-')]}-00000000deadbeef:0:0";
        await File.WriteAllTextAsync(dead, "left behind");
        FabricBulkEndpoint next = FabricBulkEndpoint.Open(new FabricOptions("ofi+shm"));
        Assert.That(File.Exists(dead), Is.False);
        Assert.That(files, Has.All.Matches<string>(File.Exists), "those of the living stay");
        await living.DisposeAsync();
        await next.DisposeAsync();
        Assert.That(files, Has.None.Matches<string>(File.Exists));
    }

    private static IEnumerable<string> Files() => Directory.EnumerateFiles("/dev/shm", "chronolog-bulk-*");
}
