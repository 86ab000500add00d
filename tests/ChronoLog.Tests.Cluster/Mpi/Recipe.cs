using ChronoLog.Tests.Cluster.Abi;

namespace ChronoLog.Tests.Cluster.Mpi;

/// <summary>The steps that /README.md prints for several programs in one job, as they stand there.</summary>
internal static class Recipe
{
    private const string FirstLine = "    rm -f $SCRATCH/chrono/endpoint";

    /// <summary>A shell script; its directory is also $SCRATCH, and has the programs simulation and analysis.</summary>
    /// <param name="launcher">"srun" or "mpirun": which of the recipes.</param>
    /// <param name="directory">Where it runs.</param>
    public static async Task<string> PrepareAsync(string launcher, string directory)
    {
        string[] readme = await File.ReadAllLinesAsync(Path.Combine(Consumer.Root, "README.md"));
        List<string> steps = [];
        for (int i = 0; i < readme.Length; i++)
        {
            string[] block = [.. readme.Skip(i).TakeWhile(line => line.StartsWith("    ", StringComparison.Ordinal))];
            if (readme[i].StartsWith(FirstLine, StringComparison.Ordinal) && block[1].TrimStart().StartsWith(launcher, StringComparison.Ordinal))
            {
                steps.AddRange(block);
            }
        }

        Assert.That(steps, Is.Not.Empty, $"a recipe for {launcher} in the README");
        await ScriptAsync(directory, "simulation", "echo event | chronolog record steps story --create");
        await ScriptAsync(directory, "analysis", "chronolog replay steps story --format raw");
        return string.Join('\n', [
            $"export SCRATCH={directory} PATH={directory}:{Path.GetDirectoryName(Deployments.Chronolog.Executable)}:$PATH", $"cd {directory}",
            "mkdir -p chrono; echo tcp://127.0.0.1:1 > chrono/endpoint", .. steps,
        ]);
    }

    /// <summary>A program of one line.</summary>
    public static async Task ScriptAsync(string directory, string name, string line)
    {
        string file = Path.Combine(directory, name);
        await File.WriteAllTextAsync(file, $"#!/bin/sh\n{line}\n");
        File.SetUnixFileMode(file, (UnixFileMode)Convert.ToInt32("755", 8));
    }
}
