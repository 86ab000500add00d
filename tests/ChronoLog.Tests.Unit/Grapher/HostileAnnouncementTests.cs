using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using Google.Protobuf;

namespace ChronoLog.Tests.Unit.Grapher;

/// <summary>Announcements and images that lie.</summary>
public sealed class HostileAnnouncementTests
{
    private static readonly TestCaseData[] Attacks =
    [
        Attack("no story", request => request.Story = null),
        Attack("story id", request => request.Story.StoryId++),
        Attack("must not be empty", request => request.Story.Chronicle = ""),
        Attack("no sending process", request => request.Partial = null),
        Attack("no sending process", request => request.Partial.ProcessId = 0),
        Attack("is empty", request => request.EndTime = request.StartTime),
        Attack("too far after now", request => request.EndTime = ulong.MaxValue),
        Attack("part", request => request.Part = uint.MaxValue),
        Attack("admin endpoint", request => request.AdminEndpoint = ""),
        Attack("admin endpoint", request => request.AdminEndpoint = "tcp://" + new string('x', 10_000)),
        Attack("no image", request => request.Image = null),
        Attack("provider 'verbs'", request => request.Image.Provider = "verbs"),
        Attack("fabric address", request => request.Image.FabricAddress = ByteString.CopyFrom(new byte[513])),
        Attack("largest slab", request => request.Image.Length = uint.MaxValue),
        Attack("do not fit", request => request.Image.Length = 0),
        Attack("do not fit", request => request.EventCount = 0),
        Attack("do not fit", request => request.EventCount = uint.MaxValue),
    ];

    [TestCaseSource(nameof(Attacks))]
    public void Lies_are_refused_before_anything_is_allocated(string wrong, Action<AnnounceChunkRequest> change)
    {
        var fixture = new GrapherFixture();
        RetiredChunk partial = fixture.Keepers[0].NewPartial(1000, 1010, (1001, 1, "a"));
        ChronoLogException error = Refusal(fixture, partial, change);
        Assert.That(error.Status, Is.EqualTo(Status.InvalidArgument));
        Assert.That(error.Message, Does.Contain(wrong));
        Assert.That((fixture.Bulk.Pulls, fixture.Role.HeldBytes), Is.EqualTo((0L, 0L)));
        fixture.Keepers[0].Announce(partial);
        Assert.That(fixture.Read(0, ulong.MaxValue), Has.Count.EqualTo(1), "it serves on");
    }

    [Test]
    public void A_damaged_image_is_refused_by_name_and_can_be_sent_again()
    {
        var fixture = new GrapherFixture();
        fixture.Bulk.Damage = bytes => bytes.Span[140] ^= 1;
        RetiredChunk partial = fixture.Keepers[0].NewPartial(1000, 1010, (1001, 1, "a"));
        ChronoLogException error = Assert.Throws<ChronoLogException>(() => fixture.Keepers[0].Announce(partial))!;
        Assert.That(error.Status, Is.EqualTo(Status.Corrupt));
        Assert.That(error.Message, Does.Contain("c/s").And.Contain("CRC32C"));
        Assert.That((fixture.Role.HeldBytes, fixture.Bulk.BytesRented), Is.EqualTo((0L, 0L)));

        fixture.Bulk.Damage = null;
        fixture.Keepers[0].Announce(partial);
        Assert.That(fixture.Read(0, ulong.MaxValue), Has.Count.EqualTo(1));
    }

    [Test]
    public void An_image_that_is_not_what_was_announced_is_refused()
    {
        // The checksum is right, the content is another chunk's.
        Action<AnnounceChunkRequest>[] changes =
        [
            request => request.Partial.Sequence = 99,
            request => request.Partial.ProcessId++,
            request => request.EndTime++,
            request => request.Partial.Epoch++,
        ];
        foreach (Action<AnnounceChunkRequest> change in changes)
        {
            var fixture = new GrapherFixture();
            RetiredChunk partial = fixture.Keepers[0].NewPartial(1000, 1010, (1001, 1, "a"));
            Assert.That(Refusal(fixture, partial, change).Status, Is.EqualTo(Status.Corrupt));
            Assert.That((fixture.Role.HeldBytes, fixture.Bulk.BytesRented), Is.EqualTo((0L, 0L)));
            Assert.That(fixture.Read(0, ulong.MaxValue), Is.Empty);
        }
    }

    [Test]
    public void Garbage_with_a_right_checksum_is_refused()
    {
        var fixture = new GrapherFixture();
        RetiredChunk partial = fixture.Keepers[0].NewPartial(1000, 1010, (1001, 1, "a"));
        ChronoLogException error = Refusal(fixture, partial, _ => { }, image => image.Fill(0xA5));
        Assert.That(error.Status, Is.EqualTo(Status.Corrupt));
        Assert.That((fixture.Role.HeldBytes, fixture.Bulk.BytesRented), Is.EqualTo((0L, 0L)));
    }

    private static TestCaseData Attack(string wrong, Action<AnnounceChunkRequest> change) =>
        new TestCaseData(wrong, change).SetArgDisplayNames(wrong);

    private delegate void ImageChange(Span<byte> image);

    private static ChronoLogException Refusal(
        GrapherFixture fixture,
        RetiredChunk partial,
        Action<AnnounceChunkRequest> change,
        ImageChange? changeImage = null)
    {
        TestKeeper keeper = fixture.Keepers[0];
        return Assert.Throws<ChronoLogException>(() => fixture.Pump.Run(fixture.Peers, async () =>
        {
            Slab slab = await keeper.Bulk.RentAsync(4096);
            int length = WriteImage(slab, partial);
            changeImage?.Invoke(slab.Span[..length]);
            using IExposure exposure = keeper.Bulk.Expose(slab, length, Crc32C.Compute(slab.Span[..length]));
            slab.Release();
            AnnounceChunkRequest request = NewRequest(fixture, partial, exposure);
            change(request);
            return await fixture.Rpc.Open(fixture.Drain.Endpoint).CallAsync(
                Methods.AnnounceChunk, request, TimeSpan.FromSeconds(10));
        }))!;
    }

    private static int WriteImage(Slab slab, RetiredChunk partial)
    {
        using MergeCursor merge = partial.Chunk.OpenMerge();
        var header = new ColumnImageHeader(
            partial.Chunk.StoryId, partial.Chunk.StartTime, partial.Chunk.EndTime,
            ProcessId: partial.Identity.ProcessId, Epoch: partial.Identity.Epoch, Sequence: partial.Identity.Sequence);
        return ColumnImage.Write(slab.Span, header, merge);
    }

    private static AnnounceChunkRequest NewRequest(
        GrapherFixture fixture, RetiredChunk partial, IExposure exposure) => new()
    {
        Story = fixture.Story.Clone(),
        Partial = partial.Identity.Clone(),
        StartTime = partial.Chunk.StartTime,
        EndTime = partial.Chunk.EndTime,
        EventCount = (uint)partial.Chunk.EventCount,
        Image = exposure.Descriptor.Clone(),
        AdminEndpoint = fixture.Keepers[0].Identity.AdminEndpoint,
    };
}
