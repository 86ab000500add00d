using System.Runtime.InteropServices;

namespace ChronoLog.Interop.Fabric;

/// <summary>
/// A reliable-datagram endpoint with its completion queue and address vector. Except for <see cref="Signal"/>, called
/// from one thread: its owner, who alone makes progress.
/// </summary>
public sealed unsafe class FabricEndpoint : IDisposable
{
    /// <summary>Bytes of an operation's context, which stay in place until the completion.</summary>
    public const int ContextBytes = 64;

    // Generous: the longest address of a provider here is that of shm, 26 characters more than the name we choose.
    private const int AddressBytesMax = 512;

    private readonly FabricObjectHandle endpoint;
    private readonly FabricObjectHandle queue;
    private readonly FabricObjectHandle addresses;

    private FabricEndpoint(FabricObjectHandle endpoint, FabricObjectHandle queue, FabricObjectHandle addresses)
    {
        this.endpoint = endpoint;
        this.queue = queue;
        this.addresses = addresses;
        byte* buffer = stackalloc byte[AddressBytesMax];
        nuint length = AddressBytesMax;
        FabricException.Check(FabricNative.GetName(endpoint.Raw, buffer, &length), "fi_getname");
        Address = new ReadOnlySpan<byte>(buffer, (int)length).ToArray();
    }

    /// <summary>What a peer inserts to reach this endpoint; opaque.</summary>
    public byte[] Address { get; }

    internal FabricObjectHandle Handle => endpoint;

    internal static FabricEndpoint Open(FabricDomain domain, int queueEntries, int peers, bool waitable)
    {
        var opened = new Stack<FabricObjectHandle>();
        try
        {
            nint parent = domain.Handle.Raw;
            FabricException.Check(
                FabricNative.OpenAddressVector(parent, (ulong)peers, out nint addresses),
                $"fi_av_open({domain.Provider})");
            opened.Push(new FabricObjectHandle(addresses, domain.Handle));
            int wait = waitable ? FabricNative.WaitUnspecified : FabricNative.WaitNone;
            FabricException.Check(
                FabricNative.OpenCompletionQueue(parent, (ulong)queueEntries, wait, out nint queue),
                $"fi_cq_open({domain.Provider})");
            opened.Push(new FabricObjectHandle(queue, domain.Handle));
            FabricException.Check(
                FabricNative.OpenEndpoint(parent, domain.Info.DangerousGetHandle(), out nint endpoint),
                $"fi_endpoint({domain.Provider})");
            SafeHandle[] parents = [.. opened, domain.Handle, domain.Info];
            opened.Push(new FabricObjectHandle(endpoint, parents));
            FabricException.Check(FabricNative.BindAddressVector(endpoint, addresses), "fi_ep_bind(av)");
            FabricException.Check(FabricNative.BindCompletionQueue(endpoint, queue), "fi_ep_bind(cq)");
            FabricException.Check(FabricNative.Enable(endpoint), $"fi_enable({domain.Provider})");
            return new FabricEndpoint(opened.Pop(), opened.Pop(), opened.Pop());
        }
        catch
        {
            foreach (FabricObjectHandle handle in opened)
            {
                handle.Dispose();
            }

            throw;
        }
    }

    /// <summary>Makes a peer's address usable.</summary>
    /// <param name="address">As its <see cref="Address"/>; the caller has checked its length.</param>
    public ulong InsertPeer(ReadOnlySpan<byte> address)
    {
        ulong peer;
        fixed (byte* start = address)
        {
            int inserted = FabricNative.InsertAddress(addresses.Raw, start, &peer);
            return inserted == 1 ? peer : throw new FabricException("fi_av_insert", inserted < 0 ? inserted : -22);
        }
    }

    /// <summary>Forgets a peer. No operation to it may be in flight.</summary>
    public void RemovePeer(ulong peer) => _ = FabricNative.RemoveAddress(addresses.Raw, peer);

    /// <summary>Posts an RMA read (fi_read).</summary>
    /// <returns>0, <see cref="FabricError.TryAgain"/>, or another negative fi_errno.</returns>
    public int Read(
        nint target, long length, nint descriptor, ulong peer, ulong remoteAddress, ulong key, nint context) =>
        (int)FabricNative.Read(endpoint.Raw, target, (nuint)length, descriptor, peer, remoteAddress, key, context);

    /// <summary>Makes progress and takes what completed, without waiting.</summary>
    /// <returns>
    /// Number of contexts, <see cref="FabricError.TryAgain"/> or <see cref="FabricError.ErrorAvailable"/>.
    /// </returns>
    public int ReadCompletions(Span<nint> contexts)
    {
        fixed (nint* first = contexts)
        {
            return (int)FabricNative.ReadQueue(queue.Raw, first, (nuint)contexts.Length);
        }
    }

    /// <summary>The same, waiting for a completion, for a peer's request, or for <see cref="Signal"/>.</summary>
    public int WaitCompletions(Span<nint> contexts, int timeoutMilliseconds)
    {
        fixed (nint* first = contexts)
        {
            return (int)FabricNative.WaitQueue(queue.Raw, first, (nuint)contexts.Length, timeoutMilliseconds);
        }
    }

    /// <summary>Takes the failed operation that <see cref="FabricError.ErrorAvailable"/> told of.</summary>
    public CompletionError? ReadError()
    {
        FabricErrorEntry entry;
        if (FabricNative.ReadError(queue.Raw, &entry) <= 0)
        {
            return null;
        }

        string own = Marshal.PtrToStringUTF8((nint)entry.Text) ?? "";
        string text = LibFabric.Describe(entry.Error);
        return new CompletionError(
            entry.Context, -entry.Error, own.Length == 0 || own == text ? text : $"{text}: {own}");
    }

    /// <summary>
    /// Ends the current or the next <see cref="WaitCompletions"/>. From any thread, until the disposal.
    /// </summary>
    public void Signal() => _ = FabricNative.Signal(queue.Raw);

    public void Dispose()
    {
        endpoint.Dispose();
        queue.Dispose();
        addresses.Dispose();
    }
}
