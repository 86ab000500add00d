namespace ChronoLog.App.Deployment;

/// <summary>A process of a deployment.</summary>
/// <param name="Name">"supervisor", "visor", "keeper-0", ...</param>
/// <param name="Pid">Its number.</param>
/// <param name="Started">Clock ticks from boot to its start: the system gives numbers to others again.</param>
internal sealed record RunningProcess(string Name, int Pid, string Started);
