using ChronoLog.Core.Protocol;

namespace ChronoLog.Tests.Simulation.Network;

/// <summary>What travels back: a body, or a status with its message.</summary>
public sealed record RpcReply(Status Status, string Message, byte[] Body);
