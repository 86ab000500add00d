namespace ChronoLog.Core.Agents;

/// <summary>Drives one agent: a thread of its own in a process, virtual time in a simulation. Disposing ends it.</summary>
public interface IAgentRun : IDisposable
{
    /// <summary>Ends the agent's sleep. From any thread.</summary>
    void Wake();
}
