using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;
using ChronoLog.Transport.Rings;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Rings;

/// <summary>Files, limits, and what is left behind: nothing.</summary>
[TestFixture]
public sealed class SharedRingHostTests
{
    [TestCase(false, UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [TestCase(true, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite)]
    public void FilesArePrivateAndGoWithTheRing(bool groupAccess, UnixFileMode mode)
    {
        using var fixture = new RingFixture(new SharedRingOptions { GroupAccess = groupAccess, OwnerKey = 0xabc });
        SharedRing ring = fixture.CreateRing();
        SharedRing other = fixture.CreateRing();
        Assert.That(File.GetUnixFileMode(ring.Path), Is.EqualTo(mode));
        Assert.That(Path.GetFileName(ring.Path), Does.Match("^chronolog-abc-1-[0-9a-f]{32}$"));
        Assert.That(new FileInfo(ring.Path).Length, Is.EqualTo(RingLayout.HeaderBytes + ring.CapacityBytes));
        ring.Dispose();
        ring.Dispose();
        Assert.That(File.Exists(ring.Path), Is.False);
        Assert.That(() => ring.Committed(1).Length, Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(ring.Tail, Is.EqualTo(ring.Consumed));
        Assert.That(fixture.Host.BytesUsed, Is.EqualTo(RingLayout.CapacityMin));
        fixture.Host.Dispose();
        Assert.That(File.Exists(other.Path), Is.False);
        Assert.That(fixture.Host.BytesUsed, Is.Zero);
    }

    [Test]
    public void AClientOfADisposedRingIsFenced()
    {
        using var fixture = new RingFixture();
        SharedRing ring = fixture.CreateRing();
        StoryWriter writer = fixture.Open(ring);
        writer.LogEvent("x"u8);
        ring.Dispose();
        Assert.That(() => writer.LogEvent("x"u8), Failure(Status.Fenced));
    }

    [TestCase(0)]
    [TestCase(-65536)]
    [TestCase(65535)]
    [TestCase(3 * 65536)]
    [TestCase(1 << 19)]
    [TestCase(long.MaxValue)]
    public void CapacitiesOutOfBoundsAreRefused(long capacity)
    {
        using var fixture = new RingFixture(new SharedRingOptions { CapacityMax = 1 << 18 });
        Assert.That(() => fixture.CreateRing(capacity), Failure(Status.InvalidArgument));
        Assert.That(fixture.Host.BytesUsed, Is.Zero);
    }

    [Test]
    public void TheBudgetHolds()
    {
        using var fixture = new RingFixture(new SharedRingOptions { TotalBytesMax = 2 * RingLayout.CapacityMin });
        SharedRing first = fixture.CreateRing();
        fixture.CreateRing();
        Assert.That(() => fixture.CreateRing(), Failure(Status.LimitExceeded));
        first.Dispose();
        fixture.CreateRing();
    }

    [Test]
    public void ADirectoryThatTakesNoFileIsNamed()
    {
        using var host = new SharedRingHost(new SharedRingOptions { Directory = "/dev/shm/no-such-directory" });
        Assert.That(() => host.Create(1, 1, 0, RingLayout.CapacityMin),
            Throws.InstanceOf<ChronoLogException>().With.Message.Contains("/dev/shm/no-such-directory"));
        Assert.That(host.BytesUsed, Is.Zero);
    }

    private static NUnit.Framework.Constraints.IResolveConstraint Failure(Status status) =>
        Throws.InstanceOf<ChronoLogException>().With.Property("Status").EqualTo(status);
}
