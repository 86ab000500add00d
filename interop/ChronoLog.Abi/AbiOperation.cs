namespace ChronoLog.Abi;

/// <summary>The numbers of <c>enum abi_operation</c> in native/abi/call.h.</summary>
internal enum AbiOperation : uint
{
    Connect = 1,
    Disconnect = 2,
    Abandon = 3,
    CreateChronicle = 4,
    DestroyChronicle = 5,
    DestroyStory = 6,
    GetAttribute = 7,
    SetAttribute = 8,
    ListAttributes = 9,
    ListChronicles = 10,
    ListStories = 11,
    Acquire = 12,
    Release = 13,
    Flush = 14,
    ReplayOpen = 15,
    PlaybackOpen = 16,
    ReplayNext = 17,
    ReplayCancel = 18,
    ReplayState = 19,
    ReplayGap = 20,
    ReplayClose = 21,
    Clock = 22,
    Statistics = 23,
    Forget = 24,
    OwnTimes = 40,
}
