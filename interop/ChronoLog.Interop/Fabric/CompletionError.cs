namespace ChronoLog.Interop.Fabric;

/// <summary>An operation that failed.</summary>
/// <param name="Context">The operation's context.</param>
/// <param name="Error">Negative fi_errno.</param>
/// <param name="Text">For people: libfabric's text and the provider's.</param>
public readonly record struct CompletionError(nint Context, int Error, string Text);
