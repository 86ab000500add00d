using System.Runtime.InteropServices;
using ChronoLog.Interop.Native;

namespace ChronoLog.Interop.Zmq;

/// <summary>
/// libzmq's functions, one to one (zmq.h 4.3), and the three calls of libc behind <see cref="PollSignal"/>.
/// </summary>
internal static unsafe partial class ZmqNative
{
    private const string Library = NativeLibraries.Zmq;
    private const string LibC = "libc";

    internal const int MessageBytes = 64;

    [LibraryImport(Library)]
    internal static partial int zmq_errno();

    [LibraryImport(Library)]
    internal static partial nint zmq_strerror(int error);

    [LibraryImport(Library)]
    internal static partial void zmq_version(int* major, int* minor, int* patch);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint zmq_ctx_new();

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int zmq_ctx_set(nint context, int option, int value);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int zmq_ctx_term(nint context);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint zmq_socket(nint context, int type);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int zmq_close(nint socket);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int zmq_setsockopt(nint socket, int option, void* value, nuint length);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int zmq_getsockopt(nint socket, int option, void* value, nuint* length);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int zmq_bind(nint socket, string endpoint);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int zmq_unbind(nint socket, string endpoint);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int zmq_connect(nint socket, string endpoint);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int zmq_socket_monitor(nint socket, string endpoint, int events);

    [LibraryImport(Library, EntryPoint = "zmq_socket_monitor", SetLastError = true)]
    internal static partial int zmq_socket_monitor_stop(nint socket, nint noEndpoint, int events);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int zmq_poll(PollItem* items, int count, long timeoutMilliseconds);

    [LibraryImport(Library)]
    internal static partial int zmq_msg_init(void* message);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int zmq_msg_init_size(void* message, nuint size);

    [LibraryImport(Library)]
    internal static partial int zmq_msg_close(void* message);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int zmq_msg_send(void* message, nint socket, int flags);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int zmq_msg_recv(void* message, nint socket, int flags);

    [LibraryImport(Library)]
    internal static partial byte* zmq_msg_data(void* message);

    [LibraryImport(Library)]
    internal static partial nuint zmq_msg_size(void* message);

    [LibraryImport(Library)]
    internal static partial int zmq_msg_more(void* message);

    [LibraryImport(Library)]
    internal static partial int zmq_msg_get(void* message, int property);

    [LibraryImport(Library)]
    internal static partial byte* zmq_msg_gets(void* message, byte* property);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int zmq_curve_keypair(byte* publicKey, byte* secretKey);

    [LibraryImport(LibC, SetLastError = true)]
    internal static partial int eventfd(uint initial, int flags);

    [LibraryImport(LibC, SetLastError = true)]
    internal static partial nint read(int descriptor, void* buffer, nuint count);

    [LibraryImport(LibC, SetLastError = true)]
    internal static partial nint write(int descriptor, void* buffer, nuint count);

    [LibraryImport(LibC, SetLastError = true)]
    internal static partial int close(int descriptor);

    [LibraryImport(LibC, SetLastError = true)]
    internal static partial int shutdown(int descriptor, int how);

    [LibraryImport(LibC, SetLastError = true)]
    internal static partial int getsockopt(int descriptor, int level, int option, void* value, uint* length);

    [LibraryImport(LibC, SetLastError = true)]
    internal static partial int setsockopt(int descriptor, int level, int option, void* value, uint length);

    /// <summary>zmq_pollitem_t.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PollItem
    {
        public nint Socket;
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    /// <summary>Throws with libzmq's words for the error of the call just made.</summary>
    internal static NetMQException Failure(string action)
    {
        int error = Marshal.GetLastPInvokeError();
        return new NetMQException(error, $"{action}: {Describe(error)}");
    }

    internal static string Describe(int error) =>
        Marshal.PtrToStringUTF8(zmq_strerror(error)) ?? $"error {error}";
}
