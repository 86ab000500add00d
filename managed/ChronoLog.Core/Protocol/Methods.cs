using Google.Protobuf;

namespace ChronoLog.Core.Protocol;

/// <summary>
/// Every remote procedure of the control plane, in one place. The first word of a name is the serving port's.
/// </summary>
public static class Methods
{
    /// <summary>
    /// Protocol version that every header carries; a peer with another one is answered with a clear error.
    /// </summary>
    public const uint ProtocolVersion = 1;

    // Visor, client portal
    public static readonly RpcMethod<ConnectRequest, ConnectReply> Connect =
        New("portal.connect", ConnectRequest.Parser, ConnectReply.Parser);
    public static readonly RpcMethod<ClientRequest, Empty> Disconnect =
        New("portal.disconnect", ClientRequest.Parser, Empty.Parser);
    public static readonly RpcMethod<KeepAliveRequest, KeepAliveReply> KeepAlive =
        New("portal.keep_alive", KeepAliveRequest.Parser, KeepAliveReply.Parser);
    public static readonly RpcMethod<ChronicleRequest, ChronicleReply> CreateChronicle =
        New("portal.create_chronicle", ChronicleRequest.Parser, ChronicleReply.Parser);
    public static readonly RpcMethod<ChronicleRequest, Empty> DestroyChronicle =
        New("portal.destroy_chronicle", ChronicleRequest.Parser, Empty.Parser);
    public static readonly RpcMethod<ChronicleRequest, ChronicleReply> ShowChronicle =
        New("portal.show_chronicle", ChronicleRequest.Parser, ChronicleReply.Parser);
    public static readonly RpcMethod<ChronicleRequest, ChronicleReply> GetAttribute =
        New("portal.get_attribute", ChronicleRequest.Parser, ChronicleReply.Parser);
    public static readonly RpcMethod<ChronicleRequest, Empty> EditAttribute =
        New("portal.edit_attribute", ChronicleRequest.Parser, Empty.Parser);
    public static readonly RpcMethod<ChronicleRequest, NameListReply> ListChronicles =
        New("portal.list_chronicles", ChronicleRequest.Parser, NameListReply.Parser);
    public static readonly RpcMethod<ChronicleRequest, NameListReply> ListStories =
        New("portal.list_stories", ChronicleRequest.Parser, NameListReply.Parser);
    public static readonly RpcMethod<StoryRequest, StoryReply> AcquireStory =
        New("portal.acquire_story", StoryRequest.Parser, StoryReply.Parser);
    public static readonly RpcMethod<StoryRequest, Empty> ReleaseStory =
        New("portal.release_story", StoryRequest.Parser, Empty.Parser);
    public static readonly RpcMethod<StoryRequest, Empty> DestroyStory =
        New("portal.destroy_story", StoryRequest.Parser, Empty.Parser);
    public static readonly RpcMethod<StoryRequest, StoryReply> RouteReplay =
        New("portal.route_replay", StoryRequest.Parser, StoryReply.Parser);
    public static readonly RpcMethod<ClockRequest, ClockReply> Clock =
        New("portal.clock", ClockRequest.Parser, ClockReply.Parser);
    public static readonly RpcMethod<Empty, StatusReply> Status =
        New("portal.status", Empty.Parser, StatusReply.Parser);
    public static readonly RpcMethod<LoseKeeperRequest, LostKeeper> LoseKeeper =
        New("portal.lose_keeper", LoseKeeperRequest.Parser, LostKeeper.Parser);

    // Visor, process registry (the clock is served here too)
    public static readonly RpcMethod<RegisterRequest, RegisterReply> Register =
        New("registry.register", RegisterRequest.Parser, RegisterReply.Parser);
    public static readonly RpcMethod<HeartbeatRequest, HeartbeatReply> Heartbeat =
        New("registry.heartbeat", HeartbeatRequest.Parser, HeartbeatReply.Parser);
    public static readonly RpcMethod<HeartbeatRequest, Empty> Unregister =
        New("registry.unregister", HeartbeatRequest.Parser, Empty.Parser);
    public static readonly RpcMethod<ClockRequest, ClockReply> RegistryClock =
        New("registry.clock", ClockRequest.Parser, ClockReply.Parser);

