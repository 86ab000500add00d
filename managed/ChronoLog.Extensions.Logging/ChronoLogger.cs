using Microsoft.Extensions.Logging;

namespace ChronoLog.Extensions.Logging;

/// <summary>The logger of one category.</summary>
internal sealed class ChronoLogger(string category, ChronoLoggerOptions options, LogSink sink) : ILogger
{
    /// <summary>Null: scopes are not recorded.</summary>
    public IExternalScopeProvider? Scopes { get; set; }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => Scopes?.Push(state);

    public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None && logLevel >= options.MinimumLevel;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }

        try
        {
            using LogRecordWriter writer = LogRecordWriter.Take(options.RecordBytesMax);
            sink.Record(writer.Write(
                category, logLevel, eventId, state, formatter(state, exception), exception, Scopes));
        }
        catch (Exception)
        {
            sink.Drop(); // a formatter of the application's that throws: logging must not end what is logged
        }
    }
}
