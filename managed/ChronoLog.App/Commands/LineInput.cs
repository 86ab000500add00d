using System.Buffers;
using System.IO.Pipelines;

namespace ChronoLog.App.Commands;

/// <summary>The lines of an input that may be silent for long and may never end.</summary>
/// <param name="input">Stays the caller's.</param>
/// <param name="delimiter">Ends a line.</param>
internal sealed class LineInput(Stream input, byte delimiter)
{
    private const int LineBytesMax = 16 << 20;

    private readonly PipeReader reader = PipeReader.Create(
        input, new StreamPipeReaderOptions(bufferSize: 1 << 18, minimumReadSize: 1 << 16, leaveOpen: true));

    private long lines;

    /// <summary>
    /// Bytes that were read and given to nobody when the reading was stopped: half a line, or what the pace held back.
    /// </summary>
    public long BytesLeft { get; private set; }

    /// <summary>Gives every line to the taker, at the pace.</summary>
    /// <returns>True at the end of the input; false when it was stopped.</returns>
    public async Task<bool> ReadAsync(Action<ReadOnlySequence<byte>> take, Pace pace, CancellationToken stop)
    {
        while (await NextAsync(stop) is { } result)
        {
            ReadOnlySequence<byte> buffer = result.Buffer;
            while (pace.IsDue && buffer.PositionOf(delimiter) is { } end)
            {
                take(buffer.Slice(0, end));
                lines++;
                pace.Count();
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            bool paused = !pace.IsDue;
            if (!paused && result.IsCompleted)
            {
                if (!buffer.IsEmpty)
                {
                    take(buffer); // a last line without its end
                }

                await reader.CompleteAsync();
                return true;
            }

            if (buffer.Length > LineBytesMax)
            {
                throw new IOException(
                    $"line {lines + 1} is longer than {LineBytesMax} bytes, the most that an event may have");
            }

            // Looked at all of it: wait for more. Paused by the rate: come back for the rest of it.
            BytesLeft = buffer.Length;
            reader.AdvanceTo(buffer.Start, paused ? buffer.Start : buffer.End);
            if (paused)
            {
                await pace.WaitAsync(stop);
            }
        }

        return false;
    }

    // A read of a pipe or a terminal cannot be cancelled: it is left alone, and ends with the process.
    private async ValueTask<ReadResult?> NextAsync(CancellationToken stop)
    {
        if (stop.IsCancellationRequested)
        {
            return null; // however much there is: an input that is faster than the recorder never makes it wait
        }

        try
        {
            return await reader.ReadAsync(CancellationToken.None).AsTask().WaitAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
    }
}
