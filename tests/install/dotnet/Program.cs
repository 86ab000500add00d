// A C# application that has ChronoLog from its packages: records, replays, and logs through ILogger. Prints "hello".
using System.Text;
using ChronoLog.Client;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;
using ChronoLog.Extensions.Logging;
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

using (ILoggerFactory logging = LoggerFactory.Create(builder => builder.AddChronoLog(options =>
{
    options.Chronicle = chronicle;
    options.Story = "log";
})))
{
    logging.CreateLogger("consumer").LogWarning("step {Step} is slow", 7);
}

string logged = (await ReplayAsync("log", 0)).Single();
Console.WriteLine(logged.Contains("\"Step\":7") && logged.Contains("step 7 is slow") ? "logged" : logged);
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
