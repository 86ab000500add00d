using ChronoLog.Core.Agents;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Extraction;

public sealed class BoundedQueueTests
{
    [Test]
    public void Count_and_bytes_bound_what_waits()
    {
        BoundedQueue<string> queue = New(countMax: 3, bytesMax: 10);
        Assert.That(queue.TryEnqueue("12345"), Is.True);
        Assert.That(queue.TryEnqueue("123456"), Is.False, "11 bytes");
        Assert.That(queue.TryEnqueue("1"), Is.True);
        Assert.That(queue.TryEnqueue("2"), Is.True);
        Assert.That(queue.TryEnqueue("3"), Is.False, "4 items");
        Assert.That((queue.Count, queue.Bytes), Is.EqualTo((3, 7L)));
        Assert.That(queue.TryDequeue(out string? first), Is.True);
        Assert.That(first, Is.EqualTo("12345"));
        Assert.That((queue.Count, queue.Bytes), Is.EqualTo((2, 2L)));
    }

    [Test]
    public void What_is_larger_than_the_bound_passes_alone()
    {
        BoundedQueue<string> queue = New(countMax: 3, bytesMax: 4);
        Assert.That(queue.TryEnqueue("123456789"), Is.True);
        Assert.That(queue.TryEnqueue("1"), Is.False);
        queue.TryDequeue(out _);
        Assert.That(queue.TryEnqueue("1"), Is.True);
    }

    [Test]
    public void Waiting_is_first_come_first_served()
    {
        BoundedQueue<string> queue = New(countMax: 1, bytesMax: 100);
        queue.TryEnqueue("a");
        Task second = queue.EnqueueAsync("b").AsTask();
        Task third = queue.EnqueueAsync("c").AsTask();
        Assert.That(queue.TryEnqueue("d"), Is.False);
        Assert.That((second.IsCompleted, third.IsCompleted), Is.EqualTo((false, false)));
        Assert.That(Take(queue), Is.EqualTo("a"));
        Assert.That(Take(queue), Is.EqualTo("b"));
        Assert.That(Take(queue), Is.EqualTo("c"));
        Assert.That(async () => await Task.WhenAll(second, third), Throws.Nothing);
        Assert.That(queue.Count, Is.Zero);
    }

    [Test]
    public void A_cancelled_wait_leaves_no_trace()
    {
        BoundedQueue<string> queue = New(countMax: 1, bytesMax: 100);
        using var cancel = new CancellationTokenSource();
        Task<string> taker = queue.DequeueAsync(cancel.Token).AsTask();
        cancel.Cancel();
        Assert.That(async () => await taker, Throws.InstanceOf<OperationCanceledException>());
        queue.TryEnqueue("a");
        Assert.That(queue.Count, Is.EqualTo(1), "not handed to the taker that is gone");

        using var other = new CancellationTokenSource();
        Task putter = queue.EnqueueAsync("b", other.Token).AsTask();
        other.Cancel();
        Assert.That(async () => await putter, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(Take(queue), Is.EqualTo("a"));
        Assert.That(queue.TryDequeue(out _), Is.False);
    }

    [Test]
    public async Task A_taker_that_waits_gets_the_next()
    {
        BoundedQueue<string> queue = New(countMax: 1, bytesMax: 100);
        Task<string> taker = queue.DequeueAsync().AsTask();
        queue.TryEnqueue("a");
        Assert.That(await taker, Is.EqualTo("a"));
        Assert.That((queue.Count, queue.Bytes), Is.EqualTo((0, 0L)));
    }

    private static string? Take(BoundedQueue<string> queue) => queue.TryDequeue(out string? item) ? item : null;

    private static BoundedQueue<string> New(int countMax, long bytesMax) =>
        new(countMax, bytesMax, text => text.Length);
}
