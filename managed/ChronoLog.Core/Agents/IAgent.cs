namespace ChronoLog.Core.Agents;

/// <summary>
/// A worker with a duty cycle. Its thread, its idle strategy and its time come from outside, so that a test or a
/// simulator can drive it step by step. (The pattern is Agrona's.)
/// </summary>
public interface IAgent
{
    string Name { get; }

    /// <summary>Does a bounded amount of work without blocking.</summary>
    /// <returns>How much was done; 0 lets the runner idle.</returns>
    int DoWork();
}
