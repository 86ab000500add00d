using System.Text.Json;
using ChronoLog.App.Commands;
using ChronoLog.Core.Settings;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Settings;

internal sealed class SettingTableTests
{
    private static readonly Setting<long> Count = SettingKinds.Integer("count", 3, 1, 10, "How many.");
    private static readonly Setting<TimeSpan> Pause =
        SettingKinds.Duration("long-pause", "2s", "1ms", "1h", "How long.");
    private static readonly Setting<long> Size = SettingKinds.Bytes("size", "4KiB", "1", "1GiB", "How large.");
    private static readonly Setting<string> Mode = SettingKinds.Choice("mode", "soft", "How.", "soft", "hard");
    private static readonly Setting<string> Chain = SettingKinds.Json("chain", "{}", "What.");
    private static readonly SettingTable Table = new("chrono_test", [Count, Pause, Size, Mode, Chain]);
    private static readonly SettingTable Other = new("chrono_other", [SettingKinds.Port("query-port", 1, "A port.")]);

    [Test]
    public void DefaultsHoldWhereNothingIsSet()
    {
        SettingValues values = Load();
        Assert.That(values.Get(Count), Is.EqualTo(3));
        Assert.That(values.Get(Pause), Is.EqualTo(TimeSpan.FromSeconds(2)));
        Assert.That(values.Get(Size), Is.EqualTo(4096));
        Assert.That(values.Get(Mode), Is.EqualTo("soft"));
        Assert.That(values.IsSet(Count), Is.False);
    }

    [Test]
    public void CommandLineWinsOverEnvironmentOverFileOverDefault()
    {
        const string File = """{"count":4,"chrono_test":{"count":5,"long_pause":"3s"},"chrono_other":{"count":99}}""";
        Dictionary<string, string> environment = new() { ["CHRONOLOG_COUNT"] = "6" };
        Assert.That(Load(File).Get(Count), Is.EqualTo(5), "the command's section wins over the top level");
        Assert.That(Load(File).Get(Pause), Is.EqualTo(TimeSpan.FromSeconds(3)));
        Assert.That(Load("""{"count":4}""").Get(Count), Is.EqualTo(4));
        Assert.That(Load(File, environment).Get(Count), Is.EqualTo(6));
        SettingValues values = Load(File, environment, ("count", "7"));
        Assert.That(values.Get(Count), Is.EqualTo(7));
        Assert.That(values.All.First(row => row.Row == Count).Source, Is.EqualTo(SettingSource.CommandLine));
    }

    [TestCase("count", "11", "1 .. 10")]
    [TestCase("count", "x", "1 .. 10")]
    [TestCase("count", "", "1 .. 10")]
    [TestCase("long-pause", "0", "1ms .. 1h")]
    [TestCase("long-pause", "-5s", "1ms .. 1h")]
    [TestCase("long-pause", "5 parsecs", "1ms .. 1h")]
    [TestCase("long-pause", "1e300h", "1ms .. 1h")]
    [TestCase("size", "2GiB", "1 .. 1GiB")]
    [TestCase("size", "99999999999999999999", "1 .. 1GiB")]
    [TestCase("size", "9223372036854775807KiB", "1 .. 1GiB")]
    [TestCase("mode", "medium", "soft | hard")]
    [TestCase("chain", "[1]", "JSON object")]
    [TestCase("chain", "{", "JSON object")]
    public void ABadValueIsRefusedByNameSourceAndRange(string name, string text, string range)
    {
        SettingException refusal = Assert.Throws<SettingException>(() => Load(null, [], (name, text)))!;
        Assert.That(refusal.Message, Does.Contain($"'{name}'").And.Contain($"--{name}").And.Contain(range));
    }

    [Test]
    public void ABadValueFromFileOrEnvironmentNamesItsSource()
    {
        Assert.That(
            Assert.Throws<SettingException>(() => Load("""{"long_pause":"never"}"""))!.Message,
            Does.Contain("settings file, \"long_pause\""));
        Assert.That(
            Assert.Throws<SettingException>(() => Load(null, new() { ["CHRONOLOG_LONG_PAUSE"] = "never" }))!.Message,
            Does.Contain("environment, CHRONOLOG_LONG_PAUSE"));
    }

