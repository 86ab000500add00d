using System.Globalization;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Ring;

namespace ChronoLog.Transport.Rings;

/// <content>Taking up the rings that an earlier process of the Keeper left behind when it died.</content>
public sealed partial class SharedRingHost
{
    /// <inheritdoc cref="IRingHost.Reattach"/>
    public ReattachedRings Reattach(IReadOnlyDictionary<ulong, long> journaled)
    {
        SharedRingOptions options = Options;
        var found = new List<ReattachedRing>();
        var troubles = new List<string>();
        foreach ((string path, ulong ringId) in FilesOf(options))
        {
            if (TryReserve(options, path, troubles) is { } capacity)
            {
                ReattachedRing? ring = Reattach(path, ringId, journaled.GetValueOrDefault(ringId), troubles);
                Settle(ring?.Ring as SharedRing, capacity);
                if (ring is not null)
                {
                    found.Add(ring);
                }
            }
        }

        return new ReattachedRings(found, troubles);
    }

    private static string PrefixOf(SharedRingOptions options) => $"{RecorderSession.FilePrefix}{options.OwnerKey:x}-";

    private static IEnumerable<(string Path, ulong RingId)> FilesOf(SharedRingOptions options)
    {
        string prefix = PrefixOf(options);
        foreach (string path in Directory.EnumerateFileSystemEntries(options.Directory, prefix + "*").Order())
        {
            string[] rest = Path.GetFileName(path)[prefix.Length..].Split('-');
            if (rest.Length == 2 && ulong.TryParse(
                rest[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong ringId))
            {
                yield return (path, ringId);
            }
        }
    }

    // By the file's length, before anything is mapped. What is beyond the limits was not made by this Keeper.
    private long? TryReserve(SharedRingOptions options, string path, List<string> troubles)
    {
        try
        {
            long capacity = Math.Max(0, new FileInfo(path).Length - RingLayout.HeaderBytes);
            Reserve(options, capacity);
            return capacity;
        }
        catch (Exception exception) when (exception is IOException or ChronoLogException)
        {
            troubles.Add($"ring '{path}' is left alone: {exception.Message}");
            return null;
        }
    }

    private void Settle(SharedRing? ring, long capacity)
    {
        lock (gate)
        {
            if (ring is null)
            {
                bytes -= capacity;
            }
            else
            {
                rings.Add(ring);
            }
        }
    }

    private ReattachedRing? Reattach(string path, ulong ringId, long journaled, List<string> troubles)
    {
        RingHandle? handle = RingHandle.Reattach(path, ringId, out RingIdentity identity, out NativeError error);
        if (handle is null)
        {
            // What was never finished or is no ring any more is nobody's; what is not ours stays.
            bool isOurs = error.Status is NativeStatus.Corrupt or NativeStatus.Version;
            troubles.Add($"ring '{path}' is not followed{(isOurs ? " and removed" : "")}: {error.Message}");
            Remove(isOurs ? path : null);
            return null;
        }

        bool isMirror = (identity.Flags & RingIdentity.Mirrored) != 0;
        var ring = new SharedRing(this, handle, path, identity.ClientId, ringId, identity.ProducerPid, isMirror);
        try
        {
            ring.Resume(journaled);
            uint pid = (uint)Math.Max(0, identity.ProducerPid);
            return new ReattachedRing(ring, pid, identity.KeeperProcessId, ring.IsClosed);
        }
        catch (ChronoLogException exception)
        {
            troubles.Add($"{exception.Message}; it is removed");
            ring.Dispose(); // fences it: its client fails at once instead of waiting
            return null;
        }
    }

    private static void Remove(string? path)
    {
        if (path is not null && File.Exists(path))
        {
            File.Delete(path);
        }
    }
}
