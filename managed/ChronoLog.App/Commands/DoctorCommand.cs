using System.CommandLine;
using ChronoLog.App.Doctor;

namespace ChronoLog.App.Commands;

/// <summary><c>chronolog doctor</c>.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        Option<string> address = Make("--address", "Address to examine.", "127.0.0.1");
        Option<string> journal = Make("--journal-directory", "Where a journal would lie.", "journal");
        Option<string> archive = Make("--archive-directory", "Where an archive would lie.", "archive");
        var command = new Command("doctor", "Examine libraries, providers, ports, limits, clock and directories.")
        {
            address, journal, archive,
        };
        command.SetRunner((parsed, _) =>
        {
            bool good = true;
            foreach (Finding finding in Examination.Run(
                parsed.GetValue(address)!, parsed.GetValue(journal)!, parsed.GetValue(archive)!))
            {
                good &= finding.IsGood;
                Write(finding, parsed.GetValue(CommonOptions.Json));
            }

            return Task.FromResult(good ? ExitCode.Done : ExitCode.Failed);
        });
        return command;
    }

    private static Option<string> Make(string name, string help, string fallback) =>
        new(name) { Description = help, DefaultValueFactory = _ => fallback };

    private static void Write(Finding finding, bool json)
    {
        if (json)
        {
            JsonOutput.WriteLine(writer =>
            {
                writer.WriteString("topic", finding.Topic);
                writer.WriteBoolean("good", finding.IsGood);
                writer.WriteString("detail", finding.Detail);
                writer.WriteString("advice", finding.Advice);
            });
            return;
        }

        Console.WriteLine($"{(finding.IsGood ? "ok  " : "FIX ")} {finding.Topic,-24} {finding.Detail}");
        if (finding.Advice.Length > 0)
        {
            Console.WriteLine($"     {"",-24} → {finding.Advice}");
        }
    }
}
