using System.Globalization;
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
        Deployment = deployment;
        path = Path.Combine(FolderOf(deployment), run);
    }

    public string Run { get; }

    public string Deployment { get; }

    public string ControlFolder => Path.Combine(path, "control");

    public string RankFolder => Path.Combine(path, "ranks");

    public string NodeFolder => Path.Combine(path, "nodes");

    /// <summary>Every rank, first of all: one that cannot use the directory need not wait for the others.</summary>
    /// <exception cref="ChronoLogException">Internal: it cannot be made or written on this node.</exception>
    public static void Prepare(string deployment)
    {
        try
        {
            Directory.CreateDirectory(FolderOf(deployment));
            Now(deployment);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ChronoLogException(
                Status.Internal, $"--dir {deployment} cannot be used on {Environment.MachineName}: {exception.Message}", exception);
        }
    }

    /// <summary>Rank 0 begins a run, if no other one goes on. What earlier ones left is removed.</summary>
    /// <param name="deployment">The directory of <c>--dir</c>.</param>
    /// <param name="root">Who rank 0 is: it is written before the run is to be found.</param>
    /// <param name="cancellation">Ends the look at another node's run.</param>
    /// <exception cref="ChronoLogException">InvalidArgument: a job runs there.</exception>
    public static async Task<JobDirectory> BeginAsync(string deployment, RankEntry root, CancellationToken cancellation)
    {
        Prepare(deployment);
        if (Current(deployment) is { } former)
        {
            await former.ThrowIfGoesOnAsync(cancellation);
        }

        string folder = FolderOf(deployment);
        foreach (string path in Directory.GetDirectories(folder).Where(path => IsRunName(Path.GetFileName(path))))
        {
            var left = new JobDirectory(deployment, Path.GetFileName(path));
            if (JobTrace.HasEnded(left))
            {
                Remove(path);
            }
        }

        var run = new JobDirectory(deployment, Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(run.ControlFolder);
        Directory.CreateDirectory(run.RankFolder);
        Directory.CreateDirectory(run.NodeFolder);
        run.WriteRank(root);
        Write(folder, CurrentName, run.Run);
        return run;
    }

    /// <summary>The run that began last; null: none has.</summary>
    public static JobDirectory? Current(string deployment) =>
        Read(FolderOf(deployment), CurrentName)?.Trim() is { } run && IsRunName(run)
            ? new JobDirectory(deployment, run)
            : null;

    /// <summary>The file by which a rank tells that it is there.</summary>
    public static string CurrentFile(string deployment) => Path.Combine(FolderOf(deployment), CurrentName);

    public void WriteRank(RankEntry rank) => Write(RankFolder, NameOf(rank.Rank), rank.Format());

    /// <summary>Null: it has not come.</summary>
    public RankEntry? ReadRank(uint rank) =>
        Read(RankFolder, NameOf(rank)) is { } text && RankEntry.Parse(text) is { } entry && entry.Rank == rank ? entry : null;

    /// <summary>For people: the process of rank 0 and its node.</summary>
    public string DescribeRoot() => ReadRank(0) is { } root ? $"process {root.Process.Pid} of {root.Process.Host}" : "unknown";

    /// <summary>Rank 0, when everything has ended: only what it says is needed from now on.</summary>
    public void WriteOutcome(JobOutcome outcome)
    {
        WriteControl(Stopped, outcome.Format());
        foreach (string folder in Directory.GetDirectories(path).Where(folder => folder != ControlFolder))
        {
            Remove(folder);
        }
    }

    /// <summary>Null: it has not ended, or was killed.</summary>
    public JobOutcome? ReadOutcome() => ReadControl(Stopped) is { } text ? JobOutcome.Parse(text) : null;

    /// <summary>When anything of the run was written last, by the clock of the file system.</summary>
    public DateTime LastWritten() => new[] { path, ControlFolder, RankFolder, NodeFolder }.Max(Directory.GetLastWriteTimeUtc);

    /// <summary>What the clock of the file system says now.</summary>
    public static DateTime Now(string deployment)
    {
        string probe = ProbeOf(deployment);
        File.WriteAllText(probe, "");
        DateTime now = File.GetLastWriteTimeUtc(probe);
        File.Delete(probe);
        return now;
    }

    /// <exception cref="ChronoLogException">InvalidArgument: this run goes on, and another one cannot begin.</exception>
    public async Task ThrowIfGoesOnAsync(CancellationToken cancellation)
    {
        if (await JobTrace.GoesOnAsync(this, cancellation))
        {
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"a job runs in {Deployment} already: its rank 0 is {DescribeRoot()}; chronolog down --dir {Deployment}, "
                + "or give this one another --dir");
        }
    }

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
            return Names(folder).Contains(name) ? ReadListed(folder, name) : null;
        }
        catch (IOException)
        {
            return null; // a stale handle of NFS: it is looked at again
        }
    }

    /// <summary>The same, when the folder has been listed just now.</summary>
    public static string? ReadListed(string folder, string name)
    {
        try
        {
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

    // Somebody may write or remove there at the same time: what stays is removed when the next run begins.
    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }

    private static bool IsRunName(string name) => name.Length == RunNameLength && name.All(char.IsAsciiHexDigitLower);

    private static string NameOf(uint number) => number.ToString(CultureInfo.InvariantCulture);

    private static string ProbeOf(string deployment) =>
        Path.Combine(FolderOf(deployment), $".probe.{Environment.ProcessId}.{Environment.MachineName}");

    private static string FolderOf(string deployment) => Path.Combine(deployment, "job");
}
