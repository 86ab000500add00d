using ChronoLog.Extensions.Logging;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ChronoLog.Tests.Unit.Logging;

/// <summary>The section Logging:ChronoLog of an application's configuration.</summary>
public sealed class ConfiguredOptionsTests
{
    [Test]
    public void Every_plain_value_may_stand_in_the_section()
    {
        ChronoLoggerOptions options = Options(null, new()
        {
            ["Endpoint"] = "tcp://visor:5555", ["Chronicle"] = "c", ["Story"] = "s", ["MinimumLevel"] = "warning",
            ["IncludeScopes"] = "false", ["RecordBytesMax"] = "1024", ["QueueBytesMax"] = "100000", ["WhenFull"] = "Block",
            ["BlockTimeout"] = "00:00:07", ["RetryPeriod"] = "00:00:08", ["CloseTimeout"] = "00:00:09",
        });
        Assert.Multiple(() =>
        {
            Assert.That(options.Client.Endpoint, Is.EqualTo("tcp://visor:5555"));
            Assert.That((options.Chronicle, options.Story), Is.EqualTo(("c", "s")));
            Assert.That(options.MinimumLevel, Is.EqualTo(LogLevel.Warning));
            Assert.That(options.IncludeScopes, Is.False);
            Assert.That((options.RecordBytesMax, options.QueueBytesMax), Is.EqualTo((1024, 100_000)));
            Assert.That(options.WhenFull, Is.EqualTo(WhenFull.Block));
            Assert.That(
                (options.BlockTimeout, options.RetryPeriod, options.CloseTimeout),
                Is.EqualTo((TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(9))));
        });
    }

    [Test]
    public void What_the_section_leaves_out_has_its_default_and_code_has_the_last_word()
    {
        ChronoLoggerOptions options = Options(
            given => given.Story += " of code", new() { ["Story"] = "configured", ["LogLevel:Default"] = "Error" });
        var defaults = new ChronoLoggerOptions();
        Assert.Multiple(() =>
        {
            Assert.That(options.Story, Is.EqualTo("configured of code"));
            Assert.That(options.Chronicle, Is.EqualTo(defaults.Chronicle));
            Assert.That(options.Client, Is.EqualTo(defaults.Client with { Attributes = options.Client.Attributes }));
            Assert.That(options.CloseTimeout, Is.EqualTo(defaults.CloseTimeout));
            Assert.That(options.MinimumLevel, Is.EqualTo(LogLevel.Trace), "levels are the framework's to filter");
        });
    }

    [TestCase("MinimumLevel", "loud")]
    [TestCase("MinimumLevel", "99")]
    [TestCase("RecordBytesMax", "1 KiB")]
    [TestCase("IncludeScopes", "perhaps")]
    [TestCase("WhenFull", "Explode")]
    [TestCase("CloseTimeout", "soon")]
    public void What_is_no_value_is_refused_by_its_name(string key, string value) => Assert.That(
        () => Options(null, new() { [key] = value }),
        Throws.ArgumentException.With.Message.Contains($"Logging:ChronoLog:{key} is '{value}'"));

    [Test]
    public void Added_twice_it_is_there_once()
    {
        var services = new ServiceCollection();
        services.AddLogging(builder => builder.AddChronoLog(options => options.Story = "a").AddChronoLog(options => options.Story += "b"));
        Assert.That(services.Count(each => each.ServiceType == typeof(ILoggerProvider)), Is.EqualTo(1));
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.That(provider.GetRequiredService<IOptions<ChronoLoggerOptions>>().Value.Story, Is.EqualTo("ab"));
    }

    private static ChronoLoggerOptions Options(Action<ChronoLoggerOptions>? configure, Dictionary<string, string?> section)
    {
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(section.Select(each => KeyValuePair.Create("ChronoLog:" + each.Key, each.Value)))
            .Build();
        var services = new ServiceCollection();
        services.AddLogging(builder => builder.AddConfiguration(configuration).AddChronoLog(configure));
        using ServiceProvider provider = services.BuildServiceProvider();
        return provider.GetRequiredService<IOptions<ChronoLoggerOptions>>().Value;
    }
}
