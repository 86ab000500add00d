using ChronoLog.Core.Playback;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Player.Planning;

/// <summary>Opens reads at Keepers and Grapher, and at the Players of other groups.</summary>
internal sealed class TierReader(PlayerOptions options, TierChannels channels, IBulkEndpoint bulk, ITimers timers)
{
    /// <summary>Asks all members at once; the answers come in the order of the members.</summary>
    public ValueTask<IReadOnlyList<TierAnswer>> OpenAsync(
        IEnumerable<ProcessIdentity> members, OpenReadRequest request, CancellationToken cancellation) =>
        OpenAsync(members.Select(member => (member, request)), cancellation);

    /// <summary>The same, each with a request of its own.</summary>
    public async ValueTask<IReadOnlyList<TierAnswer>> OpenAsync(
        IEnumerable<(ProcessIdentity Member, OpenReadRequest Request)> reads, CancellationToken cancellation)
    {
        List<Task<TierAnswer>> answers = [.. reads.Select(read => OpenAsync(read.Member, read.Request, cancellation))];
        try
        {
            return await Task.WhenAll(answers);
        }
        catch
        {
            foreach (Task<TierAnswer> answer in answers.Where(answer => answer.IsCompletedSuccessfully))
            {
                await (answer.Result.Source?.DisposeAsync() ?? default);
            }

            throw;
        }
    }

    /// <summary>Never throws except when cancelled: a member that cannot be read is an answer with a reason.</summary>
    public async Task<TierAnswer> OpenAsync(
        ProcessIdentity member, OpenReadRequest request, CancellationToken cancellation)
    {
        bool isPlayer = member.Role == Role.Player;
        string tier = isPlayer ? "group" : member.Role == Role.Keeper ? "hot tier" : "warm tier";
        string endpoint = isPlayer ? member.ServiceEndpoint : member.AdminEndpoint;
        var readOptions = new RemoteReadOptions
        {
            Name = $"{tier} of {member.Name} at {endpoint}",
            OpenDeadline = isPlayer ? options.PlayerDeadline : options.TierDeadline,
            PageDeadline = options.PageDeadline,
            PullsAtOnce = !request.AcceptsForeignPages,
            AcceptsByArrival = false,
        };
        try
        {
            IRpcChannel channel = channels.Get(endpoint);
            RemoteReadSource source =
                await RemoteReadSource.OpenAsync(channel, bulk, timers, request, readOptions, cancellation);
            return new TierAnswer(member, source, null);
        }
        catch (Exception exception) when (!cancellation.IsCancellationRequested)
        {
            return new TierAnswer(member, null, $"{readOptions.Name} cannot be read: {exception.Message}");
        }
    }
}
