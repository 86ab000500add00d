using ChronoLog.Tests.Simulation.Clients;
using ChronoLog.Tests.Simulation.Disk;
using ChronoLog.Tests.Simulation.Kernel;
using ChronoLog.Tests.Simulation.Network;
using ChronoLog.Tests.Simulation.Processes;

namespace ChronoLog.Tests.Simulation.Faults;

/// <summary>Makes the plan's faults happen, and ends them.</summary>
internal sealed class FaultInjector(Deployment deployment, FaultPlan plan)
{
    // Of every effect on the outside; hundreds of them pass in a second of a busy process, most of them messages.
    private static readonly double[] CrashChances = [0.002, 0.02, 0.1];

    private readonly SimWorld world = deployment.World;
    private readonly SimRandom random = deployment.World.Random.Fork();
    private readonly HashSet<string> down = [];
    private bool isChaos;

    public void Begin()
    {
        isChaos = true;
        deployment.Network.Conditions = Network();
        deployment.Disks = Disks();
        Next();
    }

    /// <summary>Ends every fault and starts whatever is down.</summary>
    public void Heal()
    {
        isChaos = false;
        world.Note("heal", "faults");
        deployment.Network.Conditions = LinkConditions.Calm;
        deployment.Network.MendAll();
        deployment.Disks = DiskConditions.Calm;
        foreach (SimProcess process in deployment.Running)
        {
            process.CrashChance = 0;
        }

        foreach (string name in deployment.Names.Where(name => deployment.Find(name) is null))
        {
            deployment.Start(name);
        }

        down.Clear();
    }

    private List<string> Servers =>
        [.. deployment.Names.Where(static name => !name.StartsWith("client", StringComparison.Ordinal))];

    private bool Has(FaultKind kind) => plan.Kinds.Contains(kind);

    private double Rate(FaultKind kind, double most) => Has(kind) ? most * random.Below(1000) / 1000 : 0;

    private LinkConditions Network() => new()
    {
        Loss = Rate(FaultKind.MessageLoss, 0.1),
        Duplication = Rate(FaultKind.MessageDuplication, 0.1),
        Reordering = Rate(FaultKind.MessageReordering, 0.3),
        LongDelays = Rate(FaultKind.LongDelays, 0.1),
        PullFailures = Rate(FaultKind.PullFailures, 0.3),
        TornPulls = Rate(FaultKind.TornPulls, 0.3),
    };

    private DiskConditions Disks() => new()
    {
        FailedSyncs = Rate(FaultKind.FailedSyncs, 0.3),
        SlowSyncs = Rate(FaultKind.SlowSyncs, 0.2),
        NoSpace = Rate(FaultKind.JournalNoSpace, 0.3),
        FailedArchiving = Rate(FaultKind.FailedArchiving, 0.2),
    };

    private void Next() => world.After(random.Between(TimeSpan.Zero, plan.PauseMax), () =>
    {
        if (isChaos && plan.Kinds.Count > 0)
        {
            Inject(random.Pick(plan.Kinds));
            Next();
        }
    });

