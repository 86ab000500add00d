using System.Globalization;
using System.Text.Json;
using ChronoLog.Bench.EndToEnd;
using ChronoLog.Client;
using ChronoLog.Core.Ports;
using ChronoLog.Transport.Rings;
using ChronoLog.Transport.Rpc;
using Microsoft.Extensions.Logging.Abstractions;

namespace ChronoLog.Bench.Clock;

/// <summary>
/// How well the processes of a fresh deployment know the base clock: what <c>chronolog clock</c> says ten times, beside what
/// half of a bare round trip over loopback is, and what an exchange costs the Visor.
/// </summary>
internal static class ClockRun
{
    private const int Measurements = 10;
    private const double ShareGood = 0.9;
    private const double BarMicroseconds = 50;
    private const int Callers = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CostDuration = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(10);

    public static async Task<int> RunAsync(BenchOptions options)
    {
        foreach ((string name, string value) in MachineFacts.ReadMachine())
        {
            Console.WriteLine($"{name,-20} {value}");
        }

        await using PrivateDeployment deployment = await PrivateDeployment.StartAsync(options, settings: []);
        await using ChronoClient client = await deployment.ConnectAsync();
        Console.WriteLine(Line(
            $"{"at Connect",-20} epsilon {client.Clock.UncertaintyNanoseconds / 1e3:0.0} us in the client itself"));
        Console.WriteLine($"{"epsilon in us",-20} of each process and client but the Visor, as 'chronolog clock' shows them");
        int good = 0;
        int read = 0;
        for (int measurement = 1; measurement <= Measurements; measurement++)
        {
            await Task.Delay(Pause);
            List<(string Role, double Epsilon)> clocks = await ReadAsync(deployment.Endpoint);
            double worst = clocks.Max(clock => clock.Epsilon);
            good += clocks.Count(static clock => clock.Epsilon < BarMicroseconds);
            read += clocks.Count;
            string each = string.Join("  ", clocks.Select(static clock => Line($"{clock.Role} {clock.Epsilon:0.0}")));
            Console.WriteLine(Line($"{"measurement " + measurement,-20} {each}  worst {worst:0.0}"));
        }

        double limit = LoopbackRoundTrip.BestNanoseconds() / 2e3;
        Console.WriteLine(Line(
            $"{"limit",-20} half of the best of 64 bare round trips over loopback TCP: {limit:0.0} us"));
        bool isMet = good >= read * ShareGood;
        Console.WriteLine(Line(
            $"{"bar",-20} below {BarMicroseconds:0} us in 9 of 10: {good} of {read}, {(isMet ? "met" : "MISSED")}"));
        await MeasureCostAsync(client, deployment.Endpoint);
        return isMet ? 0 : 1;
    }

    private static async Task<List<(string Role, double Epsilon)>> ReadAsync(string endpoint)
    {
        string json = await CommandOutput.OfAsync(BenchPaths.Chronolog, "clock", "--json", "--endpoint", endpoint);
        using JsonDocument document = JsonDocument.Parse(json);
        return
        [
            .. document.RootElement.GetProperty("processes").EnumerateArray()
                .Where(static each => each.GetProperty("role").GetString() != "visor")
                .Select(static each => (
                    each.GetProperty("role").GetString()!,
                    each.TryGetProperty("epsilon_ns", out JsonElement epsilon)
                        ? epsilon.GetUInt64() / 1e3
                        : double.PositiveInfinity)),
        ];
    }

    private static async Task MeasureCostAsync(ChronoClient client, string endpoint)
    {
        StatusReply status = await client.StatusAsync();
        int visor = (int)status.Processes.Single(process => process.Identity.Role == Role.Visor).Identity.Pid;
        await using var connector = new ZmqRpcConnector(NullLogger.Instance);
        long before = ProcessorTime.Of(visor);
        using var ending = new CancellationTokenSource(CostDuration);
        long[] made = await Task.WhenAll(Enumerable.Range(0, Callers)
            .Select(_ => Task.Run(() => ExchangeAsync(connector.Open(endpoint), ending.Token))));
        double each = (ProcessorTime.Of(visor) - before) / 1e3 / made.Sum();
        double rate = made.Sum() / CostDuration.TotalSeconds;
        Console.WriteLine(Line(
            $"{"cost",-20} {each:0.0} us of the Visor's processor time per exchange, at {rate:0} per second"));
    }

    private static async Task<long> ExchangeAsync(IRpcChannel channel, CancellationToken ending)
    {
        long made = 0;
        await using (channel)
        {
            while (!ending.IsCancellationRequested)
            {
                await channel.CallTimedAsync(
                    Methods.Clock, new ClockRequest(), static () => SharedClock.MonotonicNanoseconds, CallDeadline,
                    CancellationToken.None);
                made++;
            }
        }

        return made;
    }

    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
