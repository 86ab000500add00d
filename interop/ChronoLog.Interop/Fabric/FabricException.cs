namespace ChronoLog.Interop.Fabric;

/// <summary>A libfabric call failed.</summary>
/// <param name="call">Name of libfabric's function, and its object.</param>
/// <param name="error">What it returned: a negative fi_errno.</param>
public sealed class FabricException(string call, int error)
    : Exception($"{call} failed: {LibFabric.Describe(error)} ({error})")
{
    public int Error { get; } = error;

    internal static void Check(int result, string call)
    {
        if (result < 0)
        {
            throw new FabricException(call, result);
        }
    }
}
