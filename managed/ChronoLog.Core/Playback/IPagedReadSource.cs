using ChronoLog.Core.Chunk;

namespace ChronoLog.Core.Playback;

/// <summary>
/// A source whose events lie in another process, page by page. Instead of <see cref="IReadSource.NextAsync"/>, which
/// pulls them, its reader may ask what comes next and decide then.
/// </summary>
public interface IPagedReadSource : IReadSource
{
    /// <summary>
    /// What the next page is, or null at the end. The page before the last one is gone with this call, for whoever it
    /// was passed on to as well.
    /// </summary>
    ValueTask<PageOffer?> OfferAsync(CancellationToken cancellation);

    /// <summary>
    /// The events of the page offered last; from then on the source pulls one page ahead. Empty when the server lost
    /// the page, and null when the source ended with it: <see cref="IReadSource.Gaps"/> says what is missing.
    /// </summary>
    ValueTask<EventRun?> LoadAsync(PageOffer offer, CancellationToken cancellation);
}
