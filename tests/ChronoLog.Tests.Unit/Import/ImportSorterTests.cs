using System.Text;
using ChronoLog.App.Import;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Import;

[TestFixture]
public sealed class ImportSorterTests
{
    [Test]
    public void AnyOrderComesOutSortedInLittleMemory([Range(1, 8)] int seed)
    {
        var random = new Random(seed);
        string directory = Directory.CreateTempSubdirectory("chronolog-sort-").FullName;
        try
        {
            var events = new List<(EventKey Key, string Record)>();
            using (var sorter = new ImportSorter(directory, bytesMax: 4096))
            {
                for (uint i = 0; i < 20_000; i++)
                {
                    var key = new EventKey((ulong)random.Next(3000), (ulong)random.Next(2), i);
                    string record = new('x', random.Next(random.Next(20) == 0 ? 6000 : 40));
                    events.Add((key, record));
                    sorter.Add(key, Encoding.ASCII.GetBytes(record));
                }

                Assert.That(sorter.FilesWritten, Is.GreaterThan(64), "or merging files to files is not tested");
                Assert.That(Directory.EnumerateFileSystemEntries(directory), Is.Empty, "they have no names");
                using ISortedEvents sorted = sorter.Finish();
                foreach ((EventKey key, string record) in events.OrderBy(static each => each.Key))
                {
                    Assert.That(sorted.MoveNext(), Is.True);
                    Assert.That(sorted.Key, Is.EqualTo(key), $"seed {seed}");
                    Assert.That(sorted.Record.Length, Is.EqualTo(record.Length), $"seed {seed}");
                }

                Assert.That(sorted.MoveNext(), Is.False);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Test]
    public void ChunksHoldEverythingOnceInRangesOfTheirOwn()
    {
        var random = new Random(3);
        var collected = new ImportChunk(storyId: 9, bytesMax: 1000);
        var expected = new List<EventKey>();
        var found = new List<EventKey>();
        ulong time = 5;
        for (uint i = 0; i < 5_000; i++)
        {
            var key = new EventKey(time += (ulong)random.Next(2), 1UL << 63, i);
            expected.Add(key);
            byte[] record = new byte[random.Next(random.Next(50) == 0 ? 3000 : 60)];
            while (!collected.TryAdd(key, record))
            {
                Take(collected, found);
            }
        }

        Take(collected, found);
        Assert.That(found, Is.EqualTo(expected));
        Assert.That(collected.Take(), Is.Null);
    }

    private static void Take(ImportChunk collected, List<EventKey> found)
    {
        StoryChunk chunk = collected.Take()!;
        List<EventEntry> entries = [.. chunk.Runs.SelectMany(static run => run.Entries.ToArray())];
        Assert.That(entries, Has.Count.EqualTo(chunk.EventCount));
        Assert.That((chunk.StartTime, chunk.EndTime), Is.EqualTo((entries[0].EventTime, entries[^1].EventTime + 1)));
        found.AddRange(entries.Select(static entry => new EventKey(entry.EventTime, entry.ClientId, entry.EventIndex)));
        chunk.Release();
    }
}
