using ChronoLog.Tests.Cluster.Deployments;

namespace ChronoLog.Tests.Cluster.Abi;

/// <summary>
/// Applications outside the tree, in a bare environment, against an installation that was moved after it was made.
/// </summary>
public sealed partial class InstallTests
{
    private LocalDeployment deployment = null!;
    private string directory = null!;

    private string Prefix => Path.Combine(directory, "moved hère");

    [OneTimeSetUp]
    public async Task InstallAsync()
    {
        directory = Directory.CreateTempSubdirectory("chronolog-install-").FullName;
        string first = Path.Combine(directory, "first");
        await Consumer.RunAsync(
            Path.Combine(Consumer.Root, "build.sh"), ["install", "--prefix", first], new Dictionary<string, string>());
        Directory.Move(first, Prefix);
        string sources = Path.Combine(Consumer.Root, "tests", "install");
        foreach (string source in Directory.EnumerateFiles(sources, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(directory, Path.GetRelativePath(sources, source));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(source, copy);
        }

        deployment = await LocalDeployment.StartAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        Directory.Delete(directory, recursive: true);
        await deployment.DisposeAsync();
    }

    [Test]
    public async Task PkgConfigFindsIt()
    {
        await BareAsync(
            "/bin/sh",
            "-ec",
            "cd \"$1\"; eval cc -std=c99 -Wall -Wextra -Wpedantic -Werror consumer.c "
            + "$(PKG_CONFIG_PATH=\"$2/lib/pkgconfig\" pkg-config --cflags --libs chronolog) -o with-pkg-config",
            "sh", directory, Prefix);
        await SaysHelloAsync(Path.Combine(directory, "with-pkg-config"), "installed, pkg-config");
    }

    [Test]
    public async Task PkgConfigFindsTheFortranModule()
    {
        await BareAsync(
            "/bin/sh",
            "-ec",
            "cd \"$1\"; eval gfortran -std=f2008 -Wall -Wextra -pedantic -Werror consumer.f90 "
            + "$(PKG_CONFIG_PATH=\"$2/lib/pkgconfig\" pkg-config --cflags --libs chronolog-fortran) -o fortran-pkg-config",
            "sh", directory, Prefix);
        await SaysHelloAsync(Path.Combine(directory, "fortran-pkg-config"), "installed, pkg-config and fortran");
    }

    [Test]
    public async Task CMakeFindsIt()
    {
        string build = Path.Combine(directory, "build");
        await BareAsync("/usr/bin/cmake", "-S", directory, "-B", build, "-DCMAKE_PREFIX_PATH=" + Prefix);
        await BareAsync("/usr/bin/cmake", "--build", build);
        await SaysHelloAsync(Path.Combine(build, "consumer_c"), "installed, cmake and c");
        await SaysHelloAsync(Path.Combine(build, "consumer_cpp"), "installed, cmake and c++");
        await SaysHelloAsync(Path.Combine(build, "consumer_fortran"), "installed, cmake and fortran");
    }

    // As for a compiler that cannot read the module files that are installed.
    [Test]
    public async Task CMakeBuildsTheFortranModuleFromItsSource()
    {
        string build = Path.Combine(directory, "build-source");
        await BareAsync(
            "/usr/bin/cmake", "-S", directory, "-B", build, "-DCMAKE_PREFIX_PATH=" + Prefix, "-DChronoLog_FORTRAN_FROM_SOURCE=ON");
        await BareAsync("/usr/bin/cmake", "--build", build, "--target", "consumer_fortran");
        await SaysHelloAsync(Path.Combine(build, "consumer_fortran"), "installed, cmake and fortran's source");
    }

    [TestCase("numpy")]
    [TestCase("plain")]
    public async Task PythonFindsIt(string columns)
    {
        string printed = await BareAsync(
            "/usr/bin/env",
            "PYTHONPATH=" + Path.Combine(Prefix, "lib", "python3", "site-packages"),
            "/usr/bin/python3", Path.Combine(directory, "consumer.py"), "installed, python " + columns, columns);
        Assert.That(printed, Is.EqualTo("hello\n"));
    }

    // Its own packages come from the installation; what they need from others, from what this machine has restored before.
    [Test]
    public async Task DotnetFindsItsPackages()
    {
        string project = Path.Combine(directory, "dotnet");
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string cache = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(home, ".nuget", "packages");
        await File.WriteAllTextAsync(
            Path.Combine(project, "nuget.config"),
            $"""
            <configuration>
              <packageSources>
                <clear />
                <add key="installed" value="{Path.Combine(Prefix, "share", "chronolog", "nuget")}" />
                <add key="restored" value="{cache}" />
              </packageSources>
            </configuration>
            """);
        string dotnet = Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet";
        await BareAsync(
            "/usr/bin/env",
            "HOME=" + project, "NUGET_PACKAGES=" + Path.Combine(directory, "nuget"), "DOTNET_CLI_TELEMETRY_OPTOUT=1", "DOTNET_NOLOGO=1",
            dotnet, "build", project, "-c", "Release", "-o", Path.Combine(project, "out"), "-v", "q");
        string printed = await BareAsync(dotnet, Path.Combine(project, "out", "Consumer.dll"), "installed, dotnet");
        Assert.That(printed, Is.EqualTo("hello\nlogged\n"));
    }

    [Test]
    public async Task TheInstalledExecutableRuns() =>
        Assert.That(await BareAsync(Path.Combine(Prefix, "bin", "chronolog"), "status"), Does.Contain("keeper"));

    [Test]
    public async Task TheInstalledBenchRuns() => Assert.That(
        await BareAsync(Path.Combine(Prefix, "bin", "chronolog-bench"), "-w", "-r", "--verify", "-n", "10"),
        Does.Contain("verified 10 events"));

    [TestCase("openmpi", "--oversubscribe --mca oob_tcp_if_include lo --mca btl self,vader")]
    [TestCase("mpich", "-iface lo")]
    public async Task TheInstalledBenchRunsUnder(string mpi, string options) => Assert.That(
        await BareAsync(
            "/usr/bin/env",
            [
                "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "mpirun." + mpi, .. options.Split(' '), "-n", "2",
                Path.Combine(Prefix, "bin", "chronolog-bench"), "-w", "-r", "--verify", "-n", "10", "--prefix", mpi,
            ]),
        Does.Contain("verified 20 events"));

    [Test]
    public async Task TheInstalledFortranBenchIsVerified()
    {
        await BareAsync(Path.Combine(Prefix, "bin", "chronolog-bench-fortran"), "-n", "10", "--prefix", "fortran");
        Assert.That(
            await BareAsync(Path.Combine(Prefix, "bin", "chronolog-bench"), "-r", "--verify", "--prefix", "fortran"),
            Does.Contain("verified 10 events"));
    }

    [Test]
    public async Task ALinkToTheInstallationIsAsGood()
    {
        string link = Path.Combine(directory, "link");
        File.CreateSymbolicLink(link, Prefix);
        Assert.That(await BareAsync(Path.Combine(link, "bin", "chronolog"), "status"), Does.Contain("keeper"));
        Assert.That(await BareAsync(Path.Combine(link, "bin", "chrono-keeper"), "--help"), Does.Contain("--journal-quota"));
        Assert.That(
            await BareAsync(Path.Combine(link, "bin", "chronolog-bench"), "-w", "-r", "--verify", "-n", "10", "--prefix", "link"),
            Does.Contain("verified 10 events"));
        await BareAsync(
            "/bin/sh", "-ec",
            "cd \"$1\"; cc -std=c99 consumer.c $(PKG_CONFIG_PATH=\"$2/lib/pkgconfig\" pkg-config --cflags --libs chronolog) -o by-link",
            "sh", directory, link);
        await SaysHelloAsync(Path.Combine(directory, "by-link"), "installed, link");
    }

    [Test]
    public async Task AnInstallationIsRenewedAndRemovedWithoutTouchingAnythingElse()
    {
        // Relative to where it is called, by somebody with a narrow umask, behind a DESTDIR.
        await CallAsync("install");
        string root = Path.Join(directory, "staged", directory, "rel");
        string[] files = [.. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)];
        Assert.That(files, Has.Length.GreaterThan(50));
        Assert.That(
            files.Where(file => (File.GetUnixFileMode(file) & UnixFileMode.OtherRead) == 0), Is.Empty, "others may use it");
        string list = Path.Combine(root, "share", "chronolog", "installed-files");
        string former = Path.Combine(root, "share", "former-version", "file");
        Directory.CreateDirectory(Path.GetDirectoryName(former)!);
        await File.WriteAllTextAsync(former, "");
        await File.AppendAllTextAsync(list, "share/former-version/file\n");
        string foreign = Path.Combine(root, "bin", "somebody-elses");
        await File.WriteAllTextAsync(foreign, "");

        await CallAsync("install");
        Assert.That(Directory.Exists(Path.GetDirectoryName(former)), Is.False);
        Assert.That(
            Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories), Is.EquivalentTo(files.Append(foreign)));