    // Keeper, recording service
    public static readonly RpcMethod<OpenRingRequest, OpenRingReply> OpenRing =
        New("recording.open_ring", OpenRingRequest.Parser, OpenRingReply.Parser);
    public static readonly RpcMethod<CloseRingRequest, Empty> CloseRing =
        New("recording.close_ring", CloseRingRequest.Parser, Empty.Parser);

    public static readonly RpcMethod<FeedRingRequest, MirrorReply> FeedRing =
        New("recording.feed_ring", FeedRingRequest.Parser, MirrorReply.Parser);
    public static readonly RpcMethod<WatchRingRequest, MirrorReply> WatchRing =
        New("recording.watch_ring", WatchRingRequest.Parser, MirrorReply.Parser);

    public static readonly RpcMethod<ArchiveStoryRequest, ArchiveStoryReply> ArchiveStory =
        New("recording.archive_story", ArchiveStoryRequest.Parser, ArchiveStoryReply.Parser);

    // every recording process, administration
    public static readonly RpcMethod<StartStoryRecordingRequest, Empty> StartStoryRecording =
        New("admin.start_story_recording", StartStoryRecordingRequest.Parser, Empty.Parser);
    public static readonly RpcMethod<StopStoryRecordingRequest, Empty> StopStoryRecording =
        New("admin.stop_story_recording", StopStoryRecordingRequest.Parser, Empty.Parser);
    public static readonly RpcMethod<DestroyStoryRequest, Empty> DestroyStoryData =
        New("admin.destroy_story", DestroyStoryRequest.Parser, Empty.Parser);
    public static readonly RpcMethod<ArchivedRequest, Empty> Archived =
        New("admin.archived", ArchivedRequest.Parser, Empty.Parser);
    public static readonly RpcMethod<StoryFileNotice, Empty> StoryFileAppeared =
        New("admin.story_file", StoryFileNotice.Parser, Empty.Parser);

    public static readonly RpcMethod<StoryFileNotice, Empty> StoryFileDamaged =
        New("admin.story_file_damaged", StoryFileNotice.Parser, Empty.Parser);
    public static readonly RpcMethod<RecallRequest, RecallReply> Recall =
        New("admin.recall", RecallRequest.Parser, RecallReply.Parser);

    // the drain: Keeper to Grapher, rdma_extractor to any receiver
    public static readonly RpcMethod<AnnounceChunkRequest, AnnounceChunkReply> AnnounceChunk =
        New("drain.announce_chunk", AnnounceChunkRequest.Parser, AnnounceChunkReply.Parser);
    public static readonly RpcMethod<DrainProgressRequest, Empty> DrainProgress =
        New("drain.progress", DrainProgressRequest.Parser, Empty.Parser);

    // paged reads: Keeper and Grapher (admin port), Player (query port)
    public static readonly RpcMethod<OpenReadRequest, OpenReadReply> OpenRead =
        New("read.open", OpenReadRequest.Parser, OpenReadReply.Parser);
    public static readonly RpcMethod<NextPageRequest, NextPageReply> NextPage =
        New("read.next_page", NextPageRequest.Parser, NextPageReply.Parser);
    public static readonly RpcMethod<CloseReadRequest, Empty> CloseRead =
        New("read.close", CloseReadRequest.Parser, Empty.Parser);

    // following: Keeper (admin port), Player (query port)
    public static readonly RpcMethod<FollowRequest, FollowReply> Follow =
        New("follow.next", FollowRequest.Parser, FollowReply.Parser);

    private static RpcMethod<TRequest, TReply> New<TRequest, TReply>(
        string name, MessageParser<TRequest> request, MessageParser<TReply> reply)
        where TRequest : class, IMessage<TRequest>
        where TReply : class, IMessage<TReply> => new(name, request, reply);
}
