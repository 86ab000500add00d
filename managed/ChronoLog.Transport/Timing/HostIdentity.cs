namespace ChronoLog.Transport.Timing;

/// <summary>The identity of this node: two processes with the same one can share memory.</summary>
public static class HostIdentity
{
    private const string BootIdFile = "/proc/sys/kernel/random/boot_id";
    private const string ProcessNamespaceLink = "/proc/self/ns/pid";

    /// <summary>Names this run of the operating system; empty where it has no name.</summary>
    public static string BootId { get; } = ReadBootId();

    /// <summary>Host name and boot id: the latter tells apart nodes whose names are alike.</summary>
    public static string Current { get; } = $"{Environment.MachineName}/{BootId}";

    /// <summary>Where process numbers mean the same: the host, and on it one container or none.</summary>
    public static string ProcessSpace { get; } = $"{Current}/{ReadProcessNamespace()}";

    private static string ReadProcessNamespace()
    {
        try
        {
            return new FileInfo(ProcessNamespaceLink).LinkTarget ?? "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static string ReadBootId()
    {
        try
        {
            return File.ReadAllText(BootIdFile).Trim();
        }
        catch (IOException)
        {
            return "";
        }
    }
}
