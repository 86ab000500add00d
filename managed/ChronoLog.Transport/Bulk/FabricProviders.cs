using System.Net;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Fabric;

namespace ChronoLog.Transport.Bulk;

/// <summary>What libfabric offers on this machine.</summary>
public static class FabricProviders
{
    /// <summary>Takes the best provider there is.</summary>
    public const string Auto = "auto";

    // In the order of preference of "auto", which leaves out shm: it reaches processes of this machine only.
    private static readonly (string Name, string Libfabric)[] Known =
    [
        ("ofi+verbs", "verbs;ofi_rxm"),
        ("ofi+tcp", "tcp;ofi_rxm"),
        ("ofi+sockets", "sockets"),
        ("ofi+shm", Shm),
    ];

    private const string Shm = "shm";

    /// <summary>The names that the setting takes, besides "auto".</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(static known => known.Name)];

    /// <summary>The setting's name of a provider, from libfabric's ("tcp;ofi_rxm" → "ofi+tcp").</summary>
    public static string NameOf(string libfabricName) =>
        Array.Find(Known, known => known.Libfabric == libfabricName).Name ?? Auto;

    /// <summary>
    /// Tries each of them at a source address: opens an endpoint and closes it again. Takes about 0.2 s at the first call,
    /// which loads libfabric.
    /// </summary>
    public static IReadOnlyList<FabricProviderState> List(string sourceAddress)
    {
        var states = new List<FabricProviderState>();
        foreach ((string name, string libfabric) in Known)
        {
            try
            {
                using OpenFabric opened = OpenFabric.Open(libfabric, sourceAddress);
                states.Add(new FabricProviderState(name, libfabric, true, Describe(opened)));
            }
            catch (Exception exception) when (IsAbsence(exception))
            {
                states.Add(new FabricProviderState(name, libfabric, false, Reason(exception)));
            }
        }

        return states;
    }

    /// <summary>Version of libfabric, or null with the reason if it cannot be loaded.</summary>
    public static string? LibfabricVersion(out string? failure)
    {
        try
        {
            failure = LibFabric.LoadFailure;
            return failure is null ? LibFabric.Version.ToString() : null;
        }
        catch (DllNotFoundException exception)
        {
            failure = exception.Message;
            return null;
        }
    }

    /// <summary>Opens the chosen provider.</summary>
    internal static OpenFabric Open(FabricOptions options, Action<string> notice)
    {
        Check(options);
        if (LibfabricVersion(out string? failure) is null)
        {
            throw new ChronoLogException(
                Status.NotSupported, $"libfabric cannot be loaded: {failure}; install it (Debian: libfabric1)");
        }

        bool auto = options.Provider == Auto;
        var refused = new List<string>();
        foreach ((string name, string libfabric) in Known)
        {
            if (auto ? libfabric == Shm : name != options.Provider)
            {
                continue;
            }

            try
            {
                OpenFabric opened = OpenFabric.Open(libfabric, options.SourceAddress);
                notice($"bulk: {libfabric}, {Describe(opened)}{(auto ? " (auto)" : "")}");
                return opened;
            }
            catch (Exception exception) when (IsAbsence(exception))
            {
                refused.Add($"{name}: {Reason(exception)}");
            }
        }

        throw new ChronoLogException(
            Status.NotSupported,
            $"fabric provider '{options.Provider}' cannot be opened at {options.SourceAddress} " +
            $"({string.Join("; ", refused)}); available there: {Available(options.SourceAddress)}");
    }

    private static string Describe(OpenFabric opened) =>
        $"{opened.Domain.Network} on {opened.Domain.Name}, {FabricAddress.Describe(opened.Serve.Address)}";

    private static void Check(FabricOptions options)
    {
        if (options.Provider != Auto && !Names.Contains(options.Provider))
        {
            throw Invalid($"fabric provider '{options.Provider}' is unknown; " +
                $"known are {Auto}, {string.Join(", ", Names)}; available at {options.SourceAddress}: " +
                Available(options.SourceAddress));
        }

        if (!IPAddress.TryParse(options.SourceAddress, out IPAddress? address) ||
            address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
        {
            throw Invalid($"fabric source address '{options.SourceAddress}' is not the IP address of one interface");
        }

        if (options.LargestSlabBytes < SlabPool.SmallestSlabBytes || !int.IsPow2(options.LargestSlabBytes) ||
            options.LargestSlabBytes > options.BudgetBytes)
        {
            throw Invalid($"largest slab of {options.LargestSlabBytes} bytes: it must be a power of two from " +
                $"{SlabPool.SmallestSlabBytes} to the budget of {options.BudgetBytes} bytes");
        }
    }

    private static ChronoLogException Invalid(string message) => new(Status.InvalidArgument, message);

    private static string Available(string sourceAddress)
    {
        string[] names = [.. List(sourceAddress).Where(static state => state.Available).Select(static state => state.Name)];
        return names.Length == 0 ? "none" : string.Join(", ", names);
    }

    private static bool IsAbsence(Exception exception) => exception is FabricException or DllNotFoundException;

    private static string Reason(Exception exception) => exception switch
    {
        FabricException { Error: FabricError.NoData } => "libfabric has no such provider for this address",
        _ => exception.Message,
    };
}
