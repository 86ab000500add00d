using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Tests.Unit.Fakes;
using ChronoLog.Visor.Clock;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Visor;

[TestFixture]
public sealed class BaseClockTests
{
    private static readonly DateTime Wall = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);

    private readonly RecordingLogger logger = new();
    private MemoryMetadataStore store = null!;
    private ManualTimers timers = null!;

    [SetUp]
    public void Begin() => (store, timers) = (new MemoryMetadataStore(), new ManualTimers());

    [Test]
    public void ItBeginsAtTheWallClockAndGoesWithTheMonotonicOne()
    {
        BaseClock clock = Open("boot-1", Wall);
        Assert.That(clock.Now, Is.EqualTo(Tick(Wall)));
        timers.Advance(TimeSpan.FromSeconds(5));
        Assert.That(clock.Tell(), Is.EqualTo(Tick(Wall.AddSeconds(5))));
        Assert.That(clock.UncertaintyNanoseconds, Is.Zero);
    }

    [TestCase(-3600)]
    [TestCase(0)]
    [TestCase(3600)]
    public void ARestartInTheSameBootGoesOnExactlyWhateverTheWallClockDid(int step)
    {
        BaseClock before = Open("boot-1", Wall);
        timers.Advance(TimeSpan.FromSeconds(2));
        BaseClock after = Open("boot-1", Wall.AddSeconds(2 + step));
        timers.Advance(TimeSpan.FromSeconds(20));
        Assert.That(after.Now, Is.EqualTo(before.Now));
        Assert.That(after.Epoch, Is.EqualTo(before.Epoch));
    }

    [Test]
    public void AnotherBootBeginsAtItsWallClockIfThatIsLater()
    {
        BaseClock before = Open("boot-1", Wall);
        timers.Advance(TimeSpan.FromSeconds(2));
        BaseClock after = Open("boot-2", Wall.AddMinutes(3));
        Assert.That(after.Now, Is.EqualTo(Tick(Wall.AddMinutes(3))));
        Assert.That(after.Epoch, Is.Not.EqualTo(before.Epoch));
    }

    [Test]
    public void AnotherBootThatIsALittleBehindGoesOnFromTheMark()
    {
        BaseClock before = Open("boot-1", Wall);
        timers.Advance(TimeSpan.FromSeconds(2));
        ulong told = before.Tell();
        BaseClock after = Open("boot-2", Wall.AddSeconds(-4));
        Assert.That(after.Now, Is.GreaterThanOrEqualTo(told));
        Assert.That(after.Now, Is.LessThanOrEqualTo(told + Nanoseconds(BaseClock.Ahead) + 1));
        Assert.That(logger.Lines.Select(static line => line.Text), Has.Some.Contains("behind the ticks given out before"));
    }

    [Test]
    public void AnotherBootThatIsFarBehindIsRefusedWithWhatToDo()
    {
        Open("boot-1", Wall);
        var exception = Assert.Throws<ChronoLogException>(() => Open("boot-2", Wall.AddSeconds(-60)));
        Assert.That(exception!.Message, Does.Contain("63.0 s behind").And.Contain("clock-behind-max")
            .And.Contain("set the node's clock"));
        Assert.That(() => Open("boot-2", Wall.AddSeconds(-60), behindMax: 64), Throws.Nothing);
    }

    [TestCase("boot-2")]
    [TestCase("")]
    public void AMonotonicClockThatIsNotTheSameIsNotTrusted(string boot)
    {
        timers.Advance(TimeSpan.FromHours(1));
        BaseClock before = Open(boot, Wall);
        ulong told = before.Tell();
        timers = new ManualTimers(); // counts from zero again
        Assert.That(Open("boot-2", Wall.AddSeconds(10)).Tell(), Is.GreaterThanOrEqualTo(told));
        timers = new ManualTimers();
        timers.Advance(TimeSpan.FromSeconds(1));
        Assert.That(Open("boot-2", Wall.AddSeconds(20)).Tell(), Is.GreaterThanOrEqualTo(Tick(Wall.AddSeconds(11))));
    }

    [TestCase("1 x y boot-1")]
    [TestCase("2 0 0 boot-1")]
    [TestCase("")]
    [TestCase("1 0 99999999999999999999 boot-1")]
    public void AnAnchorThatIsNoneIsPassedOver(string text)
    {
        store.PutValue("clock-anchor", text);
        Assert.That(Open("boot-1", Wall).Now, Is.EqualTo(Tick(Wall)));
    }

    [Test]
    public void AnchoredAnewItJumpsToALaterWallClock()
    {
        Open("boot-1", Wall);
        BaseClock after = Open("boot-1", Wall.AddHours(1), isAnew: true);
        Assert.That(after.Now, Is.EqualTo(Tick(Wall.AddHours(1))));
    }

    [Test]
    public void NothingIsToldThatTheMarkDoesNotCover()
    {
        var failing = new FailingMarks(store);
        BaseClock clock = BaseClock.Open(timers, failing, () => Wall, Options("boot-1", 10, false), logger);
        failing.Fails = true;
        timers.Advance(BaseClock.Ahead - TimeSpan.FromMilliseconds(1));
        Assert.That(() => clock.Tell(), Throws.Nothing);
        Assert.That(clock.TryTell(out ulong told), Is.True);
        Assert.That(told, Is.EqualTo(clock.Now));
        timers.Advance(TimeSpan.FromMilliseconds(2));
        Assert.That(clock.TryTell(out _), Is.False, "whoever may not write does not tell it either");
        Assert.That(() => clock.Tell(), Throws.InstanceOf<ChronoLogException>());
        failing.Fails = false;
        Assert.That(clock.TryTell(out _), Is.False);
        Assert.That(() => clock.Tell(), Throws.Nothing);
        Assert.That(clock.TryTell(out _), Is.True);
    }

    [Test]
    public void TimeNeverGoesBack([Range(1, 50)] int seed)
    {
        var random = new Random(seed);
        ulong told = 0;
        TimeSpan step = TimeSpan.Zero;
        TimeSpan passed = TimeSpan.Zero;
        int boot = 0;
        for (int life = 0; life < 30; life++)
        {
            step += TimeSpan.FromSeconds(random.Next(-20, 20));
            if (random.Next(2) == 0)
            {
                boot++;
                timers = new ManualTimers();
            }

            try
            {
                BaseClock clock = Open($"boot-{boot}", Wall + passed + step);
                for (int answer = 0; answer < 5; answer++)
                {
                    ulong tick = clock.Tell();
                    Assert.That(tick, Is.GreaterThanOrEqualTo(told), $"life {life}");
                    told = tick;
                    TimeSpan pause = TimeSpan.FromMilliseconds(random.Next(0, 8000));
                    timers.Advance(pause);
                    passed += pause;
                }
            }
            catch (ChronoLogException)
            {
                // Refused, which is the other right answer.
            }
        }
    }

    private static ulong Tick(DateTime time) => (ulong)(time - DateTime.UnixEpoch).Ticks * 100;

    private static ulong Nanoseconds(TimeSpan duration) => (ulong)duration.Ticks * 100;

    private static BaseClockOptions Options(string boot, int behindMax, bool isAnew) =>
        new() { BootId = boot, BehindMax = TimeSpan.FromSeconds(behindMax), IsAnchoredAnew = isAnew };

    private BaseClock Open(string boot, DateTime wall, int behindMax = 10, bool isAnew = false) =>
        BaseClock.Open(timers, store, () => wall, Options(boot, behindMax, isAnew), logger);
}
