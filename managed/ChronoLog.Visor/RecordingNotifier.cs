using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace ChronoLog.Visor;

/// <summary>Pushes start, stop and destroy notices to the members of a recording group.</summary>
internal sealed class RecordingNotifier(IRpcConnector connector, VisorOptions options, ILogger logger)
{
    private readonly Dictionary<string, IRpcChannel> channels = new(StringComparer.Ordinal);

    /// <summary>Tells every member; the Keepers that confirmed are returned. The others are told again when they register.</summary>
    /// <param name="story">What is recorded.</param>
    /// <param name="group">By whom.</param>
    /// <param name="others">Players of other groups where the story may be followed: they have to follow these Keepers, too.</param>
    public async Task<IReadOnlyList<ProcessIdentity>> StartAsync(
        StoryDescriptor story, GroupView group, IEnumerable<ProcessIdentity> others)
    {
        var request = new StartStoryRecordingRequest { Story = story, Group = group };
        bool[] confirmed = await PushAsync([.. Members(group), .. others], Methods.StartStoryRecording, request);
        return [.. group.Keepers.Where((_, index) => confirmed[index])];
    }

    public Task StopAsync(ulong storyId, GroupView group) =>
        PushAsync(Members(group), Methods.StopStoryRecording, new StopStoryRecordingRequest { StoryId = storyId });

    /// <returns>Whether the process has destroyed its part.</returns>
    public Task<bool> DestroyAsync(StoryDescriptor story, ProcessIdentity process) =>
        PushAsync(process, Methods.DestroyStoryData, new DestroyStoryRequest { Story = story });

    public async ValueTask ForgetAsync(ProcessIdentity process)
    {
        if (channels.Remove(process.AdminEndpoint, out IRpcChannel? channel))
        {
            await channel.DisposeAsync();
        }
    }

    public async ValueTask CloseAsync()
    {
        foreach (IRpcChannel channel in channels.Values)
        {
            await channel.DisposeAsync();
        }

        channels.Clear();
    }

    // Keepers first: the index of a Keeper in the view is its index here.
    private static List<ProcessIdentity> Members(GroupView group)
    {
        List<ProcessIdentity> members = [.. group.Keepers];
        if (group.Grapher is not null)
        {
            members.Add(group.Grapher);
        }

        if (group.Player is not null)
        {
            members.Add(group.Player);
        }

        return members;
    }

    private async Task<bool[]> PushAsync<TRequest>(
        IReadOnlyList<ProcessIdentity> members, RpcMethod<TRequest, Empty> method, TRequest request)
        where TRequest : class, IMessage<TRequest>
    {
        // All at once, awaited one by one: Task.WhenAll would leave the strand for a moment.
        List<Task<bool>> pushes = [.. members.Select(member => PushAsync(member, method, request))];
        var confirmed = new bool[pushes.Count];
        for (int i = 0; i < confirmed.Length; i++)
        {
            confirmed[i] = await pushes[i];
        }

        return confirmed;
    }

    private async Task<bool> PushAsync<TRequest>(
        ProcessIdentity member, RpcMethod<TRequest, Empty> method, TRequest request)
        where TRequest : class, IMessage<TRequest>
    {
        if (!channels.TryGetValue(member.AdminEndpoint, out IRpcChannel? channel))
        {
            channels.Add(member.AdminEndpoint, channel = connector.Open(member.AdminEndpoint));
        }

        try
        {
            await channel.CallAsync(method, request, options.NotifyDeadline);
            return true;
        }
        catch (ChronoLogException exception)
        {
            logger.LogWarning(
                "{Method} to {Role} '{Name}' at {Endpoint} failed: {Reason}",
                method.Name, member.Role, member.Name, member.AdminEndpoint, exception.Message);
            return false;
        }
    }
}
