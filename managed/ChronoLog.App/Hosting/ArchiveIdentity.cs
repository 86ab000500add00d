using System.Security.Cryptography;
using System.Text;
using ChronoLog.Interop.Posix;

namespace ChronoLog.App.Hosting;

/// <summary>
/// A random name of an archive that lies in its root: processes of different nodes see by it whether they have the same
/// archive before them, which a path does not tell.
/// </summary>
internal static class ArchiveIdentity
{
    private const string FileName = ".archive-id";
    private const int TextMax = 64;

    /// <returns>Empty when there is none and none can be written.</returns>
    public static string Of(string archive)
    {
        string path = Path.Combine(archive, FileName);
        try
        {
            return Read(path) ?? Create(archive, path);
        }
        catch (PosixException)
        {
            return ""; // not the same as any other, then
        }
    }

    private static string? Read(string path)
    {
        if (PosixFile.TryStat(path) is null)
        {
            return null;
        }

        using PosixFile file = PosixFile.Open(path, PosixOpen.Read);
        byte[] text = new byte[TextMax];
        return Encoding.ASCII.GetString(text, 0, file.ReadAt(text, 0)).Trim();
    }

    private static string Create(string archive, string path)
    {
        string identity = RandomNumberGenerator.GetHexString(32, lowercase: true);
        string temporary = Path.Combine(archive, $".{identity}.tmp");
        using (PosixFile file = PosixFile.Open(temporary, PosixOpen.ReadWrite | PosixOpen.Create))
        {
            file.WriteAt(Encoding.ASCII.GetBytes(identity + "\n"), 0);
            file.SyncData();
        }

        try
        {
            PosixFile.Rename(temporary, path, overwrite: false);
            return identity;
        }
        catch (PosixException exception) when (exception.Errno == PosixError.Exists)
        {
            PosixFile.Unlink(temporary);
            return Read(path) ?? ""; // another process was faster
        }
    }
}
