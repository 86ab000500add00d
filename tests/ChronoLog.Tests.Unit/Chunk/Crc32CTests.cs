using System.Text;
using ChronoLog.Core.Chunk;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Chunk;

public sealed class Crc32CTests
{
    [TestCase("", 0x00000000u)]
    [TestCase("a", 0xC1D04330u)]
    [TestCase("123456789", 0xE3069283u)]
    public void Known_vectors(string text, uint expected) =>
        Assert.That(Crc32C.Compute(Encoding.ASCII.GetBytes(text)), Is.EqualTo(expected));

    [Test]
    public void Vectors_of_RFC_3720()
    {
        byte[] ascending = [.. Enumerable.Range(0, 32).Select(value => (byte)value)];
        byte[] ones = [.. Enumerable.Repeat((byte)0xFF, 32)];
        Assert.Multiple(() =>
        {
            Assert.That(Crc32C.Compute(new byte[32]), Is.EqualTo(0x8A9136AAu));
            Assert.That(Crc32C.Compute(ones), Is.EqualTo(0x62A8AB43u));
            Assert.That(Crc32C.Compute(ascending), Is.EqualTo(0x46DD794Eu));
        });
    }

    [Test]
    public void Equals_the_bitwise_definition_at_every_length_and_alignment()
    {
        var random = new Random(1);
        byte[] data = new byte[40_000];
        random.NextBytes(data);
        int[] lengths = [.. Enumerable.Range(0, 900), 12_287, 12_288, 12_289, 13_056, 24_576, 39_000];
        foreach (int length in lengths)
        {
            int offset = random.Next(0, 16);
            uint expected = Bitwise(data.AsSpan(offset, length));
            Assert.That(Crc32C.Compute(data.AsSpan(offset, length)), Is.EqualTo(expected), $"length {length}");
        }
    }

    [Test]
    public void Appending_parts_equals_the_whole()
    {
        var random = new Random(2);
        byte[] data = new byte[30_000];
        random.NextBytes(data);
        for (int round = 0; round < 50; round++)
        {
            int cut = random.Next(data.Length);
            uint crc = Crc32C.Append(Crc32C.Compute(data.AsSpan(0, cut)), data.AsSpan(cut));
            Assert.That(crc, Is.EqualTo(Crc32C.Compute(data)), $"cut at {cut}");
        }
    }

    private static uint Bitwise(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78u : crc >> 1;
            }
        }

        return ~crc;
    }
}
