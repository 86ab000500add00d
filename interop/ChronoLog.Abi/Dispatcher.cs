using ChronoLog.Core.Protocol;

namespace ChronoLog.Abi;

/// <summary>Runs each operation, turns exceptions into statuses, and hands the call back, whatever happens.</summary>
internal static class Dispatcher
{
    public static async Task RunAsync(CallPointer pointer)
    {
        try
        {
            await StartAsync(pointer).ConfigureAwait(false);
        }
        catch (ChronoLogException exception)
        {
            pointer.Call.Fail(exception.Status, exception.Message);
        }
        catch (OperationCanceledException)
        {
            pointer.Call.Fail(Status.Cancelled, "the operation was cancelled");
        }
        catch (ArgumentException exception)
        {
            pointer.Call.Fail(Status.InvalidArgument, exception.Message);
        }
        catch (OutOfMemoryException)
        {
            pointer.Call.Fail(Status.NoSpace, "memory is exhausted");
        }
        catch (Exception exception)
        {
            pointer.Call.Fail(Status.Internal, $"{pointer.Call.Operation}: {exception}");
        }

        pointer.Complete();
    }

    private static Task StartAsync(CallPointer pointer) => pointer.Call.Operation switch
    {
        AbiOperation.Connect => ClientOperations.ConnectAsync(pointer),
        AbiOperation.Disconnect => ClientOperations.DisconnectAsync(pointer),
        AbiOperation.Abandon => ClientOperations.AbandonAsync(pointer),
        AbiOperation.Clock => ClientOperations.Clock(pointer),
        AbiOperation.Statistics => ClientOperations.Statistics(pointer),
        AbiOperation.Forget => ClientOperations.ForgetAsync(pointer),
        AbiOperation.CreateChronicle => DirectoryOperations.CreateChronicleAsync(pointer),
        AbiOperation.DestroyChronicle => DirectoryOperations.DestroyChronicleAsync(pointer),
        AbiOperation.DestroyStory => DirectoryOperations.DestroyStoryAsync(pointer),
        AbiOperation.GetAttribute => DirectoryOperations.GetAttributeAsync(pointer),
        AbiOperation.SetAttribute => DirectoryOperations.SetAttributeAsync(pointer),
        AbiOperation.ListAttributes => DirectoryOperations.ListAttributesAsync(pointer),
        AbiOperation.ListChronicles => DirectoryOperations.ListChroniclesAsync(pointer),
        AbiOperation.ListStories => DirectoryOperations.ListStoriesAsync(pointer),
        AbiOperation.Acquire => StoryOperations.AcquireAsync(pointer),
        AbiOperation.Release => StoryOperations.ReleaseAsync(pointer),
        AbiOperation.OwnTimes => StoryOperations.DeclareOwnTimesAsync(pointer),
        AbiOperation.Flush => StoryOperations.FlushAsync(pointer),
        AbiOperation.ReplayOpen => ReplayOperations.OpenAsync(pointer),
        AbiOperation.PlaybackOpen => ReplayOperations.OpenPlayback(pointer),
        AbiOperation.ReplayNext => ReplayOperations.NextAsync(pointer),
        AbiOperation.ReplayCancel => ReplayOperations.Cancel(pointer),
        AbiOperation.ReplayState => ReplayOperations.State(pointer),
        AbiOperation.ReplayGap => ReplayOperations.Gap(pointer),
        AbiOperation.ReplayClose => ReplayOperations.CloseAsync(pointer),
        _ => throw new ChronoLogException(Status.Internal, $"there is no operation {pointer.Call.Operation}"),
    };
}
