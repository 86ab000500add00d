using ChronoLog.Client;
using ChronoLog.Core.Model;

namespace ChronoLog.Abi;

/// <summary>Acquiring, flushing, releasing. Recording itself never comes here.</summary>
internal static class StoryOperations
{
    private const ulong CreateChronicle = 1;

    public static async Task AcquireAsync(CallPointer pointer)
    {
        AbiClient client = ObjectTable.Get<AbiClient>(pointer.Call.ObjectNumber);
        StoryHandle handle = await client.Client.AcquireStoryAsync(
            pointer.Call.Text(0).ToString(),
            pointer.Call.Text(1).ToString(),
            pointer.Call.Attributes(),
            (pointer.Call.Number(0) & CreateChronicle) != 0).ConfigureAwait(false);
        pointer.Call.Result(0, client.NumberOf(handle));
        pointer.Call.Result(1, (ulong)handle.NativeWriter);
        pointer.Call.Result(2, handle.StoryId);
    }

    public static Task DeclareOwnTimesAsync(CallPointer pointer) =>
        ObjectTable.Get<AbiStory>(pointer.Call.ObjectNumber).Handle.DeclareOwnTimesAsync();

    public static Task FlushAsync(CallPointer pointer)
    {
        AbiStory story = ObjectTable.Get<AbiStory>(pointer.Call.ObjectNumber);
        return story.Handle.FlushAsync(
            Level(pointer) ?? story.Handle.Durability, Timeouts.Of(pointer.Call.Number(1)));
    }

    public static Task ReleaseAsync(CallPointer pointer)
    {
        AbiStory story = ObjectTable.Get<AbiStory>(pointer.Call.ObjectNumber);
        return story.Client.ReleaseStoryAsync(story.Handle.Chronicle, story.Handle.Story, Level(pointer));
    }

    private static DurabilityLevel? Level(CallPointer pointer)
    {
        long level = (long)pointer.Call.Number(0);
        return level < 0 ? null : (DurabilityLevel)level;
    }
}
