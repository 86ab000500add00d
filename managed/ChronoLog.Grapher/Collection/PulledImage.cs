using ChronoLog.Core.Ports;

namespace ChronoLog.Grapher.Collection;

/// <summary>
/// An image that lies verified in a slab; whoever takes it over releases the slab and the held bytes.
/// </summary>
internal sealed record PulledImage(PullRequest Request, Slab Slab);
