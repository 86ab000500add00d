namespace ChronoLog.Interop.Zmq;

/// <summary>The frames of one received message, kept for reuse: at most as many as it was made for.</summary>
public sealed class NetMQMessage : IDisposable
{
    private readonly NetMQFrame[] frames;

    /// <param name="framesMax">Frames kept of one message; further ones are received, counted and dropped.</param>
    public NetMQMessage(int framesMax)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(framesMax, 1);
        frames = new NetMQFrame[framesMax];
        for (int i = 0; i < frames.Length; i++)
        {
            frames[i] = new NetMQFrame();
        }
    }

    public int FramesMax => frames.Length;

    /// <summary>Frames of the message received last, kept and dropped.</summary>
    public int FrameCount { get; internal set; }

    /// <summary>Bytes of all its frames, kept and dropped.</summary>
    public long TotalBytes { get; internal set; }

    /// <summary>The message had more frames than are kept.</summary>
    public bool Truncated => FrameCount > frames.Length;

    /// <summary>A frame of the message received last; valid until the next is received.</summary>
    public NetMQFrame this[int index] =>
        index < FrameCount ? frames[index] : throw new ArgumentOutOfRangeException(nameof(index));

    internal NetMQFrame Slot(int index) => frames[index];

    public void Dispose()
    {
        foreach (NetMQFrame frame in frames)
        {
            frame.Dispose();
        }
    }
}
