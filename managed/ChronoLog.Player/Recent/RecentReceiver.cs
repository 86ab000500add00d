using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Player.Recent;

/// <summary>
/// Receives the chunks that a Grapher's player_extractor or rdma_extractor announces to this Player. What does not fit the
/// budget is acknowledged without a pull: it is in the archive anyway, and a sender must never wait for a reader's memory.
/// Nor are chunks of stories with tiering <c>cold</c> pulled.
/// </summary>
internal sealed class RecentReceiver(RecentChunks chunks, IBulkEndpoint bulk)
{
    // A chunk that is pulled occupies a slab until it was copied; a few at once, so that replays keep the rest.
    private const int PullsMax = 4;

    private int pulls;

    public async ValueTask<AnnounceChunkReply> AnnounceAsync(AnnounceChunkRequest request, RpcContext call)
    {
        if (request.Story is null || request.Partial is null || request.Image is null || request.Image.Length == 0)
        {
            throw new ChronoLogException(Status.InvalidArgument, "an announced chunk names no story, partial or image");
        }

        RecentKey key = RecentKey.Of(request);
        Tiering tiering = ChronicleAttributes.Parse(request.Story.Attributes).Tiering;
        long length = request.Image.Length <= bulk.SlabBytesMax ? request.Image.Length : long.MaxValue;
        bool isWanted = tiering != Tiering.Cold && chunks.HasRoom(length, tiering == Tiering.Hot);
        if (isWanted && pulls < PullsMax && !chunks.Contains(key))
        {
            await PullAsync(key, request.Image, tiering == Tiering.Hot, call.Deadline);
        }

        return new AnnounceChunkReply();
    }

    private async ValueTask PullAsync(
        RecentKey key, BulkDescriptor image, bool isHot, CancellationToken cancellation)
    {
        // Not waited for: replays need slabs more than this memory does.
        int length = (int)image.Length;
        Slab? slab = bulk.TryRent(length);
        if (slab is null)
        {
            return;
        }

        long drops = chunks.Drops;
        pulls++;
        try
        {
            await bulk.PullAsync(image, slab, cancellation);
            if (drops == chunks.Drops)
            {
                chunks.Add(key, Copy(key, slab, length), length, isHot);
            }
        }
        finally
        {
            pulls--;
            slab.Release();
        }
    }

    // Into plain memory: registered slabs are scarce, and a chunk may stay for minutes.
    private static EventRun Copy(RecentKey key, Slab slab, int length)
    {
        var block = new UnmanagedBlock(length);
        try
        {
            slab.Span[..length].CopyTo(block.Span);
            EventRun run = ColumnImage.ToRun(block, length, out ColumnImageHeader header);
            if (header.StoryId == key.StoryId)
            {
                return run;
            }

            run.Release();
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"a chunk announced for story {key.StoryId} holds events of story {header.StoryId}");
        }
        finally
        {
            block.Release();
        }
    }
}
