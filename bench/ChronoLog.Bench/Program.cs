using ChronoLog.Bench.Clock;
using ChronoLog.Bench.EndToEnd;
using ChronoLog.Bench.Following;
using ChronoLog.Bench.Micro;

namespace ChronoLog.Bench;

internal static class Program
{
    private const int Failed = 1;
    private const int Usage = 2;

    private static async Task<int> Main(string[] arguments)
    {
        try
        {
            return arguments switch
            {
                ["micro", .. string[] filters] => MicroRun.Run(filters),
                ["follow", .. string[] options] => await FollowRun.RunAsync(FollowOptions.Parse(options)),
                ["followers", string endpoint, string story, string from, string count] =>
                    await FollowerCrowd.FollowAsync(endpoint, story, from, count),
                ["end-to-end", .. string[] options] => await EndToEndRun.RunAsync(BenchOptions.Parse(options)),
                ["clock", .. string[] options] => await ClockRun.RunAsync(BenchOptions.Parse(options)),
                _ => throw new UsageException("expected end-to-end, clock, follow or micro"),
            };
        }
        catch (UsageException exception)
        {
            await Console.Error.WriteLineAsync($"bench: {exception.Message}\n{BenchOptions.Help}\n{FollowOptions.Help}");
            return Usage;
        }
        catch (BenchException exception)
        {
            await Console.Error.WriteLineAsync($"bench: {exception.Message}");
            return Failed;
        }
        catch (ChronoLogException exception)
        {
            await Console.Error.WriteLineAsync($"bench: {exception.Status}: {exception.Message}");
            return Failed;
        }
    }
}
