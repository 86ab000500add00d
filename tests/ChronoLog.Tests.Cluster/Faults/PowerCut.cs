using ChronoLog.Client;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>
/// What one power cut in miniature left: a copy of the disk under journal or archive, copies of what lay on other
/// nodes, and the promises that had been made before it.
/// </summary>
/// <param name="Root">Directory of the copies.</param>
/// <param name="Folder">What lay on the disk that lost its power: journal or archive.</param>
/// <param name="Acknowledged">Events below it had been acknowledged.</param>
/// <param name="Cold">Events that were called cold.</param>
internal sealed record PowerCut(string Root, string Folder, int Acknowledged, long Cold) : IDisposable
{
    private static readonly TimeSpan RepairDeadline = TimeSpan.FromSeconds(10);

    public string Image => Path.Combine(Root, "disk.ext4");

    /// <summary>Copies the disk of a deployment while the processes that write to it are stopped.</summary>
    /// <param name="deployment">Which one.</param>
    /// <param name="disk">Mounted at its journal or its archive.</param>
    /// <param name="stopped">The processes of the node.</param>
    /// <param name="promises">Asked for before anything is stopped.</param>
    public static async Task<PowerCut> TakeAsync(
        LocalDeployment deployment, MountedFileSystem disk, int[] stopped,
        Func<Task<(int Acknowledged, long Cold)>> promises)
    {
        string root = Directory.CreateTempSubdirectory("chronolog-cut-").FullName;
        (int acknowledged, long cold) = await promises();
        string folder = Path.GetFileName(disk.MountPoint);
        var cut = new PowerCut(root, folder, acknowledged, cold);
        try
        {
            foreach (int pid in stopped)
            {
                await Signals.StopAsync(pid);
            }

            disk.CopyTo(cut.Image);
            // After the disk: what has been deleted from one tier by now is in the other one's copy.
            string other = folder == "journal" ? "archive" : "journal";
            CopyFiles(Path.Combine(deployment.Directory, other), Path.Combine(root, other));
            File.Copy(Path.Combine(deployment.Directory, "chrono-visor.db"), Path.Combine(root, "chrono-visor.db"));
        }
        catch
        {
            cut.Dispose();
            throw;
        }
        finally
        {
            foreach (int pid in stopped)
            {
                await Signals.ContinueAsync(pid);
            }
        }

        return cut;
    }

    /// <summary>
    /// Starts a deployment on what is left, and replays until a replay calls itself complete, or it is clear that none
    /// will.
    /// </summary>
    /// <param name="load">Whose story is replayed.</param>
    /// <param name="settings">Of the deployment.</param>
    /// <param name="inspect">Called with the directory, before anything runs.</param>
    public async Task<LoadCheck> ReplayAsync(
        Load load, IReadOnlyList<string> settings, Func<string, Task>? inspect = null)
    {
        var setup = new DeploymentSetup
        {
            Keepers = 1,
            // The copy of the Visor's memory knows the others at their old addresses: they need not be waited for.
            Settings = [.. settings, "visor.dead-after=1s"],
            Prepare = directory =>
            {
                foreach (string entry in Directory.GetFileSystemEntries(Root).Where(entry => entry != Image))
                {
                    Directory.Move(entry, Path.Combine(directory, Path.GetFileName(entry)));
                }

                return [MountedFileSystem.OfCopy(Image, Path.Combine(directory, Folder))];
            },
        };
        await using LocalDeployment deployment = await LocalDeployment.StartAsync(setup);
        if (inspect is not null)
        {
            await inspect(deployment.Directory);
        }

        await using ChronoClient client = await deployment.ConnectAsync();
        LoadCheck? check = null;
        try
        {
            await Waiting.UntilAsync(
                async () => (check = await LoadCheck.ReplayAsync(client, load, Acknowledged)).IsComplete,
                () => "a complete replay",
                RepairDeadline);
        }
        catch (TimeoutException)
        {
            // The gaps are in what is returned.
        }

        return check!;
    }

    public void Dispose()
    {
        if (Directory.Exists(Root))
        {
            Directory.Delete(Root, recursive: true);
        }
    }

    // Only what has its final name, for temporary files come and go meanwhile; and no locks.
    private static void CopyFiles(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string directory in Directory.GetDirectories(from))
        {
            CopyFiles(directory, Path.Combine(to, Path.GetFileName(directory)));
        }

        foreach (string file in Directory.GetFiles(from).Where(IsContent))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private static bool IsContent(string file) => Path.GetFileName(file) is not "lock" and not ['.', ..];
}
