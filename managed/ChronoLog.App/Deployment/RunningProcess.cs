namespace ChronoLog.App.Deployment;

/// <summary>A process of a deployment.</summary>
/// <param name="Name">"supervisor", "visor", "keeper-0", ...</param>
/// <param name="Pid">Its number.</param>
/// <param name="Started">Clock ticks from boot to its start: the system gives numbers to others again.</param>
/// <param name="Space">Where the number means it: on another node it is somebody else's. Without blanks.</param>
internal sealed record RunningProcess(string Name, int Pid, string Started, string Space)
{
    /// <summary>For people: the name of its node.</summary>
    public string Host => Space.Split('/')[0];
}
