namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>Takes all space of a file system that is left, and gives it back.</summary>
internal sealed class Ballast(string directory) : IDisposable
{
    private readonly string path = Path.Combine(directory, "ballast");

    /// <summary>Takes what is free now, except as much as is to be left. May be called again.</summary>
    public void Fill(long leftBytes = 0)
    {
        byte[] block = new byte[64 << 10];
        var drive = new DriveInfo(directory);
        try
        {
            using FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
            while (drive.AvailableFreeSpace - leftBytes > block.Length)
            {
                file.Write(block);
            }

            while (leftBytes == 0)
            {
                file.Write(block.AsSpan(0, 1024)); // until it is refused
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    public void Dispose() => File.Delete(path);
}
