using System.CommandLine;
using System.Text.Json;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Time;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog status</c>: every process, and where each story's data lies.</summary>
internal static class StatusCommand
{
    // A screen of them: a job has thousands.
    private const int ClientLinesMax = 50;

    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var command = new Command("status", "Show every process of a deployment and where each story's data lies.");
        command.SetRunner(async (parsed, cancellation) =>
        {
            await using var connector = new ZmqRpcConnector(NullLogger.Instance);
            await using var portal = ClientSession.OpenPortal(connector, parsed);
            StatusReply status = await portal.CallAsync(Methods.Status, new Empty(), CallDeadline, cancellation);
            if (parsed.GetValue(CommonOptions.Json))
            {
                WriteJson(status);
            }
            else
            {
                WriteText(status);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void WriteText(StatusReply status)
    {
        Console.WriteLine($"{"ROLE",-8} {"NAME",-14} {"ID",4} {"GROUP",5} {"PID",8} {"STATE",-7} {"HEARTBEAT",10}  ADDRESS");
        foreach (ProcessStatus process in status.Processes)
        {
            ProcessIdentity who = process.Identity;
            Console.WriteLine(
                $"{RoleName(who.Role),-8} {who.Name,-14} {who.ProcessId,4} {who.Group,5} {who.Pid,8} {process.State,-7} "
                + $"{process.HeartbeatAgeSeconds,8:0.00} s  {who.ServiceEndpoint}");
            string load = string.Join(
                "  ", process.Statistics.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value:0.##}"));
            if (load.Length > 0)
            {
                Console.WriteLine("         " + load);
            }

            foreach (string flag in Flags(process))
            {
                Console.WriteLine("       ! " + flag);
            }
        }

        Console.WriteLine();
        Console.WriteLine($"{"HOT",12} {"WARM",12} {"COLD",12} {"LATE",9} {"GROUP",5} {"HELD",5}  {"WATERMARK",-30} STORY");
        foreach (StoryStatus story in status.Stories)
        {
            Console.WriteLine(
                $"{story.Hot,12} {story.Warm,12} {story.Cold,12} {story.Late,9} {story.Group,5} {story.Acquirers,5}  "
                + $"{ChronoTick.Format(story.Watermark),-30} {story.Chronicle}/{story.Story}");
        }

        foreach (LostKeeper lost in status.LostKeepers)
        {
            string returned = lost.Returned == 0 ? "" : $", returned {ChronoTick.Format(lost.Returned)}";
            Console.WriteLine(
                $"lost: keeper '{lost.Identity.Name}' of group {lost.Identity.Group} at {lost.Identity.ServiceEndpoint}, "
                + $"declared {ChronoTick.Format(lost.Declared)}{returned}");
        }

        WriteClients(status.Clients);
    }

    private static void WriteClients(IReadOnlyCollection<ClientStatus> clients)
    {
        Console.WriteLine($"\n{clients.Count} client(s) connected");
        if (clients.Count == 0)
        {
            return;
        }

        Console.WriteLine($"{"CLIENT",8} {"PID",8} {"STORIES",7} {"RANK",12} {"JOB",-14} {"HOST",-16} PROGRAM");
        foreach (ClientStatus client in clients.Take(ClientLinesMax))
        {
            Console.WriteLine(
                $"{client.ClientId,8} {client.Pid,8} {client.Stories,7} {RankOf(client),12} "
                + $"{client.Environment.GetValueOrDefault("job", "-"),-14} {client.Host.Split('/')[0],-16} {client.Program}");
        }

        if (clients.Count > ClientLinesMax)
        {
            Console.WriteLine($"... and {clients.Count - ClientLinesMax} more: see --json");
        }
    }

    // "3/64", as its launcher told it; "-" for a process of its own.
    private static string RankOf(ClientStatus client) =>
        !client.Environment.TryGetValue("rank", out string? rank) ? "-"
        : client.Environment.TryGetValue("size", out string? size) ? $"{rank}/{size}" : rank;

    // What somebody should look at: in words, beside the numbers.
    private static IEnumerable<string> Flags(ProcessStatus process)
    {
        if (process.Trouble.Length > 0)
        {
            yield return process.Trouble;
        }

        double conflicts = process.Statistics.GetValueOrDefault("identity_conflicts");
        if (conflicts > 0)
        {
            yield return $"{conflicts} events met with another event's identity and other bytes: the archive keeps them apart";
        }

        double damaged = process.Statistics.GetValueOrDefault("storyfiles_damaged");
        if (damaged > 0)
        {
            yield return $"{damaged} StoryFiles are damaged and set aside: gaps until they are rebuilt; see archive verify";
        }
    }

    private static void WriteJson(StatusReply status) => JsonOutput.WriteLine(writer =>
    {
        WriteArray(writer, "processes", status.Processes, Write);
        WriteArray(writer, "stories", status.Stories, (writer, story) =>
        {
            writer.WriteStartObject();
            WriteFields(writer, story);
            writer.WriteEndObject();
        });
        WriteArray(writer, "clients", status.Clients, Write);
        WriteArray(writer, "lost_keepers", status.LostKeepers, (writer, lost) =>
        {
            writer.WriteStartObject();
            WriteFields(writer, lost);
            writer.WriteEndObject();
        });
    });

    private static void WriteArray<T>(
        Utf8JsonWriter writer, string name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        writer.WriteStartArray(name);
        foreach (T item in items)
        {
            write(writer, item);
        }

        writer.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter writer, ProcessStatus process)
    {
        ProcessIdentity who = process.Identity;
        writer.WriteStartObject();
        writer.WriteString("role", RoleName(who.Role));
        writer.WriteNumber("id", who.ProcessId);
        writer.WriteString("name", who.Name);
        writer.WriteNumber("group", who.Group);
        writer.WriteNumber("pid", who.Pid);
        writer.WriteString("host", who.Host);
        writer.WriteString("address", who.ServiceEndpoint);
        writer.WriteString("admin_address", who.AdminEndpoint);
        writer.WriteString("state", process.State);
        writer.WriteNumber("heartbeat_age_seconds", Math.Round(process.HeartbeatAgeSeconds, 3));
        writer.WriteString("trouble", process.Trouble);
        writer.WriteStartArray("flags");
        foreach (string flag in Flags(process))
        {
            writer.WriteStringValue(flag);
        }

        writer.WriteEndArray();
        writer.WriteStartObject("statistics");
        foreach ((string name, double value) in process.Statistics)
        {
            writer.WriteNumber(name, value);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>A story's fields, inside an object that is open.</summary>
    public static void WriteFields(Utf8JsonWriter writer, StoryStatus story)
    {
        writer.WriteString("chronicle", story.Chronicle);
        writer.WriteString("story", story.Story);
        writer.WriteNumber("story_id", story.StoryId);
        writer.WriteNumber("group", story.Group);
        writer.WriteNumber("hot", story.Hot);
        writer.WriteNumber("warm", story.Warm);
        writer.WriteNumber("cold", story.Cold);
        writer.WriteNumber("late", story.Late);
        writer.WriteNumber("watermark", story.Watermark);
        writer.WriteNumber("acquirers", story.Acquirers);
    }

    /// <summary>A lost Keeper's fields, inside an object that is open.</summary>
    public static void WriteFields(Utf8JsonWriter writer, LostKeeper lost)
    {
        writer.WriteString("name", lost.Identity.Name);
        writer.WriteNumber("group", lost.Identity.Group);
        writer.WriteNumber("id", lost.Identity.ProcessId);
        writer.WriteString("host", lost.Identity.Host);
        writer.WriteString("address", lost.Identity.ServiceEndpoint);
        writer.WriteNumber("declared", lost.Declared);
        writer.WriteNumber("returned", lost.Returned);
    }

    private static void Write(Utf8JsonWriter writer, ClientStatus client)
    {
        writer.WriteStartObject();
        writer.WriteNumber("id", client.ClientId);
        writer.WriteString("host", client.Host);
        writer.WriteNumber("pid", client.Pid);
        writer.WriteString("program", client.Program);
        writer.WriteNumber("stories", client.Stories);
        writer.WriteStartObject("attributes");
        foreach ((string name, string value) in client.Environment.OrderBy(each => each.Key, StringComparer.Ordinal))
        {
            writer.WriteString(name, value);
        }

        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static string RoleName(Role role) => role.ToString().ToLowerInvariant();
}
