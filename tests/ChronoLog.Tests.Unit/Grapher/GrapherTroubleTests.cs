using static ChronoLog.Tests.Unit.Grapher.TestKeeper;

namespace ChronoLog.Tests.Unit.Grapher;

/// <summary>Why nothing is archived is in the heartbeat, for as long as it is so.</summary>
public sealed class GrapherTroubleTests
{
    [Test]
    public void A_chunk_that_cannot_be_archived_says_why_until_it_is()
    {
        bool isFull = true;
        var fixture = new GrapherFixture();
        fixture.Archive.Fail = _ => isFull ? new IOException("No space left on device") : null;
        fixture.Keepers[0].Announce(1000, 1010, (1001, 1, "a"));
        fixture.ReportAll(Tick(1010));
        fixture.Advance(5);
        Assert.That(fixture.Heartbeat.Trouble, Is.Empty);
        fixture.Advance(15);
        Assert.That(fixture.Heartbeat.Trouble, Does.Contain("No space left on device"));

        isFull = false;
        fixture.Advance(30);
        Assert.That(fixture.Archived, Has.Count.EqualTo(1));
        Assert.That(fixture.Heartbeat.Trouble, Is.Empty);
    }
}
