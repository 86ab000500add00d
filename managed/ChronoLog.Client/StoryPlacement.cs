using ChronoLog.Core.Protocol;
using ChronoLog.Transport.Rings;

namespace ChronoLog.Client;

/// <summary>An acquired story and the rings that its events go to. On the rings' strand.</summary>
internal sealed class StoryPlacement(StoryDescriptor story, GroupView group, int replicas)
{
    public StoryDescriptor Story { get; } = story;

    public int Replicas { get; } = replicas;

    /// <summary>Who records it, as the Visor said last.</summary>
    public GroupView Group { get; private set; } = group;

    public List<KeeperRing> Rings { get; } = [];

    /// <summary>Every Keeper that it was ever recorded into.</summary>
    public List<ProcessIdentity> Used { get; } = [];

    public IStoryWriter Writer { get; set; } = null!;

    /// <summary>Fewer Keepers than copies: nothing is recorded until another one is there.</summary>
    public bool IsShort => Rings.Count < Replicas;

    public string Name => $"'{Story.Chronicle}/{Story.Story}'";

    public void Observe(GroupView view)
    {
        if (view.Group == Group.Group && view.Epoch > Group.Epoch)
        {
            Group = view;
        }
    }

    public void Give(KeeperRing ring)
    {
        Rings.Add(ring);
        ring.Story = this;
        if (!Used.Exists(used => used.ProcessId == ring.Keeper.ProcessId))
        {
            Used.Add(ring.Keeper);
        }
    }
}
