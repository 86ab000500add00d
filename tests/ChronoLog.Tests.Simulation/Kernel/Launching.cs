using ChronoLog.Core.Agents;

namespace ChronoLog.Tests.Simulation.Kernel;

/// <summary>Begins what runs for as long as its process does.</summary>
public static class Launching
{
    /// <summary>Runs the function on the strand; an exception out of it is a defect.</summary>
    public static void Launch(this SimProcess process, Strand strand, Func<ValueTask> function) =>
        strand.Post(async _ =>
    {
        try
        {
            await function();
        }
        catch (Exception exception)
        {
            if (process.IsAlive)
            {
                process.World.Violations.Add("no defect", $"{strand.Name} ended with {exception}");
            }
        }
    }, null);
}
