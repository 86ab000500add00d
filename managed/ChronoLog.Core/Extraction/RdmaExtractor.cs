using ChronoLog.Core.Chunk;
using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Core.Extraction;

/// <summary>
/// Hands a chunk to another process, which pulls it: writes the chunk's merge as a column image into a registered slab,
/// exposes it, announces it, and withdraws it when the receiver has answered that it pulled and verified it. The
/// receiver's pace is the sender's: no slab, no image; no reply, no next chunk in this stream.
/// </summary>
public sealed class RdmaExtractor(string name, RdmaExtractorOptions options, string? receiver)
    : IChunkExtractor, IAsyncDisposable
{
    public const string Type = "rdma_extractor";
    public const string SingleEndpointType = "single_endpoint_rdma_extractor";

    private readonly Lock gate = new();
    private IRpcChannel? channel;
    private long conflicts;

    public string Name => name;

    /// <summary>
    /// Events handed over whose EventSequence another one of other bytes had; counted again when announced again.
    /// </summary>
    public long Conflicts => Interlocked.Read(ref conflicts);

    /// <summary>Offers both types; the one named after a single endpoint demands one.</summary>
    public static void Register(ExtractorRegistry registry, RdmaExtractorOptions options)
    {
        registry.Add(Type, settings => New(settings, options));
        registry.Add(SingleEndpointType, settings => New(settings, options));
    }

    public async ValueTask<ExtractionReceipt> ExtractAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        StoryChunk events = chunk.Chunk;
        if (events.IsEmpty)
        {
            return ExtractionReceipt.Taken;
        }

        long stamps = IsStamped(chunk) ? EventEntry.StampLength * events.EventCount : 0;
        long bytes = ColumnImage.RequiredBytes(events.EventCount, events.RecordBytes + stamps);
        if (bytes <= options.Bulk.SlabBytesMax)
        {
            return Receipt(await SendWholeAsync(chunk, (int)bytes, cancellation));
        }

        return Receipt(await SendPartsAsync(chunk, cancellation));
    }

    public async ValueTask DisposeAsync()
    {
        IRpcChannel? last = Exchange(null);
        if (last is not null)
        {
            await last.DisposeAsync();
        }
    }

    private static RdmaExtractor New(ExtractorSettings settings, RdmaExtractorOptions options)
    {
        settings.AllowOnly(ReceivingEndpoint.EndpointField, ReceivingEndpoint.BlockField);
        string? receiver = ReceivingEndpoint.Read(settings);
        if (receiver is null && settings.Type == SingleEndpointType)
        {
            throw settings.Error($"lacks \"{ReceivingEndpoint.BlockField}\" or \"{ReceivingEndpoint.EndpointField}\"");
        }

        return new RdmaExtractor(settings.Name, options, receiver);
    }

    private static ColumnImageHeader Header(RetiredChunk chunk) => new(
        chunk.Chunk.StoryId, chunk.Chunk.StartTime, chunk.Chunk.EndTime,
        (chunk.Complete ? ColumnImageFlags.Complete : ColumnImageFlags.None)
        | (chunk.Supplementary ? ColumnImageFlags.Supplementary : ColumnImageFlags.None)
        | (IsStamped(chunk) ? ColumnImageFlags.Stamped : ColumnImageFlags.None),
        chunk.Identity.ProcessId, chunk.Identity.Epoch, chunk.Identity.Sequence);

    // Who asks for the order of arrival pays for the stamps, and nobody else.
    private static bool IsStamped(RetiredChunk chunk) => ChronicleAttributes.HasArrivals(chunk.Story.Attributes);

    private static ExtractionReceipt Receipt(AnnounceChunkReply? last) =>
        new(StoryFile: null)
        {
            IsArchived = last?.AlreadyArchived ?? false,
            ReceiverEpoch = last?.Epoch ?? 0,
        };

    private async ValueTask<AnnounceChunkReply> SendWholeAsync(
        RetiredChunk chunk, int bytes, CancellationToken cancellation)
    {
        Slab slab = await options.Bulk.RentAsync(bytes, cancellation);
        try
        {
            int length = WriteWhole(chunk, slab, out int count);
            return await AnnounceAsync(chunk, slab, length, count, 0, more: false, cancellation);
        }
        finally
        {
            slab.Release();
        }
    }

    private int WriteWhole(RetiredChunk chunk, Slab slab, out int count)
    {
        using MergeCursor merge = chunk.Chunk.OpenHandover();
        int length = ColumnImage.Write(slab.Span, Header(chunk), merge);
        count = (int)(chunk.Chunk.EventCount - merge.Duplicates);
        Interlocked.Add(ref conflicts, merge.Conflicts);
        return length;
    }

    private async ValueTask<AnnounceChunkReply?> SendPartsAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        AnnounceChunkReply? reply = null;
        using var parts = new ChunkParts(chunk.Chunk, IsStamped(chunk));
        for (uint part = 0; !parts.AtEnd; part++)
        {
            Slab slab = await options.Bulk.RentAsync(options.Bulk.SlabBytesMax, cancellation);
            try
            {
                int length = parts.Write(slab.Span, Header(chunk), out int count);
                AnnounceChunkReply next =
                    await AnnounceAsync(chunk, slab, length, count, part, !parts.AtEnd, cancellation);
                reply = next.Epoch == (reply ?? next).Epoch ? next : throw Divided(chunk);
            }
            finally
            {
                slab.Release();
            }
        }

        Interlocked.Add(ref conflicts, parts.Conflicts);
        return reply;
    }

    private ChronoLogException Divided(RetiredChunk chunk) => new(
        Status.Fenced,
        $"extractor \"{name}\": the receiver was restarted between the parts of chunk [{chunk.Chunk.StartTime}, "
        + $"{chunk.Chunk.EndTime}) of story {chunk.Story.Chronicle}/{chunk.Story.Story}: all of them are sent again");

    private async ValueTask<AnnounceChunkReply> AnnounceAsync(
        RetiredChunk chunk, Slab slab, int length, int count, uint part, bool more, CancellationToken cancellation)
    {
        uint crc32c = Crc32C.Compute(slab.Span[..length]);
        using IExposure exposure = options.Bulk.Expose(slab, length, crc32c);
        var request = new AnnounceChunkRequest
        {
            Story = chunk.Story,
            Partial = chunk.Identity,
            StartTime = chunk.Chunk.StartTime,
            EndTime = chunk.Chunk.EndTime,
            EventCount = (uint)count,
            Image = exposure.Descriptor,
            AdminEndpoint = options.AdminEndpoint(),
            Complete = chunk.Complete,
            Part = part,
            MoreParts = more,
            Late = chunk.Chunk.IsLate,
            Import = chunk.IsImport,
        };
        IRpcChannel receiving = await OpenAsync(chunk);
        try
        {
            return await receiving.CallAsync(Methods.AnnounceChunk, request, options.Deadline, cancellation);
        }
        catch (ChronoLogException exception)
        {
            throw new ChronoLogException(
                exception.Status,
                $"extractor \"{name}\": chunk [{request.StartTime}, {request.EndTime}) of story "
                + $"{chunk.Story.Chronicle}/{chunk.Story.Story}, {length} bytes, to "
                + $"{receiving.Endpoint}: {exception.Message}",
                exception);
        }
    }

    private async ValueTask<IRpcChannel> OpenAsync(RetiredChunk chunk)
    {
        string endpoint = receiver ?? options.DefaultReceiver() ?? throw new ChronoLogException(
            Status.NoConnection,
            $"extractor \"{name}\": no Grapher of group {chunk.Story.Group} is alive to receive chunk "
            + $"[{chunk.Chunk.StartTime}, {chunk.Chunk.EndTime}) of story {chunk.Story.Chronicle}/{chunk.Story.Story}");
        IRpcChannel? old;
        IRpcChannel current;
        lock (gate)
        {
            if (channel?.Endpoint == endpoint)
            {
                return channel;
            }

            old = channel;
            current = channel = options.Connector.Open(endpoint);
        }

        if (old is not null)
        {
            await old.DisposeAsync(); // the receiver moved; calls still waiting there fail and are retried here
        }

        return current;
    }

    private IRpcChannel? Exchange(IRpcChannel? replacement)
    {
        lock (gate)
        {
            IRpcChannel? old = channel;
            channel = replacement;
            return old;
        }
    }
}
