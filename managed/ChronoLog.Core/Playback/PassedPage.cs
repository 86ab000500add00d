namespace ChronoLog.Core.Playback;

/// <summary>A page of a source that goes to the reader as it is.</summary>
/// <param name="Source">Number of the source in the plan.</param>
/// <param name="Offer">Where the page lies and what is in it.</param>
internal sealed record PassedPage(int Source, PageOffer Offer);
