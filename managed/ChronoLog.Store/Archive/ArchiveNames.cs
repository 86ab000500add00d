using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using ChronoLog.Core.Model;

namespace ChronoLog.Store.Archive;

/// <summary>
/// Chronicle and story names as path components: bytes of UTF-8 outside <c>A-Z a-z 0-9 _ - .</c> are percent-encoded,
/// and so is a leading dot, so that no component is ".", ".." or hidden. What would become longer than <see
/// cref="ComponentLengthMax"/> is cut and continued with "~" and 128 bits of SHA-256; a story whose name was destroyed
/// before has "~" and its incarnation in decimal behind that. "~" is never part of a plain encoding, and an incarnation
/// has fewer digits than a hash, so distinct names never share a component.
/// </summary>
public static class ArchiveNames
{
    /// <summary>
    /// Below the 255 bytes of every common file system, with room for a prefix that marks a destroyed story.
    /// </summary>
    public const int ComponentLengthMax = 200;

    private const char ShortenedMark = '~';
    private const int HashHexLength = 32;
    private const int IncarnationDigitsMax = 10;

    private static readonly SearchValues<byte> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."u8);

    private static readonly UTF8Encoding StrictUtf8 = new(
        encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The path component of a name: ASCII, 1 to <see cref="ComponentLengthMax"/> characters.</summary>
    /// <exception cref="ArgumentException">The name is empty or has no UTF-8 form (a lone surrogate).</exception>
    public static string Encode(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        byte[] bytes = ToUtf8(name);
        var text = new StringBuilder(bytes.Length + 16);
        for (int i = 0; i < bytes.Length; i++)
        {
            AppendByte(text, bytes[i], first: i == 0);
        }

        return text.Length <= ComponentLengthMax ? text.ToString() : Shorten(text.ToString(), bytes);
    }

    /// <summary>The directories of a story: of its chronicle, and of itself in there.</summary>
    public static (string Chronicle, string Story) Encode(in StoryName name)
    {
        string story = Encode(name.Story);
        return (Encode(name.Chronicle), name.Incarnation == 0
            ? story
            : string.Create(CultureInfo.InvariantCulture, $"{story}{ShortenedMark}{name.Incarnation}"));
    }

    /// <summary>The name of a story's directories, unless one of them is shortened or nobody's encoding.</summary>
    public static bool TryDecode(string chronicleComponent, string storyComponent, out StoryName name)
    {
        name = default;
        uint incarnation = IncarnationOf(storyComponent, out string component);
        if (!TryDecode(chronicleComponent, out string chronicle) || !TryDecode(component, out string story))
        {
            return false;
        }

        name = new StoryName(chronicle, story, incarnation);
        return true;
    }

    /// <summary>The incarnation that a story's directory says, and the directory's name without it.</summary>
    public static uint IncarnationOf(string storyComponent, out string component)
    {
        int mark = storyComponent.LastIndexOf(ShortenedMark);
        ReadOnlySpan<char> digits = storyComponent.AsSpan(mark + 1);
        bool isLater = mark > 0 && digits.Length is > 0 and <= IncarnationDigitsMax && digits[0] != '0'
            && !digits.ContainsAnyExceptInRange('0', '9');
        uint incarnation = 0;
        isLater = isLater && uint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out incarnation);
        component = isLater ? storyComponent[..mark] : storyComponent;
        return isLater ? incarnation : 0;
    }

    /// <summary>
    /// The name of a component that <see cref="Encode(string)"/> made without shortening it; false for anything else.
    /// </summary>
    public static bool TryDecode(string component, out string name)
    {
        name = "";
        var bytes = new byte[component.Length];
        int length = 0;
        for (int i = 0; i < component.Length; length++)
        {
            if (component[i] != '%')
            {
                bytes[length] = component[i] <= 0x7F ? (byte)component[i] : (byte)'~';
                i++;
                continue;
            }

            if (i + 3 > component.Length || !TryHex(component.AsSpan(i + 1, 2), out bytes[length]))
            {
                return false;
            }

            i += 3;
        }

        return TryText(bytes.AsSpan(0, length), out name) && Encode(name) == component;
    }

    private static void AppendByte(StringBuilder text, byte value, bool first)
    {
        if (Plain.Contains(value) && !(first && value == (byte)'.'))
        {
            text.Append((char)value);
            return;
        }

        text.Append('%').Append(value.ToString("X2", null));
    }

    private static string Shorten(string encoded, byte[] bytes)
    {
        int cut = ComponentLengthMax - HashHexLength - 1;
        // Not within an escape, so that people can still read it.
        int escape = encoded.LastIndexOf('%', cut - 1, 2);
        string prefix = encoded[..(escape >= 0 && escape + 3 > cut ? escape : cut)];
        string hash = Convert.ToHexString(SHA256.HashData(bytes))[..HashHexLength].ToLowerInvariant();
        return prefix + ShortenedMark + hash;
    }

    private static byte[] ToUtf8(string name)
    {
        try
        {
            return StrictUtf8.GetBytes(name);
        }
        catch (EncoderFallbackException exception)
        {
            throw new ArgumentException(
                $"name '{name}' has no UTF-8 form: it contains half a surrogate pair", exception);
        }
    }

    private static bool TryText(ReadOnlySpan<byte> bytes, out string name)
    {
        name = "";
        if (bytes.IsEmpty || !System.Text.Unicode.Utf8.IsValid(bytes))
        {
            return false;
        }

        name = StrictUtf8.GetString(bytes);
        return true;
    }

    private static bool TryHex(ReadOnlySpan<char> digits, out byte value) =>
        byte.TryParse(digits, System.Globalization.NumberStyles.AllowHexSpecifier, null, out value);
}
