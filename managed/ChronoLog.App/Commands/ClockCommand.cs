using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog clock</c>: how well every process knows the base clock.</summary>
internal static class ClockCommand
{
    private const string Help =
        """
        Show how well every process of a deployment knows the base clock, as of its last sign of life.
        OFFSET: how far the base clock was ahead of the process's at the last correction, which is slewed away.
        DRIFT: by how much it runs faster than the process's local clock. EPSILON: it is within the process's +- this.
        """;

    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var command = new Command("clock", Help);
        command.SetRunner(async (parsed, cancellation) =>
        {
            await using var connector = new ZmqRpcConnector(NullLogger.Instance);
            await using var portal = ClientSession.OpenPortal(connector, parsed);
            StatusReply status = await portal.CallAsync(Methods.Status, new Empty(), CallDeadline, cancellation);
            ProcessClock[] clocks = [.. status.Processes.Select(Of), .. status.Clients.Select(Of)];
            if (parsed.GetValue(CommonOptions.Json))
            {
                WriteJson(clocks);
            }
            else
            {
                WriteText(clocks);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static ProcessClock Of(ProcessStatus process) => new(
        process.Identity.Role.ToString().ToLowerInvariant(), process.Identity.Name, process.Identity.ProcessId,
        process.Identity.Pid, process.State, process.Clock);

    private static ProcessClock Of(ClientStatus client) =>
        new("client", client.Program, client.ClientId, client.Pid, "alive", client.Clock);

    private static void WriteText(ProcessClock[] clocks)
    {
        Console.WriteLine(
            $"{"ROLE",-8} {"NAME",-18} {"ID",5} {"PID",8} {"OFFSET",12} {"DRIFT",11} {"EPSILON",12} {"RTT",12} "
            + $"{"AGE",8}  SOURCE");
        foreach (ProcessClock clock in clocks)
        {
            string known = clock.Report is not { } report
                ? "nothing is known yet"
                : $"{Duration(report.OffsetNanoseconds),12} {Number(report.DriftPartsPerMillion, "0.000"),7} ppm "
                    + $"{Duration(report.UncertaintyNanoseconds),12} {Duration(report.RoundTripNanoseconds),12} "
                    + $"{Number(report.AgeSeconds, "0.0"),6} s  {report.TickSource}";
            Console.WriteLine($"{clock.Role,-8} {clock.Name,-18} {clock.Id,5} {clock.Pid,8} {known}");
        }
    }

    private static void WriteJson(ProcessClock[] clocks) => JsonOutput.WriteLine(writer =>
    {
        writer.WriteStartArray("processes");
        foreach (ProcessClock clock in clocks)
        {
            writer.WriteStartObject();
            writer.WriteString("role", clock.Role);
            writer.WriteString("name", clock.Name);
            writer.WriteNumber("id", clock.Id);
            writer.WriteNumber("pid", clock.Pid);
            writer.WriteString("state", clock.State);
            if (clock.Report is { } report)
            {
                Write(writer, report);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    });

    private static void Write(Utf8JsonWriter writer, ClockReport report)
    {
        writer.WriteNumber("offset_ns", report.OffsetNanoseconds);
        writer.WriteNumber("drift_ppm", report.DriftPartsPerMillion);
        writer.WriteNumber("epsilon_ns", report.UncertaintyNanoseconds);
        writer.WriteNumber("round_trip_ns", report.RoundTripNanoseconds);
        writer.WriteNumber("age_seconds", report.AgeSeconds);
        writer.WriteString("tick_source", report.TickSource);
        writer.WriteNumber("contradictions", report.Contradictions);
    }

    private static string Duration(double nanoseconds) => Number(nanoseconds / 1000, "0.0") + " us";

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private sealed record ProcessClock(string Role, string Name, ulong Id, uint Pid, string State, ClockReport? Report);
}
