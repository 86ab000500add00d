using System.Diagnostics;

namespace ChronoLog.Tests.Cluster.Deployments;

/// <summary>Waits for conditions, never for time.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    public static Task UntilAsync(Func<bool> condition, string what, TimeSpan? deadline = null) =>
        UntilAsync(() => Task.FromResult(condition()), () => what, deadline);

    public static async Task UntilAsync(Func<Task<bool>> condition, Func<string> what, TimeSpan? deadline = null)
    {
        long begin = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Period);
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(begin) > (deadline ?? Deadline))
            {
                string message = $"waited {(deadline ?? Deadline).TotalSeconds} s for {what()}";
                TestContext.Out.WriteLine(message); // what is thrown may give way to what the end of a deployment says
                throw new TimeoutException(message);
            }

            await timer.WaitForNextTickAsync();
        }
    }
}
