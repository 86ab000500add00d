namespace ChronoLog.Core.Time;

/// <summary>A line through offsets by weighted least squares; the weight is one over the square of the width that it is within.</summary>
internal sealed class ClockFit
{
    // In nanoseconds: exchanges over shared memory would weigh without bound.
    private const double WidthMin = 1000;

    private readonly List<(double Time, double Offset, double Weight)> points = [];
    private double meanTime;
    private double meanOffset;

    public double Drift { get; private set; }

    public void Clear() => points.Clear();

    public void Add(double time, double offset, double width)
    {
        width = Math.Max(width, WidthMin);
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
