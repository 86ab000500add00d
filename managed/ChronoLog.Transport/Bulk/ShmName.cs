using System.Globalization;
using System.Text;

namespace ChronoLog.Transport.Bulk;

/// <summary>
/// Names of shm endpoints: "chronolog-bulk-NAMESPACE-PID-RANDOM". libfabric makes a file /dev/shm/NAME:0:0 of it, whose
/// address is "fi_shm://NAME:0:0", and leaves the file behind when the process is killed. The doorbell (an abstract
/// socket, which vanishes with its process) has the same name, so whether a file's owner lives can be asked safely.
/// </summary>
internal static class ShmName
{
    private const string Prefix = "chronolog-bulk-";
    private const string Scheme = "fi_shm://";
    private const string Directory = "/dev/shm";

    /// <summary>A new name, unique on the machine.</summary>
    internal static string New() => string.Create(
        CultureInfo.InvariantCulture, $"{OwnPrefix()}{Environment.ProcessId}-{RandomKey.Next():x16}");

    /// <summary>The name of the endpoint, and of its doorbell.</summary>
    internal static string Of(ReadOnlySpan<byte> address)
    {
        string text = Encoding.ASCII.GetString(address[Scheme.Length..^1]);
        return text[..text.IndexOf(':', StringComparison.Ordinal)];
    }

    /// <summary>Whether it is an address that <see cref="New"/> can have led to, zero-terminated.</summary>
    internal static bool IsAddress(ReadOnlySpan<byte> address)
    {
        if (address.Length is < 32 or > 120 || address[^1] != 0 ||
            !address.StartsWith(Encoding.ASCII.GetBytes(Scheme + Prefix)))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = address[(Scheme.Length + Prefix.Length)..^1];
        int colon = rest.IndexOf((byte)':');
        return colon > 0 &&
            rest[..colon].IndexOfAnyExcept("0123456789abcdef-"u8) < 0 &&
            rest[colon..].IndexOfAnyExcept("0123456789:"u8) < 0;
    }

    internal static bool IsOfThisProcess(string name) => name.StartsWith(
        string.Create(CultureInfo.InvariantCulture, $"{OwnPrefix()}{Environment.ProcessId}-"), StringComparison.Ordinal);

    /// <summary>Removes the file of an own endpoint.</summary>
    internal static void RemoveFile(ReadOnlySpan<byte> address) =>
        File.Delete(Path.Combine(Directory, Encoding.ASCII.GetString(address[Scheme.Length..^1])));

    /// <summary>Removes the files of this user's endpoints in this network namespace whose process has gone.</summary>
    internal static void RemoveStaleFiles(Action<string> notice)
    {
        foreach (string file in System.IO.Directory.EnumerateFiles(Directory, OwnPrefix() + "*"))
        {
            string name = Path.GetFileName(file);
            int colon = name.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && !ShmDoorbell.Exists(name[..colon]))
            {
                Remove(file, notice);
            }
        }
    }

    private static void Remove(string file, Action<string> notice)
    {
        try
        {
            File.Delete(file);
            notice($"removed {file}, left behind by a process that has gone");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            notice($"{file} was left behind by a process that has gone, and cannot be removed: {exception.Message}");
        }
    }

    // Abstract sockets are seen within one network namespace; /dev/shm may be shared by several.
    private static string OwnPrefix()
    {
        string link = new FileInfo("/proc/self/ns/net").LinkTarget ?? "";
        string digits = new([.. link.Where(char.IsAsciiDigit)]);
        return $"{Prefix}{(digits.Length == 0 ? "0" : digits)}-";
    }
}
