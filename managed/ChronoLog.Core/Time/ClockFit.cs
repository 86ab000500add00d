namespace ChronoLog.Core.Time;

/// <summary>A line through offsets by weighted least squares; the weight is one over the square of the round trip.</summary>
internal sealed class ClockFit
{
    // Exchanges over shared memory would weigh without bound.
    private const double RoundTripMin = 1000;

    private readonly List<(double Time, double Offset, double Weight)> points = [];
    private double meanTime;
    private double meanOffset;

    public double Drift { get; private set; }

    public void Clear() => points.Clear();

    public void Add(double time, double offset, ulong roundTrip)
    {
        double width = Math.Max(roundTrip, RoundTripMin);
        points.Add((time, offset, 1 / (width * width)));
    }

    public void Solve()
    {
        double sum = points.Sum(static point => point.Weight);
        meanTime = points.Sum(static point => point.Weight * point.Time) / sum;
        meanOffset = points.Sum(static point => point.Weight * point.Offset) / sum;
        double square = points.Sum(point => point.Weight * (point.Time - meanTime) * (point.Time - meanTime));
        double cross = points.Sum(point => point.Weight * (point.Time - meanTime) * (point.Offset - meanOffset));
        Drift = square > 0 ? cross / square : 0;
    }

    public double OffsetAt(double time) => meanOffset + (Drift * (time - meanTime));
}