        await CallAsync("uninstall");
        Assert.That(Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories), Is.EquivalentTo(
            new[] { Path.GetDirectoryName(foreign), foreign }));

        Task<string> CallAsync(string command) => Consumer.RunAsync(
            "/bin/sh",
            [
                "-ec", "cd \"$1\"; umask 077; \"$2\" \"$3\" --prefix rel", "sh", directory, Path.Combine(Consumer.Root, "build.sh"),
                command,
            ],
            new Dictionary<string, string> { ["DESTDIR"] = Path.Combine(directory, "staged") });
    }

    [Test]
    public async Task AnIncompleteInstallationSaysWhatIsMissing()
    {
        string program = Path.Combine(directory, "incomplete");
        string part = Path.Combine(directory, "part");
        Directory.CreateDirectory(part);
        foreach (string library in new[] { "libchronolog.so.1", "libchrono_native.so" })
        {
            File.Copy(Path.Combine(Prefix, "lib", library), Path.Combine(part, library));
        }

        File.CreateSymbolicLink(Path.Combine(part, "libchronolog.so"), "libchronolog.so.1");
        await BareAsync(
            "/usr/bin/cc", Path.Combine(directory, "consumer.c"), "-I" + Path.Combine(Prefix, "include"), "-L" + part,
            "-lchronolog", "-Wl,-rpath," + part, "-o", program);
        string printed = await BareAsync("/bin/sh", "-c", "\"$1\" x 2>&1 || true", "sh", program);
        Assert.That(printed, Does.Contain("libchronolog_managed.so"));
    }

    private async Task SaysHelloAsync(string program, string chronicle) =>
        Assert.That(await BareAsync(program, chronicle), Is.EqualTo("hello\n"));

    // Nothing of the tests' own environment: no library path, no home, no locale.
    private Task<string> BareAsync(string program, params string[] arguments) => Consumer.RunAsync(
        "/usr/bin/env",
        ["-i", "PATH=/usr/bin:/bin", "CHRONOLOG_ENDPOINT=" + deployment.Endpoint, program, .. arguments],
        new Dictionary<string, string>());
}
