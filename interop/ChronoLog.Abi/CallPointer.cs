namespace ChronoLog.Abi;

/// <summary>A call by its address, which async code can carry about: it stays where it is until it is completed.</summary>
internal readonly unsafe struct CallPointer(nint address)
{
    private static delegate* unmanaged<AbiCall*, void> complete;

    public ref AbiCall Call => ref *(AbiCall*)address;

    /// <summary>Tells once how the C side learns that a call is complete.</summary>
    public static void SetCompletion(delegate* unmanaged<AbiCall*, void> function) => complete = function;

    /// <summary>Hands it back: it must not be touched any more.</summary>
    public void Complete() => complete((AbiCall*)address);
}
