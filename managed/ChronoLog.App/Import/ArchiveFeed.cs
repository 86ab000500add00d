using System.Collections.Concurrent;
using ChronoLog.Core.Agents;
using ChronoLog.Core.Chunk;
using ChronoLog.Core.Extraction;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Bulk;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.App.Import;

/// <summary>
/// Hands chunks to the story's Grapher as a Keeper does: announced, pulled by RMA, and kept until it says that they are in
/// a synced StoryFile. So the Grapher stays the only writer of its archive: it drops what it has already, tells the Player,
/// and paces the import by its memory. A chunk whose notice does not come is announced again; a Grapher that was restarted
/// has forgotten it and pulls it once more.
/// </summary>
internal sealed class ArchiveFeed : IAsyncDisposable
{
    /// <summary>Chunks on their way: one is pulled while another is written and a third is filled.</summary>
    private const int ChunksMax = 3;

    private const long BulkBudget = 256L << 20;
    private static readonly TimeSpan NoticeMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    private readonly ImportStory story;
    private readonly TimeSpan patience;
    private readonly Strand strand = new("import");
    private readonly StrandThread thread;
    private readonly ZmqRpcConnector connector = new(NullLogger.Instance);
    private readonly ZmqRpcServer notices;
    private readonly FabricBulkEndpoint bulk;
    private readonly RdmaExtractor sender;
    private readonly SemaphoreSlim places = new(ChunksMax);
    private readonly ConcurrentDictionary<ulong, TaskCompletionSource> waiting = [];
    private readonly List<Task> sending = [];
    private readonly ulong epoch;
    private ulong sequence;

    /// <param name="story">Where the events go.</param>
    /// <param name="epoch">Now: names the chunks of this run.</param>
    /// <param name="patience">How long a chunk is announced in vain before the import gives up.</param>
    public ArchiveFeed(ImportStory story, ulong epoch, TimeSpan patience)
    {
        this.story = story;
        this.epoch = epoch;
        this.patience = patience;
        ProcessIdentity grapher = story.Grapher;
        string address = SourceAddress.Towards(grapher.ServiceEndpoint);
        string provider = grapher.FabricProvider.Length > 0 ? grapher.FabricProvider : "auto";
        bulk = FabricBulkEndpoint.Open(new FabricOptions(provider, address, BulkBudget));
        thread = new StrandThread(strand);
        notices = new ZmqRpcServer($"tcp://{address}:0", strand, NullLogger.Instance);
        notices.Handle(Methods.Archived, (request, _) =>
        {
            Archived(request.Partials);
            return ValueTask.FromResult(new Empty());
        });
        notices.Start();
        sender = new RdmaExtractor(
            "import",
            new RdmaExtractorOptions(connector, bulk, () => story.Grapher.ServiceEndpoint, () => notices.Endpoint),
            receiver: null);
    }

    public long Chunks => (long)sequence;

    /// <summary>Takes a chunk over; waits while too many are on their way.</summary>
    /// <exception cref="ChronoLogException">An earlier one, or this one, could not be handed over in time.</exception>
    public async Task AddAsync(StoryChunk chunk, CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation);
        foreach (Task failed in sending.Where(static each => each.IsFaulted))
        {
            chunk.Release();
            await failed;
        }

        sending.RemoveAll(static each => each.IsCompleted);
        sending.Add(SendAsync(chunk, ++sequence, cancellation));
    }

    /// <summary>Completes when everything is in synced StoryFiles.</summary>
    public Task FinishAsync() => Task.WhenAll(sending);

    public async ValueTask DisposeAsync()
    {
        await sender.DisposeAsync();
        await notices.DisposeAsync();
        await connector.DisposeAsync();
        await bulk.DisposeAsync();
        thread.Dispose();
        places.Dispose();
    }

    private void Archived(IEnumerable<PartialIdentity> partials)
    {
        foreach (PartialIdentity partial in partials.Where(each => each.ProcessId == story.ClientId && each.Epoch == epoch))
        {
            if (waiting.TryGetValue(partial.Sequence, out TaskCompletionSource? chunk))
            {
                chunk.TrySetResult();
            }
        }
    }

    private async Task SendAsync(StoryChunk chunk, ulong number, CancellationToken cancellation)
    {
        var archived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting[number] = archived;
        var identity = new PartialIdentity { ProcessId = story.ClientId, Epoch = epoch, Sequence = number };
        try
        {
            var retired = new RetiredChunk(
                story.Descriptor, chunk, identity, Complete: false, MergedFrom: [], Supplementary: false)
            {
                IsImport = true,
            };
            while (!await AnnounceAsync(retired, cancellation) && !await IsNoticedAsync(archived.Task, cancellation))
            {
            }
        }
        finally
        {
            waiting.TryRemove(number, out _);
            chunk.Release();
            places.Release();
        }
    }

    /// <returns>True: the Grapher has it in its archive already.</returns>
    private async Task<bool> AnnounceAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        long deadline = Environment.TickCount64 + (long)patience.TotalMilliseconds;
        while (true)
        {
            try
            {
                return (await sender.ExtractAsync(chunk, cancellation)).IsArchived;
            }
            catch (ChronoLogException exception) when (IsPassing(exception) && Environment.TickCount64 < deadline)
            {
                await Task.Delay(RetryPause, cancellation);
                await story.RefreshAsync(cancellation); // it may have been started again elsewhere
            }
        }
    }

    private static bool IsPassing(ChronoLogException exception) => exception.Status is Status.NoConnection
        or Status.TimedOut or Status.LimitExceeded or Status.Cancelled or Status.Fenced or Status.NoSpace or Status.Corrupt;

    private static async Task<bool> IsNoticedAsync(Task archived, CancellationToken cancellation)
    {
        await Task.WhenAny(archived, Task.Delay(NoticeMax, cancellation));
        cancellation.ThrowIfCancellationRequested();
        return archived.IsCompleted;
    }
}
