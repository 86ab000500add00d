using ChronoLog.Core.Model;
using ChronoLog.Core.Ports;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Core.Extraction;

/// <summary>
/// Sends chunks of stories with tiering <c>hot</c> to the group's Player, which keeps them in memory as long as there is room.
/// Only what goes without waiting: they are in the archive too, so nothing may be held up by it, and it never fails.
/// </summary>
/// <param name="name">In the chain.</param>
/// <param name="options">Its default receiver is the Player; null = none is alive.</param>
/// <param name="timers">For the limits below.</param>
/// <param name="logger">Told when a Player does not take chunks.</param>
public sealed class PlayerExtractor(string name, RdmaExtractorOptions options, ITimers timers, ILogger logger)
    : IChunkExtractor, IAsyncDisposable
{
    public const string Type = "player_extractor";

    // A Player pulls at once or not at all. A stopped one costs the stream a second in eleven until it is known to be dead.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly RdmaExtractor sender = new(name, options with { Deadline = Patience }, receiver: null);
    private long pausedUntil = long.MinValue;

    public string Name => name;

    public static void Register(ExtractorRegistry registry, RdmaExtractorOptions options, ITimers timers, ILogger logger) =>
        registry.Add(Type, settings =>
        {
            settings.AllowOnly();
            return new PlayerExtractor(settings.Name, options, timers, logger);
        });

    public async ValueTask<ExtractionReceipt> ExtractAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        if (IsSent(chunk))
        {
            await SendAsync(chunk, cancellation);
        }

        return ExtractionReceipt.Taken;
    }

    public ValueTask DisposeAsync() => sender.DisposeAsync();

    // Pulls from Keepers have the registered memory first: an archiving that waited for it would wait for itself.
    private bool IsSent(RetiredChunk chunk) => ChronicleAttributes.IsHot(chunk.Story.Attributes)
        && options.DefaultReceiver() is not null
        && options.Bulk.BytesRented <= options.Bulk.BytesBudget / 2
        && timers.MonotonicNanoseconds >= Volatile.Read(ref pausedUntil);

    private async ValueTask SendAsync(RetiredChunk chunk, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task guard = CancelLaterAsync(limit);
        try
        {
            await sender.ExtractAsync(chunk, limit.Token);
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested)
        {
            Volatile.Write(ref pausedUntil, timers.MonotonicNanoseconds + (long)Pause.TotalNanoseconds);
            logger.LogWarning(
                "extractor \"{Name}\": the Player gets no chunks of hot stories for {Seconds} s, and reads them from the archive: "
                + "{Reason}", name, Pause.TotalSeconds, exception.Message);
        }
        finally
        {
            limit.Cancel();
            await guard;
        }
    }

    private async Task CancelLaterAsync(CancellationTokenSource limit)
    {
        try
        {
            await timers.Delay(Patience, limit.Token);
            limit.Cancel();
        }
        catch (OperationCanceledException)
        {
        }
    }
}
