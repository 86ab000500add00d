using Microsoft.Extensions.Logging;

namespace ChronoLog.Tests.Simulation.Kernel;

/// <summary>
/// Puts what a process logs into the trace, and takes as a violation what the product itself calls a defect: an error
/// with
/// an exception that is no stated failure, or anything critical.
/// </summary>
public sealed class SimLogger(SimProcess process) : ILogger
{
    /// <summary>Least severity that is formatted; warnings are few.</summary>
    public static LogLevel Least { get; set; } = LogLevel.Warning;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= Least;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel) || !process.IsAlive)
        {
            return;
        }

        process.World.Trace.Say(process.World.Now, process.FullName, $"log {logLevel}: {formatter(state, exception)}");
        if (logLevel == LogLevel.Critical || (logLevel == LogLevel.Error && exception is not null))
        {
            process.World.Violations.Add("no defect", $"{process.FullName}: {formatter(state, exception)} {exception}");
        }
    }
}
