using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace ChronoLog.App.Hosting;

/// <summary>Log lines of a process: one line each on standard error, as text or JSON.</summary>
internal static class ProcessLogging
{
    public static ILoggerFactory Create(string level, string format) => LoggerFactory.Create(builder =>
    {
        builder.SetMinimumLevel(Parse(level));
        builder.AddConsole(options => options.LogToStandardErrorThreshold = LogLevel.Trace);
        if (format == "json")
        {
            builder.AddJsonConsole(options =>
            {
                options.UseUtcTimestamp = true;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
            });
        }
        else
        {
            builder.AddSimpleConsole(options =>
            {
                options.SingleLine = true;
                options.UseUtcTimestamp = true;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                options.ColorBehavior = LoggerColorBehavior.Disabled;
            });
        }
    });

    private static LogLevel Parse(string level) => level switch
    {
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "warn" => LogLevel.Warning,
        "error" => LogLevel.Error,
        _ => LogLevel.Information,
    };
}
