namespace ChronoLog.Core.Model;

/// <summary>What a story is called, and which story of that name it is.</summary>
/// <param name="Chronicle">Name of the chronicle.</param>
/// <param name="Story">Name within the chronicle.</param>
/// <param name="Incarnation">
/// How many stories of this name were destroyed before it. What is left of one of them, in a journal, a ring, a message
/// on its way or an archive, has another <see cref="StoryId"/> and another directory, so it never comes back in a later one.
/// </param>
public readonly record struct StoryName(string Chronicle, string Story, uint Incarnation = 0)
{
    /// <summary>See <see cref="StoryIdentity.Hash"/>.</summary>
    /// <exception cref="ArgumentException">A name is empty, too long, or contains a NUL.</exception>
    public ulong StoryId => StoryIdentity.Hash(Chronicle, Story, Incarnation);

    public override string ToString() => Incarnation == 0 ? $"{Chronicle}/{Story}" : $"{Chronicle}/{Story} ({Incarnation})";
}
