using System.Globalization;
using System.Security.Cryptography;
using ChronoLog.Tests.Cluster.Deployments;
using Signals = ChronoLog.Tests.Cluster.Deployments.Signals;

namespace ChronoLog.Tests.Cluster.Mpi;

/// <summary>
/// A Slurm of one node on this machine's loopback: munged, slurmctld and slurmd with a configuration, a key, ports and state of
/// their own in a temporary directory. Nothing of the system's is read or changed.
/// </summary>
internal sealed class SlurmNode : IAsyncDisposable
{
    private const int SrunPorts = 20;

    private static readonly TimeSpan JobDeadline = TimeSpan.FromMinutes(3);

    private readonly List<(string Name, LaunchedProgram Program)> daemons = [];
    private readonly string directory = Directory.CreateTempSubdirectory("chronolog-slurm-").FullName;

    private string Configuration => Path.Combine(directory, "slurm.conf");

    private string Socket => Path.Combine(directory, "munge.socket");

    private Dictionary<string, string> Environment => new() { ["SLURM_CONF"] = Configuration };

    /// <summary>Null when all that is needed is here, else what is not.</summary>
    public static string? Missing()
    {
        string[] programs = ["/usr/sbin/munged", "/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/bin/srun", "/usr/bin/sbatch"];
        return programs.FirstOrDefault(program => !File.Exists(program)) is { } missing ? $"{missing} is not installed"
            : System.Environment.UserName != "root" ? "slurmd and munged of a test's own need root" : null;
    }

