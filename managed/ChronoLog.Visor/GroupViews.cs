using ChronoLog.Core.Ports;
using ChronoLog.Core.Protocol;

namespace ChronoLog.Visor;

/// <summary>The newest view of every recording group.</summary>
internal sealed class GroupViews(GroupRoster roster, IBaseClock clock)
{
    private readonly Dictionary<uint, GroupView> groups = [];

    public IEnumerable<GroupView> All => groups.Values;

    public GroupView? Find(uint group) => groups.GetValueOrDefault(group);

    /// <summary>Makes a view of the group's members, with a greater epoch than any before.</summary>
    public void Publish(uint number, IEnumerable<RegisteredProcess> members)
    {
        var view = new GroupView
        {
            Group = number,
            // Ticks as epochs: greater than any that an earlier life of this Visor gave out.
            Epoch = Math.Max(clock.Now, (groups.GetValueOrDefault(number)?.Epoch ?? 0) + 1),
        };
        view.Archive = roster.MembersOf(number).Select(member => member.Identity.Archive)
            .FirstOrDefault(archive => archive.Length > 0) ?? "";
        foreach (RegisteredProcess process in members)
        {
            switch (process.Identity.Role)
            {
                case Role.Keeper when !process.IsAlive:
                    view.DeadKeepers.Add(process.Identity); // a replay says what may be missing because of it
                    break;
                case var _ when !process.IsAlive:
                    break;
                case Role.Keeper:
                    view.Keepers.Add(process.Identity);
                    if (process.IsDraining)
                    {
                        view.DrainingKeepers.Add(process.Identity.ProcessId);
                    }

                    break;
                case Role.Grapher:
                    view.Grapher = process.Identity;
                    break;
                default:
                    view.Player = process.Identity;
                    break;
            }
        }

        groups[number] = view;
    }
}
