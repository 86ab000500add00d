using System.Globalization;
using System.Text.Json;
using ChronoLog.Core.Protocol;
using ChronoLog.Interop.Posix;
using ChronoLog.Transport.Timing;

namespace ChronoLog.App.Deployment;

/// <summary>
/// The files by which <c>up</c>, <c>down</c> and users find a deployment: <c>endpoint</c> (the portal, for
/// CHRONOLOG_ENDPOINT), <c>supervisor.json</c> (process ids with their start times and their node, so that somebody else is
/// never signalled who has a number again, or has it on another node: nodes may share the directory).
/// </summary>
internal sealed class DeploymentState(string directory)
{
    private static readonly string OwnSpace = HostIdentity.ProcessSpace.Replace(' ', '_');

    public string EndpointFile { get; } = Path.Combine(directory, "endpoint");

    public string SupervisorFile { get; } = Path.Combine(directory, "supervisor.json");

    /// <summary>Locked while a supervisor runs; it stays.</summary>
    public string ClaimFile { get; } = Path.Combine(directory, "supervisor.lock");

    public string SupervisorLog { get; } = Path.Combine(directory, "logs", "supervisor.log");

    /// <summary>Where the processes of a stop say what they leave unarchived: a file for each that does.</summary>
    public string LeftBehindDirectory { get; } = Path.Combine(directory, "left-behind");

    /// <summary>What the last stop left unarchived or out of order, a line for each cause.</summary>
    public IReadOnlyList<string> ReadLeftBehind() => !Directory.Exists(LeftBehindDirectory)
        ? []
        : [.. Directory.EnumerateFiles(LeftBehindDirectory).Order(StringComparer.Ordinal).SelectMany(File.ReadLines)];

    /// <summary>Notes about a process what it did not say itself.</summary>
    public void AddLeftBehind(string name, string line)
    {
        string path = Path.Combine(LeftBehindDirectory, name);
        if (!File.Exists(path))
        {
            File.WriteAllText(path, line + "\n");
        }
    }

    /// <summary>A new deployment begins: what the last one left is told again by whoever still has it.</summary>
    public void ClearLeftBehind()
    {
        if (Directory.Exists(LeftBehindDirectory))
        {
            Directory.Delete(LeftBehindDirectory, recursive: true);
        }

        Directory.CreateDirectory(LeftBehindDirectory);
    }

    public void WriteEndpoint(string endpoint) => Replace(EndpointFile, endpoint + "\n");

    public void WithdrawEndpoint() => File.Delete(EndpointFile);

    public string? ReadEndpoint() => ReadText(EndpointFile)?.Trim();

    public void Write(IEnumerable<(string Name, int Pid)> processes)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            foreach ((string name, int pid) in processes)
            {
                writer.WriteStartObject(name);
                writer.WriteNumber("pid", pid);
                writer.WriteString("started", StartTime(pid));
                writer.WriteString("space", OwnSpace);
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        Replace(SupervisorFile, System.Text.Encoding.UTF8.GetString(stream.ToArray()));
    }

    /// <summary>The processes of the file that still run and are the ones it means: none of another node's.</summary>
    /// <exception cref="ChronoLogException">Corrupt: the file is not what a supervisor wrote.</exception>
    public IReadOnlyList<RunningProcess> ReadRunning() => [.. ReadAll().Where(IsRunning)];

    /// <summary>The processes of the file, whether they run or not.</summary>
    /// <exception cref="ChronoLogException">Corrupt: the file is not what a supervisor wrote.</exception>
    public IReadOnlyList<RunningProcess> ReadAll()
    {
        if (ReadText(SupervisorFile) is not { } text)
        {
            return [];
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return [.. document.RootElement.EnumerateObject()
                .Select(property => new RunningProcess(
                    property.Name,
                    property.Value.GetProperty("pid").GetInt32(),
                    property.Value.GetProperty("started").GetString() ?? "",
                    property.Value.GetProperty("space").GetString() ?? ""))];
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException
            or InvalidOperationException or FormatException)
        {
            throw new ChronoLogException(
                Status.Corrupt,
                $"{SupervisorFile} is damaged: {exception.Message} End the deployment's processes, if any run, and remove it.",
                exception);
        }
    }

    /// <summary>
    /// Whether a process still runs here. One that has the number of another that ended does not count, nor does one that has
    /// the number of another node's.
    /// </summary>
    public static bool IsRunning(RunningProcess process) =>
        IsOfThisNode(process) && process.Pid > 1 && process.Started.Length > 0 && StartTime(process.Pid) == process.Started;

    /// <summary>Whether its number means anything here.</summary>
    public static bool IsOfThisNode(RunningProcess process) => process.Space == OwnSpace;

    /// <summary>A process that runs now.</summary>
    public static RunningProcess Describe(string name, int pid) => new(name, pid, StartTime(pid), OwnSpace);

    /// <exception cref="ChronoLogException">InvalidArgument: a deployment runs in the directory.</exception>
    public void RefuseIfRunning()
    {
        if (ReadRunning() is { Count: > 0 } running)
        {
            throw new ChronoLogException(
                Status.InvalidArgument,
                $"a deployment runs in {directory} already (process {running[0].Pid}); chronolog down --dir {directory}");
        }
    }

    /// <summary>
    /// The directory is this process's as long as the handle is held, on whichever node others of its file system run. Null: the
    /// file system has no locks.
    /// </summary>
    /// <exception cref="ChronoLogException">InvalidArgument: another supervisor runs in the directory.</exception>
    public PosixFile? Claim()
    {
        PosixFile file = PosixFile.Open(ClaimFile, PosixOpen.ReadWrite | PosixOpen.Create);
        try
        {
            if (file.TryLock())
            {
                return file;
            }
        }
        catch (PosixException exception) when (exception.Errno
            is PosixError.NoLocks or PosixError.NotImplemented or PosixError.NotSupported)
        {
            file.Dispose();
            return null;
        }

        file.Dispose();
        string owner = ReadAll().FirstOrDefault() is { } first ? $" (process {first.Pid} of {first.Host})" : "";
        throw new ChronoLogException(
            Status.InvalidArgument,
            $"a deployment runs in {directory} already{owner}, which holds {ClaimFile}; chronolog down --dir {directory}");
    }

    public void Clear()
    {
        File.Delete(EndpointFile);
        File.Delete(SupervisorFile);
    }

    // Field 22 of /proc/PID/stat, clock ticks since boot; the command in field 2 may hold spaces and parentheses.
    private static string StartTime(int pid)
    {
        try
        {
            string stat = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? "" : fields[19];
        }
        catch (IOException)
        {
            return "";
        }
    }

    // Looking first whether it is there would be no better: a deployment that ends removes its files at any moment.
    private static string? ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static void Replace(string path, string text)
    {
        string temporary = path + ".new";
        File.WriteAllText(temporary, text);
        File.Move(temporary, path, overwrite: true);
    }
}
