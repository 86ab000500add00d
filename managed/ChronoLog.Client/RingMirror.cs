using ChronoLog.Core.Chunk;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rings;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Client;

/// <summary>
/// Carries what is committed in the client's end of a ring into its end at a Keeper of another node, and the Keeper's
/// positions and signs of life back. On the rings' strand.
/// </summary>
/// <remarks>
/// A span is copied into registered memory and exposed read-only; the Keeper pulls it, and answers when it lies in its
/// own ring. Several are under way at once. What the Keeper has not consumed stays in the client's end: after a failure,
/// of a call or of the Keeper, it is sent again from where the Keeper says that it is. Nothing but the Keeper's answers
/// makes the ring beat: a Keeper that is silent is noticed, and left, as one of this node.
/// Beside that one question always waits at the Keeper, so that it can say at once how far it has got; or ask how far the
/// ring is reserved, because somebody replays.
/// </remarks>
internal sealed partial class RingMirror : IDisposable
{
    /// <summary>Large enough to fill a pipe, small enough not to hold up what comes behind it.</summary>
    private const int SpanBytes = 1 << 20;

    /// <summary>One being copied, one on the wire, one being appended, one to spare.</summary>
    private const int SpansMax = 4;

    /// <summary>A Keeper must be heard of twice in the time after which it counts as silent, two seconds by default.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan AnswerDeadline = Patience + TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FeedDeadline = TimeSpan.FromSeconds(5);

    /// <summary>Positions change a thousand times a second; each answer costs both sides some 50 us.</summary>
    private static readonly TimeSpan NewsPause = TimeSpan.FromMilliseconds(1);

    private static readonly TimeSpan FailurePause = TimeSpan.FromMilliseconds(50);

    private readonly IMirroredRing ring;
    private readonly MirrorIdentity identity;
    private readonly string keeper;
    private readonly IBulkEndpoint bulk;
    private readonly ITimers timers;
    private readonly ILogger logger;
    private readonly CancellationToken ending;
    private readonly int spanBytesMax;
    private IRpcChannel channel;
    private CancellationTokenSource attempt = new();
    private long sent;
    private long sentMax;
    private long durable;
    private long notBefore;
    private ulong epoch;
    private ulong fence;
    private int spans;
    private bool hasFailed;
    private bool isEnding;
    private bool takesNothing;
    private bool isOver;
    private bool isDisposed;

    public RingMirror(
        IMirroredRing ring, MirrorIdentity identity, string keeper, IRpcChannel channel, IBulkEndpoint bulk,
        uint spanBytesMax, ITimers timers, ILogger logger, CancellationToken ending)
    {
        this.spanBytesMax = (int)Math.Min(spanBytesMax, (uint)bulk.SlabBytesMax);
        (this.ring, this.identity, this.keeper, this.channel) = (ring, identity, keeper, channel);
        (this.bulk, this.timers, this.logger, this.ending) = (bulk, timers, logger, ending);
    }

    /// <summary>The Keeper's end is reserved up to here: what lies below survives this process.</summary>
    public long Tail { get; private set; }

    /// <summary>
    /// Another Keeper has it as well. It is handed over all the same, as a Keeper of this node finds it in its memory:
    /// until then the old one may not say that it has drained what it promised to.
    /// </summary>
    public bool IsLeft { get; set; }

    /// <summary>Everything that is reserved is with the Keeper, or it takes nothing more.</summary>
    public bool IsHandedOver => isOver || takesNothing || IsLeft || Tail >= ring.Tail;

    /// <summary>Bytes that the Keeper does not have.</summary>
    public long BytesLeft => Math.Max(0, ring.Tail - Tail);

    /// <summary>There is something to send, and room for it under way.</summary>
    public bool HasWork => !isOver && !takesNothing && !hasFailed && !isDisposed && spans < SpansMax
        && timers.MonotonicNanoseconds >= notBefore && Committed() > 0;

    /// <summary>Sends what is committed, as far as the window allows.</summary>
    public void Pump()
    {
        while (HasWork)
        {
            int length = Committed();
            if (length > spanBytesMax)
            {
                Break($"a frame of {length} bytes is longer than the {spanBytesMax} bytes that go at once");
                return;
            }

            if (bulk.TryRent(length) is not { } slab)
            {
                notBefore = timers.MonotonicNanoseconds + (long)NewsPause.TotalNanoseconds; // other mirrors have them
                return;
            }

            Span<byte> span = slab.Span[..length];
            ring.Copy(sent, span);
            long position = sent;
            sent += length;
            sentMax = Math.Max(sentMax, sent);
            _ = FeedAsync(position, length, Crc32C.Compute(span), slab, attempt.Token);
        }
    }

    /// <summary>
    /// Tells the Keeper that this end is there, before anything is recorded into it: from then on replays wait for it.
    /// </summary>
    /// <exception cref="ChronoLogException">It did not answer.</exception>
    public async Task BeginAsync()
    {
        WatchRingRequest question = Question();
        question.PatienceMilliseconds = 0;
        Take(await channel.CallAsync(Methods.WatchRing, question, AnswerDeadline, ending));
        _ = WatchAsync();
    }

    /// <summary>
    /// Completes when the Keeper has everything and has closed its end; while it is away, only with the client.
    /// </summary>
    /// <exception cref="OperationCanceledException">The client ends.</exception>
    public async Task FinishAsync()
    {
        while (!isOver && !takesNothing)
        {
            await timers.Delay(FailurePause, ending);
        }
    }

    /// <summary>The Keeper was started again, under another address.</summary>
    public void Connect(IRpcChannel other)
    {
        channel = other;
        attempt.Cancel();
    }

    /// <summary>Ends it: the ring must not be recorded into any more.</summary>
    public void Dispose()
    {
        if (!isDisposed)
        {
            isDisposed = true;
            attempt.Cancel();
            ring.Dispose();
        }
    }

    private int Committed()
    {
        try
        {
            return ring.CommittedAfter(sent, Math.Min(SpanBytes, spanBytesMax));
        }
        catch (ChronoLogException exception)
        {
            Break(exception.Message);
            return 0;
        }
    }

    private async Task FeedAsync(long position, int length, uint crc32c, Slab slab, CancellationToken stop)
    {
        spans++;
        try
        {
            using IExposure exposure = bulk.Expose(slab, length, crc32c);
            var request = new FeedRingRequest
            {
                Ring = identity, Position = (ulong)position, Span = exposure.Descriptor,
            };
            MirrorReply reply = await channel.CallAsync(Methods.FeedRing, request, FeedDeadline, stop);
            Take(reply);
            if (Tail < position + length)
            {
                Fail(); // one before it is missing
            }
        }
        catch (ChronoLogException exception)
        {
            Fail(exception);
        }
        catch (OperationCanceledException)
        {
            hasFailed = true;
        }
        finally
        {
            slab.Release();
            if (--spans == 0 && hasFailed)
            {
                Rewind();
            }
        }
    }

    // All that is under way is behind the one that failed, or before it and there already.
    private void Fail(ChronoLogException? exception = null)
    {
        if (exception?.Status == Status.NotExist)
        {
            End();
        }
        else if (exception?.Status == Status.InvalidArgument)
        {
            Break(exception.Message); // it would say so again
        }

        if (!hasFailed)
        {
            hasFailed = true;
            notBefore = exception is null ? 0 : timers.MonotonicNanoseconds + (long)FailurePause.TotalNanoseconds;
            attempt.Cancel();
        }
    }

    private void Rewind()
    {
        hasFailed = false;
        sent = Tail;
        attempt = new CancellationTokenSource();
    }
}
