using System.Globalization;

namespace ChronoLog.Interop.Posix;

/// <summary>
/// The descriptors above standard error that this process was given: kept from its children (whoever waits for the end of a
/// pipe must not wait for a daemon that never knew of it), but for those that they are lent to. An MPI's launcher speaks
/// through one of them with the application.
/// </summary>
public sealed class InheritedDescriptors
{
    private readonly List<int> descriptors = [];

    /// <summary>Those of now: to be made before the process opens anything that its children should have.</summary>
    public InheritedDescriptors()
    {
        foreach (string entry in Directory.GetFileSystemEntries("/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out int descriptor)
                && descriptor > 2 && Libc.Fcntl(descriptor, Libc.GetDescriptorFlags, 0) == 0)
            {
                descriptors.Add(descriptor);
            }
        }

        Keep();
    }

    /// <summary>Until disposed, children that are started get them. Without an await inside.</summary>
    public IDisposable Lend()
    {
        Set(0);
        return new Loan(this);
    }

    private void Keep() => Set(Libc.CloseOnExec);

    private void Set(int flags)
    {
        foreach (int descriptor in descriptors)
        {
            _ = Libc.Fcntl(descriptor, Libc.SetDescriptorFlags, flags);
        }
    }

    private sealed class Loan(InheritedDescriptors owner) : IDisposable
    {
        public void Dispose() => owner.Keep();
    }
}
