using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Interop.Posix;
using ChronoLog.Store.Archive;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Store.Archive;

/// <summary>An archive in a directory of its own, and the events that tests put into it.</summary>
internal sealed class ArchiveSandbox : IDisposable
{
    public const string Chronicle = "cluster/α";
    public const string Story = "node 1";

    public ArchiveSandbox()
    {
        Path = Directory.CreateTempSubdirectory("chronolog-archive-").FullName;
        Root = ArchiveRoot.Open(Path);
        StoryDirectory = Root.CreateStory(Name);
    }

    public string Path { get; }

    public ArchiveRoot Root { get; }

    public PosixDirectory StoryDirectory { get; }

    public static StoryName Name => new(Chronicle, Story);

    public static ulong StoryId => Name.StoryId;

    /// <summary>
    /// Random events in [start, end), in random order, with ties in time, and records of 0 to lengthMax bytes.
    /// </summary>
    public static List<ModelEvent> RandomEvents(Random random, int count, ulong start, ulong end, int lengthMax)
    {
        var events = new List<ModelEvent>(count);
        for (int i = 0; i < count; i++)
        {
            var record = new byte[random.Next(lengthMax + 1)];
            random.NextBytes(record);
            ulong time = start + (ulong)random.NextInt64((long)(end - start));
            events.Add(new ModelEvent(new EventSequence(time, (ulong)random.Next(1, 4), (uint)i), record));
        }

        return events;
    }

    /// <summary>A chunk of several runs that overlap in time.</summary>
    public static StoryChunk ChunkOf(IReadOnlyList<ModelEvent> events, ulong start, ulong end, int runs = 3)
    {
        var chunk = new StoryChunk(StoryId, start, end);
        for (int r = 0; r < runs; r++)
        {
            EventRun? run = RunOf([.. events.Where((_, i) => i % runs == r)]);
            if (run is not null)
            {
                chunk.Add(run);
                run.Release();
            }
        }

        return chunk;
    }

    public static StoryFileContent ContentOf(StoryChunk chunk) => new()
    {
        Chronicle = Chronicle,
        Story = Story,
        StoryId = StoryId,
        StartTime = chunk.StartTime,
        EndTime = chunk.EndTime,
        EventCount = chunk.EventCount,
        RecordBytes = chunk.RecordBytes,
        Open = chunk.OpenMerge,
        Partials = [new PartialKey(7, 1, 1), new PartialKey(9, 2, 5)],
        Complete = true,
    };

    /// <summary>Writes events as one file and returns its path.</summary>
    public string Write(IReadOnlyList<ModelEvent> events, ulong start, ulong end, StoryFileWriter? writer = null)
    {
        StoryChunk chunk = ChunkOf(events, start, end);
        try
        {
            StoryFileName name = (writer ?? new StoryFileWriter()).Write(StoryDirectory, ContentOf(chunk));
            return System.IO.Path.Combine(StoryDirectory.Path, name.ToString());
        }
        finally
        {
            chunk.Release();
        }
    }

    public string[] FilesVisible() =>
        [.. new DirectoryInfo(StoryDirectory.Path).GetFiles().Select(f => f.Name).Where(n => !n.StartsWith('.'))];

    public static List<ModelEvent> ReadAll(IEnumerable<EventRun> runs)
    {
        var events = new List<ModelEvent>();
        foreach (EventRun run in runs)
        {
            foreach (ref readonly EventEntry entry in run.Entries)
            {
                events.Add(new ModelEvent(entry.Sequence, entry.LogRecord.ToArray()));
            }

            run.Release();
        }

        return events;
    }

    public static void AssertEqual(IReadOnlyList<ModelEvent> actual, IEnumerable<ModelEvent> expected)
    {
        ModelEvent[] wanted = [.. expected];
        Assert.That(actual.Select(e => e.Sequence), Is.EqualTo(wanted.Select(e => e.Sequence)));
        for (int i = 0; i < wanted.Length; i++)
        {
            Assert.That(actual[i].Record.AsSpan().SequenceEqual(wanted[i].Record), Is.True, $"record {i}");
        }
    }

    public void Dispose()
    {
        StoryDirectory.Dispose();
        Root.Dispose();
        Directory.Delete(Path, recursive: true);
    }

    private static EventRun? RunOf(ModelEvent[] events)
    {
        var block = new PinnedBlock(Math.Max(1, events.Sum(e => e.Record.Length)));
        var builder = new EventRunBuilder();
        int at = 0;
        foreach (ModelEvent e in events)
        {
            e.Record.CopyTo(block.Span[at..]);
            builder.Append(
                new EventEntry(
                    e.Sequence.EventTime, e.Sequence.ClientId, e.Sequence.EventIndex,
                    block.Address + at, e.Record.Length),
                block);
            at += e.Record.Length;
        }

        EventRun? run = builder.Build();
        block.Release();
        return run;
    }
}

/// <summary>An event as the slow model knows it.</summary>
internal sealed record ModelEvent(EventSequence Sequence, byte[] Record);
