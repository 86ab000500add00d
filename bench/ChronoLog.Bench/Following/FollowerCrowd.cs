using System.Diagnostics;
using System.Globalization;
using ChronoLog.Client;

namespace ChronoLog.Bench.Following;

/// <summary>
/// Followers in processes of their own: <c>followers ENDPOINT STORY FROM COUNT</c>, which says "following" when each has been
/// shown one event, and answers each line with a number of events with "seen" when each has been shown so many.
/// </summary>
internal sealed class FollowerCrowd : IAsyncDisposable
{
    public const string Chronicle = "bench";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    private readonly List<Process> processes = [];

    public static async Task<FollowerCrowd> StartAsync(string endpoint, string story, ulong from, int count, int processes)
    {
        var crowd = new FollowerCrowd();
        try
        {
            for (int i = 0; i < processes; i++)
            {
                int share = (count / processes) + (i < count % processes ? 1 : 0);
                crowd.processes.Add(Start(endpoint, story, from, share));
            }

            await crowd.ExpectAsync("following");
            return crowd;
        }
        catch
        {
            await crowd.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until every follower has been shown so many events, each once.</summary>
    public async Task SeeAsync(long events)
    {
        foreach (Process process in processes)
        {
            await process.StandardInput.WriteLineAsync(events.ToString(CultureInfo.InvariantCulture));
        }

        await ExpectAsync("seen");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in processes)
        {
            process.StandardInput.Close();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    /// <summary>The process of some of them.</summary>
    public static async Task<int> FollowAsync(string endpoint, string story, string from, string count)
    {
        var options = new ClientOptions { Endpoint = endpoint, Program = "bench-followers" };
        await using ChronoClient client = await ChronoClient.ConnectAsync(options);
        long[] shown = new long[int.Parse(count, CultureInfo.InvariantCulture)];
        using var stop = new CancellationTokenSource();
        ulong first = ulong.Parse(from, CultureInfo.InvariantCulture);
        Task[] following = [.. Enumerable.Range(0, shown.Length).Select(i => Task.Run(async () =>
        {
            await foreach (PlaybackPage page in client.PlaybackAsync(Chronicle, story, first, PlaybackMode.Immediate, stop.Token))
            {
                Volatile.Write(ref shown[i], shown[i] + page.Count);
            }
        }))];
        await UntilAsync(shown, 1);
        Console.WriteLine("following");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            await UntilAsync(shown, long.Parse(line, CultureInfo.InvariantCulture));
            Console.WriteLine("seen");
        }

        await stop.CancelAsync();
        await Task.WhenAll(following).ContinueWith(static _ => { }, TaskScheduler.Default);
        return 0;
    }

    private static async Task UntilAsync(long[] shown, long events)
    {
        while (!shown.All(each => each >= events))
        {
            await Task.Delay(5);
        }

        if (shown.Any(each => each > events))
        {
            throw new BenchException($"a follower was shown {shown.Max()} events instead of {events}");
        }
    }

    private static Process Start(string endpoint, string story, ulong from, int count)
    {
        string program = Environment.ProcessPath!;
        List<string> arguments =
            ["followers", endpoint, story, $"{from}", count.ToString(CultureInfo.InvariantCulture)];
        if (Path.GetFileNameWithoutExtension(program) == "dotnet")
        {
            arguments.Insert(0, typeof(FollowerCrowd).Assembly.Location);
        }

        return Process.Start(new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        })!;
    }

    private async Task ExpectAsync(string answer)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        foreach (Process process in processes)
        {
            string? line = await process.StandardOutput.ReadLineAsync(deadline.Token);
            if (line != answer)
            {
                throw new BenchException($"followers said '{line}' instead of '{answer}'");
            }
        }
    }
}
