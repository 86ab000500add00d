using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Time;

[TestFixture]
public sealed class ClockAgreementTests
{
    private const ulong Now = 1_700_000_000_000_000_000;
    private static readonly ulong AheadMax = (ulong)ClockAgreement.AheadMax.TotalNanoseconds;
    private static readonly ProcessIdentity Keeper = new() { Name = "k2", ServiceEndpoint = "tcp://127.0.0.1:6666" };

    [Test]
    public void AClientThatIsFarAheadOfItsKeeperIsTurnedAway()
    {
        var exception =
            Assert.Throws<ChronoLogException>(() => ClockAgreement.Check(Keeper, Now, Now + AheadMax + 1_000_000_000));
        Assert.That(exception!.Status, Is.EqualTo(Status.LimitExceeded));
        Assert.That(exception.Message, Does.Contain("'k2' at tcp://127.0.0.1:6666").And.Contain("301.0 s behind"));
    }

    [Test]
    public void OneThatIsBehindOrALittleAheadIsNot()
    {
        Assert.That(() => ClockAgreement.Check(Keeper, Now, Now + AheadMax), Throws.Nothing);
        Assert.That(() => ClockAgreement.Check(Keeper, Now, 5), Throws.Nothing);
        Assert.That(() => ClockAgreement.Check(Keeper, 0, Now), Throws.Nothing, "a Keeper that does not say");
    }
}
