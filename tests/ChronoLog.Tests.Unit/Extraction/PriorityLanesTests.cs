using ChronoLog.Core.Agents;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Extraction;

public sealed class PriorityLanesTests
{
    [Test]
    public void Priority_goes_first_and_every_fifth_is_another_one()
    {
        var lanes = new PriorityLanes<string>();
        for (int i = 0; i < 3; i++)
        {
            lanes.Add($"s{i}", isPriority: false);
        }

        for (int i = 0; i < 10; i++)
        {
            lanes.Add($"p{i}", isPriority: true);
        }

        var taken = new List<string>();
        while (lanes.TryPeek(out string? next))
        {
            Assert.That(lanes.TryTake(out string? item), Is.True);
            Assert.That(item, Is.EqualTo(next));
            taken.Add(item!);
        }

        Assert.That(string.Join(' ', taken), Is.EqualTo("p0 p1 p2 p3 s0 p4 p5 p6 p7 s1 p8 p9 s2"));
        Assert.That(lanes.TryTake(out _), Is.False);
    }

    [Test]
    public void What_waits_alone_does_not_use_up_its_turns()
    {
        var lanes = new PriorityLanes<string>();
        for (int i = 0; i < 9; i++)
        {
            lanes.Add("p", isPriority: true);
            Assert.That(lanes.TryTake(out _), Is.True);
        }

        lanes.Add("s", isPriority: false);
        lanes.Add("p", isPriority: true);
        Assert.That(lanes.TryTake(out string? first) ? first : null, Is.EqualTo("p"));
    }

    [Test]
    public void A_queue_admits_and_gives_out_what_has_priority_first()
    {
        var queue = new BoundedQueue<string>(1, 100, item => item.Length, item => item[0] == 'p');
        queue.TryEnqueue("s0");
        Task[] waiting = [.. new[] { "s1", "s2", "p1", "p2" }.Select(item => queue.EnqueueAsync(item).AsTask())];
        Assert.That(waiting.Select(task => task.IsCompleted), Is.All.False);

        var taken = new List<string>();
        while (queue.TryDequeue(out string? item))
        {
            taken.Add(item);
        }

        Assert.That(taken, Is.EqualTo(["s0", "p1", "p2", "s1", "s2"]));
        Assert.That(async () => await Task.WhenAll(waiting), Throws.Nothing);
    }

    [Test]
    public void A_cancelled_wait_in_the_priority_lane_leaves_no_trace()
    {
        var queue = new BoundedQueue<string>(1, 100, item => item.Length, item => item[0] == 'p');
        using var cancel = new CancellationTokenSource();
        queue.TryEnqueue("s0");
        Task waiting = queue.EnqueueAsync("p1", cancel.Token).AsTask();
        cancel.Cancel();

        Assert.That(async () => await waiting, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(queue.TryDequeue(out _), Is.True);
        Assert.That(queue.TryDequeue(out _), Is.False);
    }
}
