using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using ChronoLog.Abi;
using ChronoLog.Core.Model;
using ChronoLog.Core.Protocol;

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
    public void CNamesThemAll() => Assert.That(c, Has.Length.GreaterThan(50).And.Contains("event index 24 u4"));

    [Test]
    public async Task Fortran()
    {
        string[] fortran = await PrintedAsync(await Consumer.CompileAsync("layouts.f90", directory, "f2008"));
        Assert.That(fortran, Is.EqualTo(c.Where(IsPublic).Select(WithoutSign)));
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
            Is.EqualTo(Lines("event").Select(WithoutSign)));
        Assert.That(Layout<AbiAttribute>("attribute", "key key", "value value"), Is.EqualTo(Lines("attribute").Select(WithoutSign)));
        Assert.That(Layout<AbiText>("text", "bytes bytes", "length length"), Is.EqualTo(Lines("text").Select(WithoutSign)));
        Assert.That(c, Does.Contain($"call bytes {Unsafe.SizeOf<AbiCall>()}"));
    });

    // Its fields are nobody's to see: by what is read where C has written, and by what is written where C will read.
    [Test]
    public unsafe void ACallIsReadAndWrittenWhereCHasIt()
    {
        ulong[] words = [.. Enumerable.Range(1, Unsafe.SizeOf<AbiCall>() / sizeof(ulong)).Select(each => (ulong)each)];
        fixed (ulong* first = words)
        {
            byte* key = stackalloc byte[2] { (byte)'k', 0 }, value = stackalloc byte[2] { (byte)'v', 0 };
            byte** attribute = stackalloc byte*[2] { key, value };
            ref AbiCall call = ref Unsafe.AsRef<AbiCall>(first);
            words[Word("attributes")] = (ulong)attribute;
            words[Word("attribute_count")] = 1;
            words[Word("texts") + 6] = (ulong)value; // the last one of four
            words[Word("texts") + 7] = 1;
            Assert.That((uint)call.Operation, Is.EqualTo(1 + Word("operation")));
            Assert.That(call.ObjectNumber, Is.EqualTo(1 + Word("object")));
            Assert.That((call.Number(0), call.Number(8)), Is.EqualTo((1ul + (ulong)Word("numbers"), 9ul + (ulong)Word("numbers"))));
            Assert.That(call.Attributes(), Is.EqualTo(new Dictionary<string, string> { ["k"] = "v" }));
            Assert.That(call.Text(3).ToString(), Is.EqualTo("v"));

            call.Result(0, 1111);
            call.Result(7, 7777);
            Assert.That((words[Word("results")], words[Word("results") + 7]), Is.EqualTo((1111ul, 7777ul)));
            call.Give("abc"u8);
            Assert.That(words[Word("memory_bytes")], Is.EqualTo(3));
            Assert.That(new ReadOnlySpan<byte>((void*)words[Word("memory")], 3).SequenceEqual("abc"u8));
            NativeMemory.Free((void*)words[Word("memory")]);
            call.Fail(Status.Corrupt, "why");
            Assert.That(*(int*)((byte*)first + Place("status")), Is.EqualTo(-(int)Status.Corrupt));
            Assert.That(Marshal.PtrToStringUTF8((nint)first + Place("message")), Is.EqualTo("why"));
        }
    }

    private static IEnumerable<string> Layout<T>(string name, params string[] fields)
        where T : struct =>
        fields.Select(pair => pair.Split(' '))
            .Select(pair => $"{name} {pair[1]} {Marshal.OffsetOf<T>(pair[0])} {TypeOf(typeof(T), pair[0])}")
            .Prepend($"{name} bytes {Unsafe.SizeOf<T>()}");

    private static string TypeOf(Type holder, string field)
    {
        Type type = holder.GetField(field, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)!.FieldType;
        return type.IsPointer || type == typeof(nint) ? "p8"
            : type == typeof(ulong) || type == typeof(long) ? "i8"
            : type == typeof(uint) || type == typeof(int) ? "i4"
            : type.Name;
    }

    // Fortran's integers have a sign, and C#'s length has one.
    private static string WithoutSign(string line) => Regex.Replace(line, " u([0-9]+)$", " i$1");

    private IEnumerable<string> Lines(string name) => c.Where(line => line.StartsWith(name + " ", StringComparison.Ordinal));

    private int Word(string field) => Place(field) / sizeof(ulong);

    private int Place(string field) =>
        int.Parse(Lines("call").Single(line => line.StartsWith($"call {field} ", StringComparison.Ordinal)).Split(' ')[2], null);

    private static bool IsPublic(string line) =>
        !line.StartsWith("text ", StringComparison.Ordinal) && !line.StartsWith("call ", StringComparison.Ordinal);

    private static async Task<string[]> PrintedAsync(string program, params string[] arguments) =>
        (await Consumer.RunAsync(program, arguments, new Dictionary<string, string>())).TrimEnd().Split('\n');
}
