namespace ChronoLog.App;

internal static class Program
{
    private static int Main() => 2;
}
