using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Configuration;
using Microsoft.Extensions.Options;

namespace ChronoLog.Extensions.Logging;

/// <summary>Adds ChronoLog to an application's logging.</summary>
public static class ChronoLoggingBuilderExtensions
{
    /// <summary>
    /// Sends log records to a story. Its name in the logging configuration is "ChronoLog": the section Logging:ChronoLog may have
    /// levels of its own (LogLevel), and each property of <see cref="ChronoLoggerOptions"/> that is a plain value, and Endpoint.
    /// </summary>
    /// <param name="builder">Of the application.</param>
    /// <param name="configure">Changes the defaults, and what the configuration says.</param>
    public static ILoggingBuilder AddChronoLog(this ILoggingBuilder builder, Action<ChronoLoggerOptions>? configure = null)
    {
        builder.AddConfiguration();
        builder.Services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IConfigureOptions<ChronoLoggerOptions>, ConfiguredOptions>());
        if (configure is not null)
        {
            builder.Services.Configure(configure);
        }

        // Once, however often it is added: two would write every record twice.
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<ILoggerProvider, ChronoLoggerProvider>(
            static services => new ChronoLoggerProvider(services.GetRequiredService<IOptions<ChronoLoggerOptions>>().Value)));
        return builder;
    }

    /// <summary>Sends log records to a story. May be called again, for another one.</summary>
    /// <param name="builder">Of the application.</param>
    /// <param name="options">Must not change any more; the configuration has no say in them, but for levels.</param>
    public static ILoggingBuilder AddChronoLog(this ILoggingBuilder builder, ChronoLoggerOptions options)
    {
        builder.Services.AddSingleton<ILoggerProvider>(_ => new ChronoLoggerProvider(options));
        return builder;
    }
}
