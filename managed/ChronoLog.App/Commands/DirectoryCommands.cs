using System.CommandLine;
using System.Text.Json;
using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Core.Settings;
using ChronoLog.Core.Time;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog chronicle …</c> and <c>chronolog story …</c>.</summary>
internal static class DirectoryCommands
{
    private static readonly Argument<string> ChronicleName = new("CHRONICLE") { Description = "Name of the chronicle." };

    private static readonly Argument<string> StoryName = new("STORY") { Description = "Name of the story." };

    private static readonly Option<string[]> Attributes = new("--attr")
    {
        Description = "An attribute (repeatable): granularity, collision, tiering, type, durability, replicas, or your own.",
        HelpName = "KEY=VALUE",
    };

    public static IEnumerable<Command> Create()
    {
        var chronicle = new Command("chronicle", "Create, list, show, change and destroy chronicles.");
        chronicle.Subcommands.Add(Make("create", "Create a chronicle.", [ChronicleName], [Attributes], CreateAsync));
        chronicle.Subcommands.Add(Make("list", "List the chronicles.", [], [], ListAsync));
        chronicle.Subcommands.Add(Make("show", "Show a chronicle's attributes.", [ChronicleName], [], ShowAsync));
        chronicle.Subcommands.Add(Make("set", "Change attributes.", [ChronicleName], [Attributes], SetAsync));
        chronicle.Subcommands.Add(Make("destroy", "Destroy a chronicle and its stories.", [ChronicleName], [], DestroyAsync));

        var story = new Command("story", "List, show and destroy stories.");
        story.Subcommands.Add(Make("list", "List a chronicle's stories.", [ChronicleName], [], ListStoriesAsync));
        story.Subcommands.Add(Make("show", "Show where a story's data lies.", [ChronicleName, StoryName], [], ShowStoryAsync));
        story.Subcommands.Add(Make(
            "destroy", "Destroy a story and all its data.", [ChronicleName, StoryName], [], DestroyStoryAsync));
        return [chronicle, story];
    }

    private static Command Make(
        string name,
        string help,
        IEnumerable<Argument> arguments,
        IEnumerable<Option> options,
        Func<ParseResult, ChronoClient, CancellationToken, Task> action)
    {
        var command = new Command(name, help);
        foreach (Argument argument in arguments)
        {
            command.Arguments.Add(argument);
        }

        foreach (Option option in options)
        {
            command.Options.Add(option);
        }

        command.SetRunner(async (parsed, cancellation) =>
        {
            await using ChronoClient client = await ClientSession.ConnectAsync(parsed, cancellation);
            await action(parsed, client, cancellation);
            return ExitCode.Done;
        });
        return command;
    }

    private static Task CreateAsync(ParseResult parsed, ChronoClient client, CancellationToken cancellation) =>
        client.CreateChronicleAsync(parsed.GetValue(ChronicleName)!, Pairs(parsed), cancellation);

    private static async Task ListAsync(ParseResult parsed, ChronoClient client, CancellationToken cancellation) =>
        WriteNames(parsed, await client.ShowChroniclesAsync(cancellation));

    private static async Task ShowAsync(ParseResult parsed, ChronoClient client, CancellationToken cancellation)
    {
        Chronicle chronicle = await client.ShowChronicleAsync(parsed.GetValue(ChronicleName)!, cancellation);
        if (parsed.GetValue(CommonOptions.Json))
        {
            JsonOutput.WriteLine(writer =>
            {
                writer.WriteString("name", chronicle.Name);
                writer.WriteNumber("created", chronicle.Created);
                writer.WriteStartObject("attributes");
                foreach ((string key, string value) in chronicle.Attributes)
                {
                    writer.WriteString(key, value);
                }

                writer.WriteEndObject();
            });
            return;
        }

        Console.WriteLine($"{chronicle.Name}, created {ChronoTick.Format(chronicle.Created)}");
        foreach ((string key, string value) in chronicle.Attributes.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            Console.WriteLine($"    {key} = {value}");
        }
    }

    private static async Task SetAsync(ParseResult parsed, ChronoClient client, CancellationToken cancellation)
    {
        foreach ((string key, string value) in Pairs(parsed))
        {
            await client.EditChronicleAttributeAsync(parsed.GetValue(ChronicleName)!, key, value, cancellation);
        }
    }

    private static Task DestroyAsync(ParseResult parsed, ChronoClient client, CancellationToken cancellation) =>
        client.DestroyChronicleAsync(parsed.GetValue(ChronicleName)!, cancellation);

    private static async Task ListStoriesAsync(ParseResult parsed, ChronoClient client, CancellationToken cancellation) =>
        WriteNames(parsed, await client.ShowStoriesAsync(parsed.GetValue(ChronicleName)!, cancellation));

    private static async Task ShowStoryAsync(ParseResult parsed, ChronoClient client, CancellationToken cancellation)
    {
        string chronicle = parsed.GetValue(ChronicleName)!;
        string name = parsed.GetValue(StoryName)!;
        StatusReply status = await client.StatusAsync(cancellation);
        StoryStatus story = status.Stories.FirstOrDefault(each => each.Chronicle == chronicle && each.Story == name)
            ?? throw new ChronoLogException(Status.NotExist, $"there is no story '{chronicle}/{name}'");
        if (parsed.GetValue(CommonOptions.Json))
        {
            JsonOutput.WriteLine(writer => StatusCommand.WriteFields(writer, story));
            return;
        }

        Console.WriteLine($"{chronicle}/{name}, id {story.StoryId:x16}, group {story.Group}, held by {story.Acquirers} client(s)");
        Console.WriteLine($"    hot {story.Hot}, warm {story.Warm}, cold {story.Cold} events");
        Console.WriteLine($"    complete below {ChronoTick.Format(story.Watermark)}");
    }

    private static Task DestroyStoryAsync(ParseResult parsed, ChronoClient client, CancellationToken cancellation) =>
        client.DestroyStoryAsync(parsed.GetValue(ChronicleName)!, parsed.GetValue(StoryName)!, cancellation);

    private static void WriteNames(ParseResult parsed, IReadOnlyList<string> names)
    {
        if (!parsed.GetValue(CommonOptions.Json))
        {
            foreach (string name in names)
            {
                Console.WriteLine(name);
            }

            return;
        }

        JsonOutput.WriteLine(writer =>
        {
            writer.WriteStartArray("names");
            foreach (string name in names)
            {
                writer.WriteStringValue(name);
            }

            writer.WriteEndArray();
        });
    }

    private static Dictionary<string, string> Pairs(ParseResult parsed)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string text in parsed.GetValue(Attributes) ?? [])
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new SettingException($"--attr '{text}': expected KEY=VALUE");
            }

            pairs[text[..equals]] = text[(equals + 1)..];
        }

        return pairs;
    }
}
