using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Job;

/// <summary>The files of one run in the directory that all nodes share (see README.md). Names are made here only.</summary>
internal sealed class JobDirectory
{
    public const string Plan = "plan";
    public const string Ready = "ready";
    public const string Stop = "stop";
    public const string Stopped = "stopped";

    // A plan of 10,000 ranks has a megabyte; what is larger nobody of ours wrote.
    private const int FileBytesMax = 64 << 20;
    private const int RunNameLength = 32;
    private const string CurrentName = "current";

    private readonly string path;

    private JobDirectory(string deployment, string run)
    {
        Run = run;
        path = Path.Combine(FolderOf(deployment), run);
    }

    public string Run { get; }

    public string ControlFolder => Path.Combine(path, "control");

    public string RankFolder => Path.Combine(path, "ranks");

    public string NodeFolder => Path.Combine(path, "nodes");

    /// <summary>Every rank, first of all: one that cannot use the directory need not wait for the others.</summary>
    /// <exception cref="ChronoLogException">Internal: it cannot be made or written on this node.</exception>
    public static void Prepare(string deployment)
    {
        try
        {
            string folder = Directory.CreateDirectory(FolderOf(deployment)).FullName;
            string probe = Path.Combine(folder, $".probe.{Environment.ProcessId}.{Environment.MachineName}");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ChronoLogException(
                Status.Internal, $"--dir {deployment} cannot be used on {Environment.MachineName}: {exception.Message}", exception);
        }
    }

    /// <summary>Rank 0 begins a run. Folders of runs that have ended are removed.</summary>
    public static JobDirectory Begin(string deployment)
    {
        Prepare(deployment);
        string folder = FolderOf(deployment);
        foreach (string former in Directory.GetDirectories(folder))
        {
            if (File.Exists(Path.Combine(former, "control", Stopped)))
            {
                Directory.Delete(former, recursive: true);
            }
        }

        var run = new JobDirectory(deployment, Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(run.ControlFolder);
        Directory.CreateDirectory(run.RankFolder);
        Directory.CreateDirectory(run.NodeFolder);
        Write(folder, CurrentName, run.Run);
        return run;
    }

    /// <summary>The run that began last; null: none has.</summary>
    public static JobDirectory? Current(string deployment) =>
        Read(FolderOf(deployment), CurrentName)?.Trim() is { Length: RunNameLength } run && run.All(char.IsAsciiHexDigitLower)
            ? new JobDirectory(deployment, run)
            : null;

    public string DoneFolder(int node) => Path.Combine(path, "done", $"{node}");

    /// <summary>Where a node's supervisor keeps its own notes.</summary>
    public string StateFolder(int node) => Path.Combine(path, "state", $"{node}");

    public bool Has(string control) => Names(ControlFolder).Contains(control);

    public string? ReadControl(string control) => Read(ControlFolder, control);

    public void WriteControl(string control, string text) => Write(ControlFolder, control, text);

    /// <summary>Everything is to end. The first word counts.</summary>
    public void RequestStop(JobStop stop)
    {
        if (!Has(Stop))
        {
            WriteControl(Stop, stop.Format());
        }
    }

    /// <summary>Null: it goes on.</summary>
    public JobStop? ReadStop() => ReadControl(Stop) is { } text ? JobStop.Parse(text) : null;

    public static IReadOnlyCollection<string> Names(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder).Select(Path.GetFileName).Where(name => !name!.Contains('.'))!];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>Null: not there, or not readable at the moment.</summary>
    public static string? Read(string folder, string name)
    {
        try
        {
            if (!Names(folder).Contains(name))
            {
                return null;
            }

            var file = new FileInfo(Path.Combine(folder, name));
            return file.Length <= FileBytesMax ? File.ReadAllText(file.FullName) : null;
        }
        catch (IOException)
        {
            return null; // replaced meanwhile, or a stale handle of NFS: it is looked at again
        }
    }

    /// <summary>Whole or not at all.</summary>
    public static void Write(string folder, string name, string text)
    {
        string temporary = Path.Combine(folder, $".{name}.{Environment.ProcessId}.{Environment.MachineName}");
        File.WriteAllText(temporary, text + "\n");
        File.Move(temporary, Path.Combine(folder, name), overwrite: true);
    }

    private static string FolderOf(string deployment) => Path.Combine(deployment, "job");
}
