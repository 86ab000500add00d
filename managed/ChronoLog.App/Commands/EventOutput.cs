using System.IO.Pipelines;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Interop.Posix;

namespace ChronoLog.App.Commands;

/// <summary>Events on standard output, until they end or nobody reads them any more (<c>| head</c>).</summary>
internal sealed class EventOutput : IAsyncDisposable
{
    private static readonly TimeSpan LookPeriod = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource readerGone;
    private readonly Timer look;
    private readonly Stream output = Console.OpenStandardOutput();
    private readonly PipeWriter writer;
    private readonly EventFormat events;

    /// <param name="format">One of <see cref="EventFormat.Names"/>.</param>
    /// <param name="outer">Stops, too.</param>
    public EventOutput(string format, CancellationToken outer)
    {
        readerGone = CancellationTokenSource.CreateLinkedTokenSource(outer);
        writer = PipeWriter.Create(output, new StreamPipeWriterOptions(minimumBufferSize: 1 << 16, leaveOpen: true));
        events = new EventFormat(format, writer);
        events.WriteHeader();

        // While nothing comes, nothing is written, and no write tells that it was for nobody.
        look = new Timer(static state => ((EventOutput)state!).Look(), this, LookPeriod, LookPeriod);
    }

    /// <summary>Cancelled when whatever is written is for nobody.</summary>
    public CancellationToken Stop => readerGone.Token;

    public async ValueTask WriteAsync(EventPage page, bool isLate = false)
    {
        foreach (ref readonly EventEntry entry in page.Events)
        {
            events.Write(entry, isLate);
        }

        await FlushAsync();
    }

    public async ValueTask FlushAsync()
    {
        await writer.FlushAsync(Stop);
        Look();
    }

    public async ValueTask DisposeAsync()
    {
        await look.DisposeAsync();
        await writer.CompleteAsync();
        await output.DisposeAsync();
        readerGone.Dispose();
    }

    private void Look()
    {
        if (StandardOutput.IsReaderGone)
        {
            readerGone.Cancel();
        }
    }
}
