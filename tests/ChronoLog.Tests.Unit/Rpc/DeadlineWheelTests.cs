using ChronoLog.Transport.Timing;

namespace ChronoLog.Tests.Unit.Rpc;

/// <summary>The wheel against a sorted list.</summary>
public class DeadlineWheelTests
{
    private const long Millisecond = 1_000_000;
    private const long TickMax = 4 * Millisecond;

    private sealed class Node : WheelNode
    {
        public long Due { get; init; }
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void Expires_what_is_due_and_nothing_else(int seed)
    {
        var random = new Random(seed);
        long now = random.NextInt64(1L << 50);
        var wheel = new DeadlineWheel(now);
        var model = new List<Node>();
        var expired = new List<WheelNode>();
        for (int step = 0; step < 20_000; step++)
        {
            switch (random.Next(4))
            {
                case 0 or 1:
                    var node = new Node { Due = now + random.NextInt64(20_000 * Millisecond) };
                    wheel.Add(node, node.Due);
                    model.Add(node);
                    break;
                case 2 when model.Count > 0:
                    Node victim = model[random.Next(model.Count)];
                    wheel.Remove(victim);
                    model.Remove(victim);
                    break;
                default:
                    long next = wheel.NanosecondsToNext(now);
                    Assert.That(next >= 0, Is.EqualTo(model.Count > 0));
                    now += random.Next(3) == 0 ? Math.Max(0, next) : random.NextInt64(200 * Millisecond);
                    Advance(wheel, model, expired, now);
                    break;
            }

            Assert.That(wheel.Count, Is.EqualTo(model.Count));
        }
    }

    [Test]
    public void The_wait_never_passes_a_deadline_by_more_than_a_tick()
    {
        var wheel = new DeadlineWheel(0);
        var node = new Node { Due = 10_000 * Millisecond };
        wheel.Add(node, node.Due);
        long now = 0;
        var expired = new List<WheelNode>();
        int waits = 0;
        while (expired.Count == 0)
        {
            now += wheel.NanosecondsToNext(now);
            wheel.Advance(now, expired);
            waits++;
        }

        Assert.That(now, Is.InRange(node.Due, node.Due + TickMax));
        Assert.That(waits, Is.LessThan(10), "a turn of the wheel, not a tick, is waited for");
    }

    [Test]
    public void A_long_pause_expires_everything_due()
    {
        var wheel = new DeadlineWheel(0);
        Node[] nodes = Enumerable.Range(1, 100).Select(i => new Node { Due = i * 777 * Millisecond }).ToArray();
        Array.ForEach(nodes, node => wheel.Add(node, node.Due));
        var expired = new List<WheelNode>();

        wheel.Advance(1_000_000 * Millisecond, expired);

        Assert.That(expired, Is.EquivalentTo(nodes));
    }

    private static void Advance(DeadlineWheel wheel, List<Node> model, List<WheelNode> expired, long now)
    {
        expired.Clear();
        wheel.Advance(now, expired);
        Assert.That(expired.Cast<Node>(), Has.All.Matches<Node>(node => node!.Due <= now), "early");
        expired.ForEach(node => model.Remove((Node)node));
        Assert.That(model, Has.All.Matches<Node>(node => node!.Due > now - TickMax), "late");
    }
}
