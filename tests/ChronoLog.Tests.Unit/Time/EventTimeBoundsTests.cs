using ChronoLog.Core.Time;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Time;

[TestFixture]
public sealed class EventTimeBoundsTests
{
    private const ulong Now = 1_800_000_000_000_000_000;

    /// <summary>Whatever the recorder takes, and however long it waits after that (within reason), the Keeper takes.</summary>
    [Test]
    public void WhatIsAcceptedAtTheCallIsIndexedLater()
    {
        var random = new Random(1);
        for (int i = 0; i < 100_000; i++)
        {
            var bounds = new EventTimeBounds(
                TimeSpan.FromSeconds(random.NextDouble() * 1e7), TimeSpan.FromSeconds(random.NextDouble() * 600));
            ulong tick = random.Next(2) == 0
                ? Now - (ulong)(random.NextDouble() * bounds.LateNanoseconds)
                : Now + (ulong)(random.NextDouble() * bounds.FutureNanoseconds);
            double apart = ((2 * random.NextDouble()) - 1) * EventTimeBounds.ClocksApart.TotalNanoseconds;
            ulong waited = (ulong)(random.NextDouble() * (EventTimeBounds.WaitedMax - EventTimeBounds.ClocksApart).TotalNanoseconds);
            ulong arrival = (ulong)((long)Now + (long)apart) + waited;
            Assert.That(bounds.AtKeeper(arrival).Contains(tick), Is.True, $"{bounds}: {tick} at {arrival}");
        }
    }

    [Test]
    public void AbsurdTicksAreNotIndexed()
    {
        EventTimeRange range = EventTimeBounds.Default.AtKeeper(Now);
        foreach (ulong tick in (ulong[])[0, 1, Now / 2, 1UL << 63, ulong.MaxValue])
        {
            Assert.That(range.Contains(tick), Is.False, $"{tick}");
        }

        Assert.That(range.Contains(range.Least) && range.Contains(range.Most), Is.True);
        Assert.That(range.Contains(range.Least - 1) || range.Contains(range.Most + 1), Is.False);
    }

    [Test]
    public void NothingOverflowsAtTheEndsOfTime()
    {
        var bounds = new EventTimeBounds(ulong.MaxValue, ulong.MaxValue);
        Assert.That(bounds.AtKeeper(5), Is.EqualTo(EventTimeRange.All));
        Assert.That(EventTimeBounds.Default.AtKeeper(0).Least, Is.Zero);
        Assert.That(EventTimeBounds.Default.AtKeeper(ulong.MaxValue).Most, Is.EqualTo(ulong.MaxValue));
        Assert.That(
            bounds.Within(EventTimeBounds.Default), Is.EqualTo(EventTimeBounds.Default), "the strictest holds for all");
    }
}
