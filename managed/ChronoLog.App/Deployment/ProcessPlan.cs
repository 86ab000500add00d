namespace ChronoLog.App.Deployment;

/// <summary>One process of a local deployment: how to start it.</summary>
/// <param name="Role">"visor", "keeper", "grapher", "player": also the subcommand.</param>
/// <param name="Name">"keeper-0": unique in the deployment.</param>
/// <param name="LogFile">Where its standard output and error go, from its first instruction on.</param>
/// <param name="StopDeadline">How long it may take to end when it is asked to; then it is killed.</param>
/// <param name="Arguments">After the subcommand.</param>
internal sealed record ProcessPlan(
    string Role, string Name, string LogFile, TimeSpan StopDeadline, IReadOnlyList<string> Arguments);
