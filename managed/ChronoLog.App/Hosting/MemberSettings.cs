using ChronoLog.Core.Settings;

namespace ChronoLog.App.Hosting;

/// <summary>Rows that the members of a recording group share.</summary>
internal static class MemberSettings
{
    public static readonly Setting<string> Visor =
        SettingKinds.String("visor", "tcp://127.0.0.1:8888", "Endpoint of the Visor's process registry.");

    public static readonly Setting<long> Group =
        SettingKinds.Integer("group", 0, 0, 65535, "Number of the recording group.");

    public static readonly Setting<string> Fabric = SettingKinds.Choice(
        "fabric", "auto", "Data plane provider; auto takes the best that libfabric offers at the address.",
        "auto", "ofi+verbs", "ofi+tcp", "ofi+sockets", "ofi+shm");

    public static readonly Setting<long> FabricBudget = SettingKinds.Bytes(
        "fabric-budget", "256MiB", "8MiB", "1TiB", "Most registered memory that transfers may use.");

    public static readonly Setting<long> FabricSlab = SettingKinds.Bytes(
        "fabric-slab", "64MiB", "1MiB", "1GiB", "Largest piece of registered memory, and so the largest single transfer.");

    public static readonly IReadOnlyList<Setting> All = [Visor, Group, Fabric, FabricBudget, FabricSlab];
}
