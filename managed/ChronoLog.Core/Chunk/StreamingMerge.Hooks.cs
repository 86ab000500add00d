namespace ChronoLog.Core.Chunk;

/// <content>What only tests set.</content>
public sealed partial class StreamingMerge
{
    /// <summary>A planted defect: merges made from now on drop no duplicates. The simulator's checker must find it.</summary>
    internal static bool KeepsDuplicates { get; set; }
}
