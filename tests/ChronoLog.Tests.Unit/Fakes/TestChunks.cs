using System.Text;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Fakes;

/// <summary>Small chunks for tests.</summary>
public static class TestChunks
{
    public static StoryDescriptor Story(string chronicle = "c", string story = "s", uint incarnation = 0) => new()
    {
        Chronicle = chronicle,
        Story = story,
        StoryId = StoryIdentity.Hash(chronicle, story, incarnation),
        Incarnation = incarnation,
        Group = 1,
    };

    /// <summary>A chunk with one event per triple (time, client, record); the index counts up.</summary>
    public static StoryChunk Chunk(
        StoryDescriptor story, ulong start, ulong end, params (ulong Time, ulong Client, string Record)[] events)
    {
        var builder = new EventRunBuilder();
        uint index = 0;
        foreach ((ulong time, ulong client, string record) in events)
        {
            Append(builder, time, client, index++, Encoding.UTF8.GetBytes(record));
        }

        return Chunk(story, start, end, builder);
    }

    /// <summary>A chunk of many events, evenly spread over the range.</summary>
    public static StoryChunk Chunk(
        StoryDescriptor story, ulong start, ulong end, int count, int recordBytes, ulong client = 1)
    {
        var builder = new EventRunBuilder();
        for (int i = 0; i < count; i++)
        {
            var record = new byte[recordBytes];
            Array.Fill(record, (byte)('a' + (i % 26)));
            Append(builder, start + ((end - start) * (ulong)i / (ulong)count), client, (uint)i, record);
        }

        return Chunk(story, start, end, builder);
    }

    public static RetiredChunk Partial(
        StoryDescriptor story, StoryChunk chunk, ulong process = 7, ulong sequence = 1, ulong epoch = 1) =>
        new(
            story,
            chunk,
            new PartialIdentity { ProcessId = process, Epoch = epoch, Sequence = sequence },
            false,
            [],
            false);

    private static StoryChunk Chunk(StoryDescriptor story, ulong start, ulong end, EventRunBuilder builder)
    {
        var chunk = new StoryChunk(story.StoryId, start, end);
        EventRun? run = builder.Build();
        if (run is not null)
        {
            Assert.That(chunk.Add(run), Is.EqualTo(run.Count), "a test's events lie outside of its chunk");
            run.Release();
        }

        return chunk;
    }

    private static void Append(EventRunBuilder builder, ulong time, ulong client, uint index, byte[] record)
    {
        var block = new PinnedBlock(record.Length);
        record.CopyTo(block.Span);
        builder.Append(new EventEntry(time, client, index, block.Address, record.Length), block);
        block.Release();
    }
}
