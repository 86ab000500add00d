using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Extensions.Logging;

/// <summary>
/// Sends log records to a story, each as one event: a JSON object with level, category, eventId, event, message, exception,
/// state and scopes, as far as there are such. The event's tick is its time. Connects in the background; disposing it waits,
/// bounded, until what was logged is safe.
/// </summary>
[ProviderAlias("ChronoLog")]
public sealed class ChronoLoggerProvider : ILoggerProvider, ISupportExternalScope, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ChronoLogger> loggers = new(StringComparer.Ordinal);
    private readonly ChronoLoggerOptions options;
    private readonly LogSink sink;
    private IExternalScopeProvider? scopes = new LoggerExternalScopeProvider();

    /// <param name="options">Must not change any more.</param>
    /// <exception cref="ArgumentException">A value out of its range.</exception>
    public ChronoLoggerProvider(ChronoLoggerOptions options)
        : this(options, cancellation => StoryConnection.OpenAsync(options, cancellation))
    {
    }

    internal ChronoLoggerProvider(ChronoLoggerOptions options, Func<CancellationToken, Task<ILogStory>> open)
    {
        options.Check();
        this.options = options;
        sink = new LogSink(options, open);
        sink.Start();
    }

    /// <summary>Records that are in the story's ring.</summary>
    public long Recorded => sink.Recorded;

    /// <summary>Records that were dropped; the story has an event that says so, with the next record that it takes.</summary>
    public long Dropped => sink.Dropped;

    /// <summary>Why the deployment was not reached; null: it is, or nobody has tried yet.</summary>
    public string? Trouble => sink.Trouble;

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => loggers.GetOrAdd(
        categoryName,
        static (name, provider) => new ChronoLogger(name, provider.options, provider.sink) { Scopes = provider.OwnScopes },
        this);

    /// <inheritdoc/>
    public void SetScopeProvider(IExternalScopeProvider scopeProvider)
    {
        scopes = scopeProvider;
        foreach (ChronoLogger logger in loggers.Values)
        {
            logger.Scopes = OwnScopes;
        }
    }

    /// <summary>Waits for what is queued and for the story's release, for <see cref="ChronoLoggerOptions.CloseTimeout"/> at most.</summary>
    public void Dispose() => Task.Run(() => sink.DisposeAsync().AsTask()).GetAwaiter().GetResult();

    /// <inheritdoc cref="Dispose"/>
    public ValueTask DisposeAsync() => sink.DisposeAsync();

    private IExternalScopeProvider? OwnScopes => options.IncludeScopes ? scopes : null;
}
