using ChronoLog.App.Hosting;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Deployment;

/// <summary>One writer per group and archive, and a name by which processes know the same archive.</summary>
public sealed class ArchiveOwnershipTests
{
    private string archive = null!;

    [SetUp]
    public void SetUp() => archive = Directory.CreateTempSubdirectory("chronolog-archive-").FullName;

    [TearDown]
    public void TearDown() => Directory.Delete(archive, recursive: true);

    [Test]
    public void Another_grapher_of_the_group_is_refused_as_long_as_the_first_one_runs()
    {
        using (ArchiveClaim.Take(archive, 3))
        {
            ChronoLogException refusal = Assert.Throws<ChronoLogException>(() => ArchiveClaim.Take(archive, 3).Dispose())!;
            Assert.That(refusal.Status, Is.EqualTo(Status.Fenced));
            Assert.That(refusal.Message, Does.Contain(archive).And.Contain("group 3"));
            ArchiveClaim.Take(archive, 4).Dispose(); // groups may share a directory
        }

        ArchiveClaim.Take(archive, 3).Dispose();
    }

    [Test]
    public void Everybody_who_looks_sees_the_same_name()
    {
        string[] names = new string[8];
        Parallel.For(0, names.Length, i => names[i] = ArchiveIdentity.Of(archive));
        Assert.That(names, Has.All.EqualTo(names[0]).And.All.Length.EqualTo(32));
        Assert.That(Directory.GetFiles(archive).Select(Path.GetFileName), Is.EqualTo([".archive-id"]));
        string other = Directory.CreateDirectory(Path.Combine(archive, "other")).FullName;
        Assert.That(ArchiveIdentity.Of(other), Is.Not.EqualTo(names[0]));
        Assert.That(ArchiveIdentity.Of(Path.Combine(archive, "missing")), Is.Empty);
    }
}
