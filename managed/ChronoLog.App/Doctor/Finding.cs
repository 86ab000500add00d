namespace ChronoLog.App.Doctor;

/// <summary>One line of <c>chronolog doctor</c>.</summary>
/// <param name="Topic">What was looked at.</param>
/// <param name="IsGood">False: something is to be done.</param>
/// <param name="Detail">What was found.</param>
/// <param name="Advice">What to do about it; empty when good.</param>
internal sealed record Finding(string Topic, bool IsGood, string Detail, string Advice = "");
