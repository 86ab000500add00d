namespace ChronoLog.Core.Protocol;

/// <summary>A failure with a status code: the one funnel from a status to an exception and back.</summary>
/// <param name="status">Never <see cref="Status.Ok"/>.</param>
/// <param name="message">Cause, object, address, and what to do next.</param>
/// <param name="inner">What it was caused by.</param>
public sealed class ChronoLogException(Status status, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public Status Status { get; } = status;

    /// <summary>The client code of the C and C++ API: the negated status.</summary>
    public int ClientCode => -(int)Status;
}
