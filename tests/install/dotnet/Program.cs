// A C# application that has ChronoLog from its packages: records, replays, and logs through ILogger. Prints "hello".
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Extensions.Logging;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

string endpoint = Environment.GetEnvironmentVariable("CHRONOLOG_ENDPOINT")!;
string chronicle = args[0];
await using ChronoClient client = await ChronoClient.ConnectAsync(new ClientOptions { Endpoint = endpoint });
StoryHandle story = await client.AcquireStoryAsync(chronicle, "story", createChronicle: true);
ulong tick = story.LogEvent("hello"u8);
foreach (string record in await ReplayAsync("story", tick))
{
    Console.WriteLine(record);
}

await client.ReleaseStoryAsync(chronicle, "story");

// Levels, chronicle and more from the configuration, the story from code.
IConfiguration configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
{
    ["LogLevel:Default"] = "Trace",
    ["ChronoLog:LogLevel:Default"] = "Warning",
    ["ChronoLog:Chronicle"] = chronicle,
    ["ChronoLog:Story"] = "another",
    ["ChronoLog:CloseTimeout"] = "00:01:00",
}).Build();
using (ILoggerFactory logging = LoggerFactory.Create(
    builder => builder.AddConfiguration(configuration).AddChronoLog(options => options.Story = "log")))
{
    ILogger logger = logging.CreateLogger("consumer");
    logger.LogInformation("the configuration wants no such level");
    using (logger.BeginScope(new Dictionary<string, object> { ["job"] = 42 }))
    {
        logger.LogWarning(new EventId(5, "slow"), new InvalidOperationException("why"), "step {Step} is slow", 7);
    }
}

string logged = (await ReplayAsync("log", 0)).Single();
string[] expected =
[
    "\"level\":\"Warning\"", "\"category\":\"consumer\"", "\"eventId\":5", "\"event\":\"slow\"", "\"message\":\"step 7 is slow\"",
    "InvalidOperationException: why", "\"Step\":7", "\"scopes\":[{\"job\":42}]",
];
Console.WriteLine(expected.FirstOrDefault(part => !logged.Contains(part)) is { } missing ? $"no {missing} in {logged}" : "logged");
await client.DisconnectAsync();

async Task<List<string>> ReplayAsync(string name, ulong start)
{
    var records = new List<string>();
    await using Replay replay = await client.ReplayAsync(chronicle, name, start, ulong.MaxValue);
    await foreach (EventPage page in replay)
    {
        foreach (ref readonly EventEntry entry in page.Events)
        {
            records.Add(Encoding.UTF8.GetString(entry.LogRecord));
        }
    }

    return replay.Status == Status.Ok ? records : throw new InvalidOperationException(string.Join("; ", replay.Gaps));
}