    [TestCase("""{"chrono_test":{"cuont":5}}""", "\"chrono_test.cuont\"", "\"chrono_test.count\"")]
    [TestCase("""{"chrono_test":{"query_port":5}}""", "\"chrono_test.query_port\"", "\"chrono_test.")]
    [TestCase("""{"long-pause":"3s"}""", "\"long-pause\"", "\"long_pause\"")]
    [TestCase("""{"longpause":"3s","count":4}""", "\"longpause\"", "\"long_pause\"")]
    [TestCase("""{"queryport":5}""", "\"queryport\"", "\"query_port\"")]
    [TestCase("""{"chrono_tset":{"count":5}}""", "\"chrono_tset\"", "\"chrono_test\"")]
    [TestCase("""{"chrono_test":5}""", "\"chrono_test\"", "object")]
    [TestCase("""{"chrono_other":[]}""", "\"chrono_other\"", "object")]
    [TestCase("""[]""", "settings.json", "object")]
    public void AFileWithAKeyThatNobodyKnowsIsRefused(string file, string what, string advice) =>
        Assert.That(
            Assert.Throws<SettingException>(() => Load(file))!.Message,
            Does.Contain("settings.json").And.Contain(what).And.Contain(advice));

    [Test]
    public void WhatIsForOtherRolesMayStandInTheSameFile()
    {
        const string File = """{"query_port":7,"chrono_other":{"anything":1},"chrono_client":{"x":{}},"count":4,"chain":{"a":1}}""";
        Assert.That(Load(File).Get(Count), Is.EqualTo(4));
        Assert.That(Load(File).Get(Chain), Is.EqualTo("""{"a":1}"""));
    }

    [Test]
    public void ValuesAreJsonOfTheirType()
    {
        Assert.That(Json(Count, "7"), Is.EqualTo("""{"v":7}"""));
        Assert.That(Json(SettingKinds.Port("port", 1, "P."), "5555"), Is.EqualTo("""{"v":5555}"""));
        Assert.That(Json(Size, "4KiB"), Is.EqualTo("""{"v":4096}"""));
        Assert.That(Json(SettingKinds.Flag("flag", true, "F."), "true"), Is.EqualTo("""{"v":true}"""));
        Assert.That(Json(Chain, """{"a":{"b":1}}"""), Is.EqualTo("""{"v":{"a":{"b":1}}}"""));
        Assert.That(Json(Pause, "2s"), Is.EqualTo("""{"v":"2s"}"""), "a duration has its unit");
        Assert.That(Json(Mode, "soft"), Is.EqualTo("""{"v":"soft"}"""));
    }

    [TestCase("250us", 0.25)]
    [TestCase("500ms", 500)]
    [TestCase("1.5s", 1500)]
    [TestCase("2", 2000)]
    [TestCase("5m", 300_000)]
    [TestCase("5min", 300_000)]
    [TestCase("1h", 3_600_000)]
    public void Durations(string text, double milliseconds)
    {
        Assert.That(SettingKinds.TryReadDuration(text, out TimeSpan value), Is.True);
        Assert.That(value.TotalMilliseconds, Is.EqualTo(milliseconds));
    }

    [TestCase("17", 17)]
    [TestCase("17B", 17)]
    [TestCase("64KiB", 65536)]
    [TestCase("64 KiB", 65536)]
    [TestCase("1MB", 1_000_000)]
    [TestCase("2GiB", 2147483648)]
    public void Sizes(string text, long bytes)
    {
        Assert.That(SettingKinds.TryReadBytes(text, out long value), Is.True);
        Assert.That(value, Is.EqualTo(bytes));
    }

    /// <summary>A default that its own row would refuse would only be found by whoever leaves it alone.</summary>
    [TestCaseSource(nameof(RealRows))]
    public void EveryDefaultIsAccepted(string role, Setting row)
    {
        Assert.That(row.Accepts(row.Default), Is.True, $"{role}: {row.Name} = {row.Default} ({row.Kind})");
        Assert.That(row.Name, Does.Match("^[a-z][a-z0-9-]*$"));
        Assert.That(row.Help, Does.EndWith("."));
    }

    [Test]
    public void NamesAreUniqueInEveryTable()
    {
        foreach (SettingTable table in ConfigCommand.Tables.Values)
        {
            Assert.That(table.Rows.Select(row => row.Name), Is.Unique);
        }
    }

    private static IEnumerable<object[]> RealRows() =>
        ConfigCommand.Tables.SelectMany(table => table.Value.Rows.Select(row => new object[] { table.Key, row }));

    private static string Json(Setting row, string text)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            row.WriteJson(writer, "v", text);
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static SettingValues Load(
        string? file = null, Dictionary<string, string>? environment = null, params (string Name, string Text)[] given)
    {
        using JsonDocument? document = file is null ? null : JsonDocument.Parse(file);
        return Table.Load(
            given.ToDictionary(pair => pair.Name, pair => pair.Text),
            name => environment?.GetValueOrDefault(name),
            document is null ? null : new SettingFile("settings.json", document.RootElement, [Table, Other]));
    }
}
