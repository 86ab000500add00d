namespace ChronoLog.Core.Ports;

/// <summary>What the Visor holds of a member. The numbers are stored.</summary>
public enum MemberState
{
    Alive = 0,

    /// <summary>Silent for too long: it may hold what nobody else has.</summary>
    Dead = 1,

    /// <summary>Signed off and still a member: the archive is a Grapher's own.</summary>
    Left = 2,
}
