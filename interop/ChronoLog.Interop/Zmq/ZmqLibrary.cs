namespace ChronoLog.Interop.Zmq;

/// <summary>Facts about the libzmq in use, for diagnosis.</summary>
public static unsafe class ZmqLibrary
{
    public static Version Version
    {
        get
        {
            int major, minor, patch;
            ZmqNative.zmq_version(&major, &minor, &patch);
            return new Version(major, minor, patch);
        }
    }
}
