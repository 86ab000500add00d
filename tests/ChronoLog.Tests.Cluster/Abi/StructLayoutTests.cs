using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ChronoLog.Abi;
using ChronoLog.Core.Model;

namespace ChronoLog.Tests.Cluster.Abi;

/// <summary>The structs that cross between languages lie in memory alike in all of them. C's word is the law.</summary>
public sealed class StructLayoutTests
{
    private string directory = null!;
    private string[] c = null!;

    [OneTimeSetUp]
    public async Task CompileAsync()
    {
        directory = Directory.CreateTempSubdirectory("chronolog-layouts-").FullName;
        c = await PrintedAsync(await Consumer.CompileAsync("layouts.c", directory, "gnu11"));
    }

    [OneTimeTearDown]
    public void Remove() => Directory.Delete(directory, recursive: true);

    [Test]
    public void CNamesThemAll() => Assert.That(c, Has.Length.GreaterThan(40).And.Contains("event index 24"));

    [Test]
    public async Task Fortran()
    {
        string[] fortran = await PrintedAsync(await Consumer.CompileAsync("layouts.f90", directory, "f2008"));
        Assert.That(fortran, Is.EqualTo(c.Where(IsPublic)));
    }

    [Test]
    public async Task Python()
    {
        string[] python = await PrintedAsync(
            "/usr/bin/env", "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH=" + Consumer.Python,
            "/usr/bin/python3", Path.Combine(Consumer.Sources, "layouts.py"));
        Assert.That(python, Is.EqualTo(c.Where(IsPublic)));
    }

    // What C# reads and writes of C's: a page's entries are handed out as they are (no arrival stamps: its lengths have no flag),
    // attributes and calls are C's own.
    [Test]
    public void CSharp() => Assert.Multiple(() =>
    {
        Assert.That(
            Layout<EventEntry>("event", "EventTime tick", "ClientId client_id", "Address record", "EventIndex index", "lengthAndFlag length"),
            Is.EqualTo(c.Where(line => line.StartsWith("event ", StringComparison.Ordinal))));
        Assert.That(
            Layout<AbiAttribute>("attribute", "key key", "value value"),
            Is.EqualTo(c.Where(line => line.StartsWith("attribute ", StringComparison.Ordinal))));
        Assert.That(
            Layout<AbiText>("text", "bytes bytes", "length length"),
            Is.EqualTo(c.Where(line => line.StartsWith("text ", StringComparison.Ordinal))));
        Assert.That(c, Does.Contain($"call bytes {Unsafe.SizeOf<AbiCall>()}"));
    });

    private static IEnumerable<string> Layout<T>(string name, params string[] fields)
        where T : struct =>
        fields.Select(pair => pair.Split(' '))
            .Select(pair => $"{name} {pair[1]} {Marshal.OffsetOf<T>(pair[0])}")
            .Prepend($"{name} bytes {Unsafe.SizeOf<T>()}");

    private static bool IsPublic(string line) =>
        !line.StartsWith("text ", StringComparison.Ordinal) && !line.StartsWith("call ", StringComparison.Ordinal);

    private static async Task<string[]> PrintedAsync(string program, params string[] arguments) =>
        (await Consumer.RunAsync(program, arguments, new Dictionary<string, string>())).TrimEnd().Split('\n');
}
