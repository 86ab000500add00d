using System.Diagnostics;
using System.Globalization;

namespace ChronoLog.Tests.Cluster.Faults;

/// <summary>
/// A library that is loaded before the C library into whatever is started meanwhile, and adds what a file says to
/// CLOCK_REALTIME, and to nothing else: the wall clock of those processes can be stepped without touching the machine's,
/// of all together or of one role's.
/// </summary>
internal sealed class ShiftedWallClock : IDisposable
{
    private const string Preload = "LD_PRELOAD";
    private const string ShiftFile = "CHRONOLOG_TEST_WALL_SHIFT";

    // The files are read by every call: a step is seen by all at once. One has the name of the role that is the process's
    // first argument (chronolog keeper ...), and counts in place of the common one.
    private const string Source = """
        #define _GNU_SOURCE
        #include <fcntl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        static char role[16] = "all";

        __attribute__((constructor)) static void find_role(int count, char **arguments) {
            if (count > 1 && strlen(arguments[1]) < sizeof role && strchr(arguments[1], '/') == NULL)
                strcpy(role, arguments[1]);
        }

        static long shift(void) {
            char text[32] = {0}, own[512];
            const char *path = getenv("CHRONOLOG_TEST_WALL_SHIFT");
            if (path == NULL) return 0;
            snprintf(own, sizeof own, "%s.%s", path, role);
            int file = open(own, O_RDONLY | O_CLOEXEC);
            if (file < 0) file = open(path, O_RDONLY | O_CLOEXEC);
            if (file < 0) return 0;
            if (read(file, text, sizeof text - 1) < 0) text[0] = 0;
            close(file);
            return atol(text);
        }

        int clock_gettime(clockid_t clock, struct timespec *time) {
            int result = (int)syscall(SYS_clock_gettime, clock, time);
            if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += shift();
            return result;
        }

        int gettimeofday(struct timeval *restrict time, void *restrict zone) {
            struct timespec now;
            (void)zone;
            if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
            time->tv_sec = now.tv_sec;
            time->tv_usec = now.tv_nsec / 1000;
            return 0;
        }

        time_t time(time_t *result) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (result) *result = now.tv_sec;
            return now.tv_sec;
        }
        """;

    private readonly string directory;

    private ShiftedWallClock(string directory) => this.directory = directory;

    private string Shift => Path.Combine(directory, "shift");

    /// <summary>Builds the library and puts it before every process that is started from now on.</summary>
    public static ShiftedWallClock Install()
    {
        var clock = new ShiftedWallClock(Directory.CreateTempSubdirectory("chronolog-wall-").FullName);
        string source = Path.Combine(clock.directory, "wall.c");
        string library = Path.Combine(clock.directory, "wall.so");
        File.WriteAllText(source, Source);
        clock.Step(0);
        using Process compiler = Process.Start("cc", ["-shared", "-fPIC", "-O1", "-o", library, source]);
        compiler.WaitForExit();
        Assert.That(compiler.ExitCode, Is.Zero, "the compiler that the native parts are built with");
        Environment.SetEnvironmentVariable(ShiftFile, clock.Shift);
        Environment.SetEnvironmentVariable(Preload, library);
        return clock;
    }

    /// <summary>From now on the wall clock of those processes is off by so much.</summary>
    public void Step(long seconds) => Write(Shift, seconds);

    /// <summary>The same for the processes of one role only: "keeper", "record".</summary>
    public void Step(string role, long seconds) => Write($"{Shift}.{role}", seconds);

    /// <summary>Whatever is started from now on has the machine's clock again.</summary>
    public void Uninstall()
    {
        Environment.SetEnvironmentVariable(Preload, null);
        Environment.SetEnvironmentVariable(ShiftFile, null);
    }

    private static void Write(string file, long seconds)
    {
        string next = file + ".next";
        File.WriteAllText(next, seconds.ToString(CultureInfo.InvariantCulture));
        File.Move(next, file, overwrite: true);
    }

    public void Dispose()
    {
        Uninstall();
        Directory.Delete(directory, recursive: true);
    }
}