    private void Inject(FaultKind kind)
    {
        switch (kind)
        {
            case FaultKind.OneWayCut:
                Cut();
                break;
            case FaultKind.ProcessPause:
                List<SimProcess> running = deployment.Running.ToList(); // none when all were stopped in order
                if (running.Count > 0)
                {
                    random.Pick(running).Pause(Milliseconds(5, 600));
                }

                break;
            case FaultKind.WallClockStep:
                // Where the base clock follows a step, draining waits until it has passed what was recorded with the new time.
                int furthest = Has(FaultKind.VisorMoves) ? 100 : 3600;
                random.Pick(deployment.Nodes).WallOffset += TimeSpan.FromSeconds(random.Between(-furthest, furthest));
                break;
            case FaultKind.CrashVisor:
                Crash("visor");
                break;
            case FaultKind.VisorMoves:
                deployment.NodeOf("visor").Moves++;
                Crash("visor");
                break;
            case FaultKind.CrashGrapher:
                Crash($"grapher-{random.Below(deployment.Settings.Groups)}");
                break;
            case FaultKind.CrashPlayer:
                Crash($"player-{random.Below(deployment.Settings.Groups)}");
                break;
            case FaultKind.CrashClient:
                Crash($"client-{random.Below(deployment.Settings.Clients)}");
                break;
            case FaultKind.CrashKeeper:
                Crash($"keeper-{random.Below(deployment.Settings.Keepers)}");
                break;
            case FaultKind.StoragePowerLoss:
                LosePower(deployment.Nodes[1]);
                break;
            case FaultKind.KeeperPowerLoss:
                LosePower(deployment.Nodes[2 + random.Below(deployment.Settings.ComputeNodes)]);
                break;
            case FaultKind.ArchiveDamage:
                Damage();
                break;
            case FaultKind.OrderlyStop:
                Stop(random.Pick(Servers));
                break;
            case FaultKind.OrderlyStopOfAll:
                StopAll();
                break;
            case FaultKind.DestroyStory:
                deployment.Clients.ElementAtOrDefault(random.Below(deployment.Settings.Clients))?.BeginDestroying();
                break;
            default:
                break; // a condition, which lasts
        }
    }

    private TimeSpan Milliseconds(int least, int most) => TimeSpan.FromMilliseconds(random.Between(least, most));

    private void Cut()
    {
        int from = random.Below(deployment.Nodes.Count);
        int to = random.Below(deployment.Nodes.Count);
        deployment.Network.Cut(from, to);
        world.After(Milliseconds(20, 1500), () => deployment.Network.Mend(from, to));
    }

    // Now, or at one of its next effects on the outside: between any two of them something is half done.
    private void Crash(string name)
    {
        if (deployment.Find(name) is not { } process)
        {
            return;
        }

        if (random.Chance(0.5))
        {
            process.Kill("crash");
            StartAgain(name);
            return;
        }

        process.Crashed = _ => StartAgain(name);
        process.CrashChance = random.Pick(CrashChances);
    }

    private void Stop(string name)
    {
        if (deployment.Find(name) is { } process)
        {
            process.Crashed = _ => StartAgain(name);
            process.Stop();
        }
    }

    // In the order of `chronolog down`; each within the time that the one before may take, or not.
    private void StopAll()
    {
        foreach (string name in Servers)
        {
            int place = name switch
            {
                "visor" => 2,
                _ when name.StartsWith("player", StringComparison.Ordinal) => 1,
                _ => 0,
            };
            world.After(place * Milliseconds(0, 1000), () => Stop(name));
        }
    }

    private void LosePower(SimNode node)
    {
        world.Note("power loss", node.Name);
        node.PowerLosses++;
        foreach (SimProcess process in deployment.Running.Where(process => process.Node == node).ToList())
        {
            process.Kill("power loss");
            StartAgain(process.Name);
        }

        deployment.Memories[node.Number].Clear();
        foreach (JournalDisk journal in deployment.JournalsOn(node))
        {
            journal.LosePower(() => random.Chance(0.5));
        }

        deployment.Model.LosePower(node);
        if (node == deployment.Nodes[1])
        {
            foreach (ArchiveDisk archive in deployment.Archives)
            {
                archive.LosePower(() => random.Chance(0.5));
            }
        }
    }

    private void Damage()
    {
        List<SimStoryFile> files =
            [.. deployment.StoryFiles.Where(static file => file.State == StoryFileState.Synced)];
        List<SimWatermark> watermarks = [.. deployment.Archives.SelectMany(static archive => archive.Watermarks)];
        if (watermarks.Count > 0 && random.Chance(0.2))
        {
            world.Note("damage", "watermark");
            random.Pick(watermarks).Damage();
        }
        else if (files.Count > 0)
        {
            SimStoryFile file = random.Pick(files);
            world.Note("damage", file.Name);
            file.IsDamaged = true;
        }
    }

    private void StartAgain(string name)
    {
        if (down.Add(name))
        {
            world.After(Milliseconds(1, 1500), () =>
            {
                if (down.Remove(name) && deployment.Find(name) is null)
                {
                    deployment.Start(name);
                }
            });
        }
    }
}
