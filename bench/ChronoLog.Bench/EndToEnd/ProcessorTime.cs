using System.Globalization;

namespace ChronoLog.Bench.EndToEnd;

/// <summary>
/// Processor time that the processes of a measurement have used so far, in nanoseconds: /proc/PID/stat, utime + stime,
/// in steps of 10 ms.
/// </summary>
internal readonly record struct ProcessorTime(long Client, long Keeper, long Grapher, long Player)
{
    // USER_HZ, the unit of /proc, is 100 on every Linux.
    private const long NanosecondsPerTick = 10_000_000;
    private const int UserTimeField = 11; // counted from behind the command
    private const int SystemTimeField = 12;

    public static ProcessorTime Read(ProcessIds processes) => new(
        Of(Environment.ProcessId), Of(processes.Keeper), Of(processes.Grapher), Of(processes.Player));

    public static ProcessorTime operator -(ProcessorTime after, ProcessorTime before) => new(
        after.Client - before.Client,
        after.Keeper - before.Keeper,
        after.Grapher - before.Grapher,
        after.Player - before.Player);

    /// <summary>Of one process, in nanoseconds.</summary>
    public static long Of(int pid)
    {
        // The command in field 2 may hold spaces and parentheses.
        string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (Ticks(fields[UserTimeField]) + Ticks(fields[SystemTimeField])) * NanosecondsPerTick;
    }

    private static long Ticks(string field) => long.Parse(field, CultureInfo.InvariantCulture);
}
