using ChronoLog.Core.Agents;
using ChronoLog.Core.Ports;

namespace ChronoLog.Keeper.Ingestion;

/// <summary>Gets the journals' segments ready ahead of the writers, and deletes those that are archived.</summary>
public sealed class PreparationAgent(string keeper, IReadOnlyList<IJournal> journals) : IAgent
{
    public string Name { get; } = $"{keeper} journal preparation";

    public int DoWork()
    {
        int done = 0;
        foreach (IJournal journal in journals)
        {
            done += journal.Prepare();
        }

        return done;
    }
}
