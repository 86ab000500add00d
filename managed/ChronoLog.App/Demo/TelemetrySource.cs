using System.Globalization;
using System.Text;

namespace ChronoLog.App.Demo;

/// <summary>Samples of this machine from /proc: one line of text per sample and subject.</summary>
internal sealed class TelemetrySource : IDisposable
{
    private const int FileBytesMax = 64 << 10;

    private readonly (string Subject, FileStream File, Func<string, IEnumerable<string>> Lines)[] subjects;
    private readonly byte[] buffer = new byte[FileBytesMax];

    /// <param name="names">Of: cpu, memory, network, disks.</param>
    public TelemetrySource(IEnumerable<string> names) => subjects = [.. names.Select(Open)];

    /// <summary>Subjects for one sample; each gives at least one line.</summary>
    public static IReadOnlyList<string> Names { get; } = ["cpu", "memory", "network", "disks"];

    public IEnumerable<byte[]> Sample()
    {
        foreach ((string subject, FileStream file, Func<string, IEnumerable<string>> lines) in subjects)
        {
            file.Position = 0;
            int length = file.Read(buffer);
            foreach (string line in lines(Encoding.ASCII.GetString(buffer, 0, length)))
            {
                yield return Encoding.ASCII.GetBytes($"{subject} {line}");
            }
        }
    }

    public void Dispose()
    {
        foreach (var subject in subjects)
        {
            subject.File.Dispose();
        }
    }

    private static (string Subject, FileStream File, Func<string, IEnumerable<string>> Lines) Open(string name)
    {
        (string path, Func<string, IEnumerable<string>> lines) = name switch
        {
            "cpu" => ("/proc/stat", (Func<string, IEnumerable<string>>)Cpu),
            "memory" => ("/proc/meminfo", Memory),
            "network" => ("/proc/net/dev", Network),
            "disks" => ("/proc/diskstats", Disks),
            _ => throw new ArgumentException($"no telemetry subject '{name}'"),
        };
        return (name, new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0), lines);
    }

    // "cpu  user nice system idle iowait irq softirq steal": busy and total jiffies since boot.
    private static IEnumerable<string> Cpu(string text)
    {
        long[] jiffies = [.. Fields(text.Split('\n', 2)[0]).Skip(1).Take(8).Select(Number)];
        long total = jiffies.Sum();
        yield return $"busy={total - jiffies[3] - jiffies[4]} total={total}";
    }

    private static IEnumerable<string> Memory(string text)
    {
        Dictionary<string, string> rows = text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => Fields(line)).ToDictionary(fields => fields[0], fields => fields[1]);
        yield return $"total={rows["MemTotal:"]} available={rows["MemAvailable:"]} dirty={rows["Dirty:"]}";
    }

    private static IEnumerable<string> Network(string text)
    {
        long received = 0;
        long sent = 0;
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2))
        {
            string[] fields = Fields(line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..]);
            received += Number(fields[0]);
            sent += Number(fields[8]);
        }

        yield return $"received={received} sent={sent}";
    }

    private static IEnumerable<string> Disks(string text)
    {
        string[][] rows = [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Fields)];
        yield return $"read={rows.Sum(row => Number(row[5]))} written={rows.Sum(row => Number(row[9]))} sectors";
    }

    private static string[] Fields(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
