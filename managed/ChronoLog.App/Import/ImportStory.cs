using ChronoLog.Client;
using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.App.Import;

/// <summary>
/// The story that is imported into: created if missing, and held meanwhile, so that nobody destroys it; but without a ring,
/// for no event passes through a Keeper.
/// </summary>
internal sealed class ImportStory
{
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(10);

    private readonly ChronoClient client;
    private readonly IRpcChannel portal;
    private readonly StoryRequest request;
    private StoryReply held;

    private ImportStory(ChronoClient client, IRpcChannel portal, StoryRequest request, StoryReply held)
    {
        this.client = client;
        this.portal = portal;
        this.request = request;
        this.held = held;
    }

    public StoryDescriptor Descriptor => held.Story;

    /// <summary>Names the importing process to the Grapher.</summary>
    public ulong ClientId => client.ClientId;

    /// <exception cref="ChronoLogException">NoConnection: the group has none.</exception>
    public ProcessIdentity Grapher => held.Group.Grapher ?? throw new ChronoLogException(
        Status.NoConnection,
        $"group {held.Group.Group} of story '{request.Chronicle}/{request.Story}' has no Grapher that could archive");

    /// <exception cref="ChronoLogException">NotExist (no such chronicle), NoKeepers, NoConnection.</exception>
    public static async Task<ImportStory> AcquireAsync(
        ChronoClient client, IRpcChannel portal, string chronicle, string story, bool create, CancellationToken cancellation)
    {
        var request = new StoryRequest
        {
            ClientId = client.ClientId, Chronicle = chronicle, Story = story, CreateChronicle = create,
        };
        StoryReply held = await portal.CallAsync(Methods.AcquireStory, request, CallDeadline, cancellation);
        return new ImportStory(client, portal, request, held);
    }

    /// <summary>Asks where the Grapher is now; a Visor that is away leaves everything as it was.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        try
        {
            held = await portal.CallAsync(Methods.AcquireStory, request, CallDeadline, cancellation);
        }
        catch (ChronoLogException)
        {
        }
    }

    /// <summary>Gives the story back; where the Visor is away, the end of the client does.</summary>
    public async Task ReleaseAsync()
    {
        try
        {
            await portal.CallAsync(Methods.ReleaseStory, request, CallDeadline);
        }
        catch (ChronoLogException)
        {
        }
    }
}
