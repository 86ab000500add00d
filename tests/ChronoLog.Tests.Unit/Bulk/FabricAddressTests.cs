using NUnit.Framework;
using ChronoLog.Interop.Fabric;
using ChronoLog.Transport.Bulk;
using FsCheck;
using FsCheck.Fluent;

namespace ChronoLog.Tests.Unit.Bulk;

[TestFixture("ofi+tcp")]
[TestFixture("ofi+shm")]
public sealed class FabricAddressTests(string provider)
{
    private OpenFabric fabric = null!;
    private byte[] valid = [];

    [OneTimeSetUp]
    public void Open()
    {
        fabric = FabricProviders.Open(new FabricOptions(provider), static _ => { });
        valid = new FabricAddress(17, 4096, fabric.Serve.Address).Encode();
    }

    [OneTimeTearDown]
    public void Close() => fabric.Dispose();

    [Test]
    public void What_was_written_is_read()
    {
        Assert.That(FabricAddress.TryParse(valid, fabric.Domain, out FabricAddress read), Is.True);
        Assert.That(read.TableKey, Is.EqualTo(17));
        Assert.That(read.TableBase, Is.EqualTo(4096));
        Assert.That(read.Endpoint, Is.EqualTo(fabric.Serve.Address));
        Assert.That(FabricAddress.Describe(read.Endpoint), Does.StartWith(
            provider == "ofi+shm" ? "fi_shm://chronolog-bulk-" : "127.0.0.1:"));
    }

    [Test]
    public void No_cut_and_no_excess_is_taken()
    {
        for (int length = 0; length < valid.Length; length++)
        {
            Assert.That(FabricAddress.TryParse(valid.AsSpan(0, length), fabric.Domain, out _), Is.False, $"{length}");
        }

        Assert.That(FabricAddress.TryParse([.. valid, 0], fabric.Domain, out _), Is.False);
        Assert.That(FabricAddress.TryParse(new byte[FabricAddress.BytesMax + 1], fabric.Domain, out _), Is.False);
    }

    [FsCheck.NUnit.Property]
    public Property Flipped_bytes_are_refused_or_still_an_address_of_the_same_form(PositiveInt place, byte value)
    {
        byte[] bytes = [.. valid];
        bytes[place.Get % bytes.Length] = value;
        bool taken = FabricAddress.TryParse(bytes, fabric.Domain, out FabricAddress read);
        return (!taken || read.Endpoint.Length == fabric.Serve.Address.Length).ToProperty();
    }

    [TestCase("fi_shm://chronolog-bulk-1-2-3/../../etc/passwd:0:0\0")]
    [TestCase("fi_shm://other-program-with-a-long-name:0:0\0")]
    [TestCase("fi_shm://chronolog-bulk-1-2-abcdefabcdef:0:0")]
    [TestCase("fi_ns://chronolog-bulk-1-2-abcdefabcdef:0:0\0")]
    public void Names_that_are_not_ours_are_no_shm_addresses(string text) =>
        Assert.That(ShmName.IsAddress(System.Text.Encoding.ASCII.GetBytes(text)), Is.False);
}
