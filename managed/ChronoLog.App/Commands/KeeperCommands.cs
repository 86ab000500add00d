using System.CommandLine;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.App.Commands;

/// <summary>What an operator says of a Keeper: <c>chronolog keeper lost NAME</c>.</summary>
internal static class KeeperCommands
{
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(5);

    private static readonly Argument<string> KeeperName = new("NAME") { Description = "Name of the keeper, as in status." };

    private static readonly Option<uint?> Group = new("--group")
    {
        Description = "Its recording group, where several groups have a dead keeper of that name.",
        HelpName = "NUMBER",
    };

    public static Command AddTo(Command keeper)
    {
        var lost = new Command(
            "lost",
            "Declare a dead keeper lost for good: what it had not handed over is given up, and replays do not wait for it "
            + "or say PARTIAL because of it any more. Should it return, its events are taken as late ones.")
        {
            KeeperName, Group,
        };
        lost.SetRunner(LoseAsync);
        keeper.Subcommands.Add(lost);
        return keeper;
    }

    private static async Task<int> LoseAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var request = new LoseKeeperRequest { Name = parsed.GetValue(KeeperName)! };
        if (parsed.GetValue(Group) is { } group)
        {
            request.Group = group;
        }

        await using var connector = new ZmqRpcConnector(NullLogger.Instance);
        await using var portal = ClientSession.OpenPortal(connector, parsed);
        LostKeeper lost = await portal.CallAsync(Methods.LoseKeeper, request, CallDeadline, cancellation);
        if (parsed.GetValue(CommonOptions.Json))
        {
            JsonOutput.WriteLine(writer => StatusCommand.WriteFields(writer, lost));
        }
        else
        {
            Console.WriteLine(
                $"keeper '{lost.Identity.Name}' of group {lost.Identity.Group} at {lost.Identity.ServiceEndpoint} is lost "
                + $"as of {ChronoTick.Format(lost.Declared)}");
        }

        return ExitCode.Done;
    }
}
