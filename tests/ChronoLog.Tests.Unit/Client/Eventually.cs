using System.Diagnostics;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Unit.Client;

/// <summary>Waiting for what another thread does, and for what must fail.</summary>
internal static class Eventually
{
    /// <summary>Far more than anything here takes, so that only a defect reaches it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static Task Until(Func<bool> condition, string what) => Until(() => Task.FromResult(condition()), what);

    public static async Task Until(Func<Task<bool>> condition, string what)
    {
        var waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.That(waited.Elapsed, Is.LessThan(Patience), $"never came true: {what}");
            await Task.Delay(2);
        }
    }

    /// <summary>The status with which the call fails; it must fail.</summary>
    public static async Task<Status> Refusal(Func<Task> call) => (await Failure(call)).Status;

    /// <inheritdoc cref="Refusal"/>
    public static Status Refused(Action call) => Assert.Throws<ChronoLogException>(() => call())!.Status;

    public static async Task<ChronoLogException> Failure(Func<Task> call)
    {
        try
        {
            await call().WaitAsync(Patience);
        }
        catch (ChronoLogException exception)
        {
            return exception;
        }

        throw new AssertionException("the call was expected to fail");
    }
}