    /// <summary>Returns when the node takes jobs.</summary>
    public static async Task<SlurmNode> StartAsync()
    {
        var node = new SlurmNode();
        try
        {
            await node.ConfigureAsync();
            await node.StartMungeAsync();
            node.Start("slurmctld", "/usr/sbin/slurmctld", "-D", "-f", node.Configuration);
            node.Start("slurmd", "/usr/sbin/slurmd", "-D", "-f", node.Configuration);
            await Waiting.UntilAsync(
                async () => (await node.RunAsync("/usr/bin/sinfo", "-h", "-o", "%T")).Output.Trim() == "idle",
                () => "the node to be idle: " + node.Logs());
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a job script of so many tasks to its end.</summary>
    /// <returns>Its exit status and what it printed.</returns>
    public async Task<LaunchedProgram.Outcome> RunJobAsync(int tasks, string script)
    {
        string file = Path.Combine(directory, "job.sh");
        string output = Path.Combine(directory, "job.out");
        await File.WriteAllTextAsync(file, "#!/bin/sh\n" + script + "\n");
        File.Delete(output);
        LaunchedProgram.Outcome submitted = (await RunAsync(
            "/usr/bin/sbatch", "--parsable", "-n", tasks.ToString(CultureInfo.InvariantCulture), "-D", directory, "-o", output, file)).Succeeded();
        int status = await WaitAsync(submitted.Output.Trim());
        string said = File.Exists(output) ? await File.ReadAllTextAsync(output) : "";
        return new LaunchedProgram.Outcome("sbatch", status, said, status == 0 ? "" : Logs());
    }

    // sbatch --wait would look every ten seconds.
    private async Task<int> WaitAsync(string job)
    {
        var values = new Dictionary<string, string>();
        string text = "";
        await Waiting.UntilAsync(
            async () =>
            {
                text = (await RunAsync("/usr/bin/scontrol", "-o", "show", "job", job)).Output;
                values = text.Split(' ').Select(word => word.Trim().Split('=', 2)).Where(pair => pair.Length == 2)
                    .DistinctBy(pair => pair[0]).ToDictionary(pair => pair[0], pair => pair[1]);
                return values.TryGetValue("JobState", out string? state) && state is not ("PENDING" or "RUNNING" or "COMPLETING" or "CONFIGURING");
            },
            () => $"job {job} to end: {text}\n{Logs()}",
            JobDeadline);

        // "9:0": the status, and the signal that ended it.
        int[] ends = [.. values["ExitCode"].Split(':').Select(end => int.Parse(end, CultureInfo.InvariantCulture))];
        return ends[0] != 0 ? ends[0] : ends[1] != 0 ? 128 + ends[1] : values["JobState"] == "COMPLETED" ? 0 : 1;
    }

    /// <summary>One of Slurm's commands, or any that needs its configuration.</summary>
    public Task<LaunchedProgram.Outcome> RunAsync(string program, params string[] arguments) =>
        LaunchedProgram.Start(program, arguments, Environment).EndAsync();

    public async ValueTask DisposeAsync()
    {
        await RunAsync("/usr/bin/scancel", "-u", System.Environment.UserName);
        foreach ((string _, LaunchedProgram program) in Enumerable.Reverse(daemons))
        {
            Signals.Terminate(program.Pid);
            await program.EndAsync();
            program.Dispose();
        }

        Directory.Delete(directory, recursive: true);
    }

    private async Task ConfigureAsync()
    {
        // srun and slurmd talk through directories that have to be the daemons' alone.
        foreach (string folder in (string[])["state", "spool"])
        {
            Directory.CreateDirectory(Path.Combine(directory, folder));
        }

        // Jobs begin at once, and a machine that is busy with other things is no reason to give up.
        int port = LocalDeployment.FreePorts();
        string host = System.Environment.MachineName.Split('.')[0];
        await File.WriteAllTextAsync(
            Configuration,
            $"""
            ClusterName=chronolog
            SlurmctldHost={host}(127.0.0.1)
            SlurmUser=root
            SlurmdUser=root
            AuthType=auth/munge
            AuthInfo=socket={Socket}
            CredType=cred/munge
            SlurmctldPort={port}
            SlurmdPort={port + 1}
            SrunPortRange={port + 2}-{port + 2 + SrunPorts}
            StateSaveLocation={directory}/state
            SlurmdSpoolDir={directory}/spool
            SlurmctldPidFile={directory}/slurmctld.pid
            SlurmdPidFile={directory}/slurmd.pid
            SlurmctldLogFile={directory}/slurmctld.log
            SlurmdLogFile={directory}/slurmd.log
            ProctrackType=proctrack/linuxproc
            TaskPlugin=task/none
            JobAcctGatherType=jobacct_gather/none
            AccountingStorageType=accounting_storage/none
            SelectType=select/cons_tres
            SelectTypeParameters=CR_CPU
            SlurmdParameters=config_overrides
            SchedulerParameters=batch_sched_delay=0,sched_min_interval=0
            MessageTimeout=60
            BatchStartTimeout=60
            KillWait=120
            ReturnToService=2
            MailProg=/bin/true
            NodeName={host} NodeAddr=127.0.0.1 CPUs=8 State=UNKNOWN
            PartitionName=all Nodes=ALL Default=YES State=UP

            """);
    }

    private async Task StartMungeAsync()
    {
        string key = Path.Combine(directory, "munge.key");
        await File.WriteAllBytesAsync(key, RandomNumberGenerator.GetBytes(64));
        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        File.SetUnixFileMode(
            directory, (UnixFileMode)Convert.ToInt32("755", 8)); // munged wants its clients to be able to reach the socket
        Start(
            "munged", "/usr/sbin/munged", "--foreground", "--key-file=" + key, "--socket=" + Socket,
            $"--pid-file={directory}/munged.pid", $"--log-file={directory}/munged.log", $"--seed-file={directory}/munge.seed");
        await Waiting.UntilAsync(() => File.Exists(Socket), "munged's socket");
    }

    private void Start(string name, string program, params string[] arguments) =>
        daemons.Add((name, LaunchedProgram.Start(program, arguments, Environment)));

    private string Logs() => string.Concat(daemons.Select(daemon => $"\n== {daemon.Name}\n{Tail(daemon.Name)}"));

    private string Tail(string name)
    {
        string log = Path.Combine(directory, name + ".log");
        return File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(20)) : "";
    }
}
