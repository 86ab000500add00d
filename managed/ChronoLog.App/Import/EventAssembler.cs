using System.Buffers;
using System.Text;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Import;

/// <summary>
/// Makes events of lines: each line with a time begins one, lines without continue it (the stack trace behind a message).
/// </summary>
internal sealed class EventAssembler(
    string file, TimeFinder finder, ImportSource source, ImportSorter sorter, ulong latest, bool skips)
{
    /// <summary>As for any event.</summary>
    private const int RecordBytesMax = 16 << 20;

    private readonly ArrayBufferWriter<byte> record = new(4096);
    private char[] decoded = new char[4096];
    private ulong tick;
    private ulong firstLine;
    private bool isOpen;
    private bool isSkipping;

    public ulong Lines { get; private set; }

    public long Events { get; private set; }

    /// <summary>Lines that were left out because of an error.</summary>
    public long Skipped { get; private set; }

    public ulong First { get; private set; } = ulong.MaxValue;

    public ulong Last { get; private set; }

    /// <exception cref="ChronoLogException">InvalidArgument: the line is in no event, or its time cannot be.</exception>
    public void Take(ReadOnlySequence<byte> line)
    {
        Lines++;
        line = WithoutReturn(line);
        ReadOnlySpan<char> text = Text(line.Slice(0, Math.Min(line.Length, finder.BytesMax)));
        if (finder.TryFind(text, out ulong found))
        {
            Finish();
            isSkipping = false;
            if (found == 0 || found > latest)
            {
                Refuse($"the time lies {(found == 0 ? "at the very beginning of time" : "in the future")}", text);
                isSkipping = true; // and what continues it
                return;
            }

            (tick, firstLine, isOpen) = (found, Lines, true);
        }
        else if (isSkipping)
        {
            Skipped++;
            return;
        }
        else if (!isOpen)
        {
            Refuse("there is no time in it, and no event before it that it could go on with", text);
            return;
        }
        else
        {
            record.Write("\n"u8);
        }

        if (record.WrittenCount + line.Length > RecordBytesMax)
        {
            throw new ChronoLogException(
                Status.LimitExceeded,
                $"{file}:{Lines}: the event that began in line {firstLine} is longer than {RecordBytesMax} bytes; is the "
                + "time where --time-format and the like say?");
        }

        foreach (ReadOnlyMemory<byte> part in line)
        {
            record.Write(part.Span);
        }
    }

    /// <summary>The event that is open is whole.</summary>
    public void Finish()
    {
        if (!isOpen)
        {
            return;
        }

        (ulong clientId, uint index) = source.Identify(firstLine);
        sorter.Add(new EventKey(tick, clientId, index), record.WrittenSpan);
        record.ResetWrittenCount();
        isOpen = false;
        Events++;
        First = Math.Min(First, tick);
        Last = Math.Max(Last, tick);
    }

    // Lines of another system end with a carriage return, too.
    private static ReadOnlySequence<byte> WithoutReturn(ReadOnlySequence<byte> line)
    {
        bool returns = !line.IsEmpty && line.Slice(line.Length - 1).FirstSpan[0] == (byte)'\r';
        return returns ? line.Slice(0, line.Length - 1) : line;
    }

    // Of UTF-8; what is none becomes a sign that stands in no time.
    private ReadOnlySpan<char> Text(ReadOnlySequence<byte> line)
    {
        if (line.Length > decoded.Length)
        {
            decoded = new char[line.Length];
        }

        return decoded.AsSpan(0, Encoding.UTF8.GetChars(line, decoded));
    }

    private void Refuse(string why, ReadOnlySpan<char> text)
    {
        Skipped++;
        if (!skips)
        {
            string shown = text.Length > 100 ? $"{text[..100]}..." : text.ToString();
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"{file}:{Lines}: {why}: '{shown}'; nothing was imported (--on-error skip leaves such lines out)");
        }
    }
}
