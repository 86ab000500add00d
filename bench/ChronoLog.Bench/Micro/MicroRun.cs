namespace ChronoLog.Bench.Micro;

internal static class MicroRun
{
    public static int Run(string[] filters) => filters.Length;
}
