using ChronoLog.Core.Chunk;

namespace ChronoLog.Core.Playback;

/// <summary>
/// A source whose events lie in pages: another process's, or the columns of a file. Instead of
/// <see cref="IReadSource.NextAsync"/>, which makes entries of them, its reader may ask what comes next and decide then.
/// </summary>
public interface IPagedReadSource : IReadSource
{
    /// <summary>The pages lie in this process's memory.</summary>
    bool IsLocal { get; }

    /// <summary>
    /// What the next page is, or null at the end. A remote page before the last one is gone with this call, for whoever it
    /// was passed on to as well; a local one is gone with the next.
    /// </summary>
    /// <param name="bytesMax">A source that may choose makes the page's column image no larger than this.</param>
    /// <param name="cancellation">Of the wait.</param>
    ValueTask<PageOffer?> OfferAsync(int bytesMax, CancellationToken cancellation);

    /// <summary>
    /// The events of the page offered last; from then on a remote source pulls one page ahead. Empty when the server lost
    /// the page, and null when the source ended with it: <see cref="IReadSource.Gaps"/> says what is missing.
    /// </summary>
    ValueTask<EventRun?> LoadAsync(PageOffer offer, CancellationToken cancellation);
}
