using System.Text;
using System.Text.Json;
using ChronoLog.Extensions.Logging;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Tests.Unit.Logging;

/// <summary>What a log record looks like, and that it stays within its bounds.</summary>
public sealed class LogRecordTests
{
    [Test]
    public async Task ARecordTellsAllThatWasLogged()
    {
        JsonElement record = (await LogAsync(new ChronoLoggerOptions(), logger =>
        {
            using (logger.BeginScope("outer"))
            using (logger.BeginScope(new Dictionary<string, object?> { ["rank"] = 3 }))
            {
                logger.Log(
                    LogLevel.Error, new EventId(7, "Broken"), new InvalidOperationException("why"), "step {Step} took {Time} s, {Name}",
                    12, 1.5, "a \"name\"\n");
            }
        })).Single();
        Assert.Multiple(() =>
        {
            Assert.That(record.GetProperty("level").GetString(), Is.EqualTo("Error"));
            Assert.That(record.GetProperty("category").GetString(), Is.EqualTo("category"));
            Assert.That(record.GetProperty("eventId").GetInt32(), Is.EqualTo(7));
            Assert.That(record.GetProperty("event").GetString(), Is.EqualTo("Broken"));
            Assert.That(record.GetProperty("message").GetString(), Is.EqualTo("step 12 took 1.5 s, a \"name\"\n"));
            Assert.That(record.GetProperty("exception").GetString(), Does.Contain("why"));
            Assert.That(record.GetProperty("state").GetProperty("Step").GetInt32(), Is.EqualTo(12));
            Assert.That(record.GetProperty("state").GetProperty("Time").GetDouble(), Is.EqualTo(1.5));
            Assert.That(record.GetProperty("state").GetProperty("template").GetString(), Does.StartWith("step {Step}"));
            Assert.That(record.GetProperty("scopes")[0].GetString(), Is.EqualTo("outer"));
            Assert.That(record.GetProperty("scopes")[1].GetProperty("rank").GetInt32(), Is.EqualTo(3));
            Assert.That(record.TryGetProperty("truncated", out _), Is.False);
        });
    }

    [Test]
    public async Task ValuesOfEveryKind()
    {
        JsonElement state = (await LogAsync(new ChronoLoggerOptions(), logger => logger.LogInformation(
            "{A} {B} {C} {D} {E} {F} {G} {H}",
            null, true, ulong.MaxValue, double.NaN, 0.1m, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), DayOfWeek.Friday,
            new Throwing()))).Single().GetProperty("state");
        Assert.Multiple(() =>
        {
            Assert.That(state.GetProperty("A").ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(state.GetProperty("B").GetBoolean(), Is.True);
            Assert.That(state.GetProperty("C").GetUInt64(), Is.EqualTo(ulong.MaxValue));
            Assert.That(state.GetProperty("D").GetString(), Is.EqualTo("NaN"));
            Assert.That(state.GetProperty("E").GetDecimal(), Is.EqualTo(0.1m));
            Assert.That(state.GetProperty("F").GetString(), Does.Contain("2026"));
            Assert.That(state.GetProperty("G").GetString(), Is.EqualTo("Friday"));
            Assert.That(state.GetProperty("H").GetString(), Does.Contain("failed"));
        });
    }

    [FsCheck.NUnit.Property(MaxTest = 300)]
    public void NoRecordIsLongerThanAllowed(string message, string key, string value, int bytes)
    {
        int bytesMax = 512 + Math.Abs(bytes % 2000);
        using LogRecordWriter writer = LogRecordWriter.Take(bytesMax);
        string much = string.Concat(Enumerable.Repeat(message ?? "", 40));
        var state = Enumerable.Range(0, 20)
            .Select(i => new KeyValuePair<string, object?>((key ?? "") + i, (value ?? "") + '\u0001' + "é\ud83d\ude00" + i))
            .ToList();
        var scopes = new LoggerExternalScopeProvider();
        using IDisposable scope = scopes.Push(much);
        ReadOnlySpan<byte> record = writer.Write(
            much, LogLevel.Information, new EventId(1, much), state, much, new InvalidOperationException(much), scopes);
        Assert.That(record.Length, Is.LessThanOrEqualTo(bytesMax), Encoding.UTF8.GetString(record));
        using JsonDocument document = JsonDocument.Parse(record.ToArray());
        Assert.That(document.RootElement.GetProperty("level").GetString(), Is.EqualTo("Information"));
    }

    [Test]
    public async Task ACutRecordSaysSo()
    {
        JsonElement record = (await LogAsync(
            new ChronoLoggerOptions { RecordBytesMax = 600 }, logger => logger.LogInformation("{Text}", new string('x', 5000)))).Single();
        Assert.That(record.GetProperty("truncated").GetBoolean(), Is.True);
        Assert.That(record.GetProperty("message").GetString()!.Length, Is.InRange(300, 600));
    }

    [Test]
    public async Task LevelsBelowTheLeastAreNotRecorded()
    {
        JsonElement[] records = await LogAsync(
            new ChronoLoggerOptions { MinimumLevel = LogLevel.Warning },
            logger =>
            {
                logger.LogInformation("no");
                logger.LogWarning("yes");
            });
        Assert.That(records.Single().GetProperty("message").GetString(), Is.EqualTo("yes"));
    }

    [Test]
    public void TheHotPathAllocatesNothingOfItsOwn()
    {
        var options = new ChronoLoggerOptions();
        using LogRecordWriter first = LogRecordWriter.Take(options.RecordBytesMax);
        first.Dispose();
        KeyValuePair<string, object?>[] state = [new("number", 12), new("text", "a text"), new("time", DateTime.UnixEpoch)];
        void Write()
        {
            using LogRecordWriter writer = LogRecordWriter.Take(options.RecordBytesMax);
            _ = writer.Write("category", LogLevel.Information, new EventId(3, "name"), state, "the message", null, null);
        }

        Write();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Write();
        }

        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    private static async Task<JsonElement[]> LogAsync(ChronoLoggerOptions options, Action<ILogger> log)
    {
        var story = new PlayedStory();
        await using (var provider = new ChronoLoggerProvider(options, _ => Task.FromResult<ILogStory>(story)))
        {
            log(provider.CreateLogger("category"));
        }

        return [.. story.Records.Select(record => JsonDocument.Parse(record).RootElement.Clone())];
    }

    private sealed class Throwing
    {
        private int calls;

        // Once for the message, which is the formatter's, and then for the state.
        public override string ToString() => calls++ == 0 ? "first" : throw new InvalidOperationException("no");
    }
}
