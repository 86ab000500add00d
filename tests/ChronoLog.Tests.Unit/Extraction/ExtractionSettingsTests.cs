using ChronoLog.Core.Extraction;
using ChronoLog.Core.Protocol;
using ChronoLog.Tests.Unit.Fakes;
using NUnit.Framework;

namespace ChronoLog.Tests.Unit.Extraction;

public sealed class ExtractionSettingsTests
{
    [Test]
    public void The_documented_form_is_read_in_order()
    {
        ExtractionSettings settings = ExtractionSettings.Parse(
            """
            {"extraction_stream_count":3,"extractors":
              {"z":{"type":"hdf5_extractor","hdf5_archive_dir":"/a"},"b":{"type":"logging_extractor"}}}
            """);

        Assert.That(settings.StreamCount, Is.EqualTo(3));
        Assert.That(settings.Extractors.Select(extractor => (extractor.Name, extractor.Type)), Is.EqualTo(
            new[] { ("z", "hdf5_extractor"), ("b", "logging_extractor") }));
        Assert.That(settings.Extractors[0].RequiredText("hdf5_archive_dir"), Is.EqualTo("/a"));
    }

    [Test]
    public void One_stream_is_the_default() => Assert.That(
        ExtractionSettings.Parse("""{"extractors":{"l":{"type":"logging_extractor"}}}""").StreamCount, Is.EqualTo(1));

    [TestCase(
        """{"extraction_stream_count":0,"extractors":{"l":{"type":"logging_extractor"}}}""",
        "extraction_stream_count",
        "1 to 64")]
    [TestCase("""{"extraction_stream_count":-2,"extractors":{"l":{"type":"logging_extractor"}}}""", "-2", "1 to 64")]
    [TestCase(
        """{"extraction_stream_count":"two","extractors":{"l":{"type":"logging_extractor"}}}""", "two", "1 to 64")]
    [TestCase("""{"extraction_stream_count":1.5,"extractors":{"l":{"type":"logging_extractor"}}}""", "1.5", "1 to 64")]
    [TestCase("""{"extraction_stream_count":1}""", "extractors", "type")]
    [TestCase("""{"extractors":{}}""", "extractors", "at least one")]
    [TestCase("""{"extractors":{"x":{}}}""", "\"x\"", "type")]
    [TestCase("""{"extractors":{"x":{"type":5}}}""", "\"x\"", "type")]
    [TestCase(
        """{"extractors":{"x":{"type":"logging_extractor"}},"stream_count":2}""",
        "stream_count",
        "extraction_stream_count")]
    [TestCase(
        """{"extractors":{"x":{"type":"logging_extractor"},"x":{"type":"logging_extractor"}}}""", "\"x\"", "twice")]
    [TestCase("[]", "Array", "extractors")]
    [TestCase("{", "not JSON", "")]
    public void What_is_wrong_and_what_is_allowed_is_said(string json, string wrong, string allowed)
    {
        ChronoLogException error = Assert.Throws<ChronoLogException>(() => ExtractionSettings.Parse(json))!;
        Assert.That(error.Status, Is.EqualTo(Status.InvalidArgument));
        Assert.That(error.Message, Does.Contain(wrong).And.Contain(allowed));
    }

    [TestCase(
        """{"type":"tape_extractor"}""",
        "tape_extractor",
        "logging_extractor, rdma_extractor, single_endpoint_rdma_extractor")]
    [TestCase("""{"type":"logging_extractor","level":"debug"}""", "level", "known: type")]
    [TestCase("""{"type":"single_endpoint_rdma_extractor"}""", "single_endpoint_rdma_extractor", "receiving_endpoint")]
    [TestCase("""{"type":"rdma_extractor","endpoint":"localhost"}""", "localhost", "tcp://ADDRESS:PORT")]
    [TestCase("""{"type":"rdma_extractor","endpoint":""}""", "endpoint", "not empty")]
    [TestCase(
        """{"type":"rdma_extractor","receiving_endpoint":{"rpc":{"service_ip":"127.0.0.1"}}}""",
        "service_ip",
        "1 to 65535")]
    [TestCase(
        """{"type":"rdma_extractor","receiving_endpoint":{"rpc":{"service_ip":"here","service_base_port":1}}}""",
        "here",
        "IP address")]
    [TestCase(
        """{"type":"rdma_extractor","receiving_endpoint":{"rpc":{"service_ip":"::1","service_base_port":65536}}}""",
        "65536",
        "1 to 65535")]
    public void The_registry_names_the_extractor_that_it_refuses(string json, string wrong, string allowed)
    {
        ChronoLogException error = Assert.Throws<ChronoLogException>(() => Build(json))!;
        Assert.That(error.Status, Is.EqualTo(Status.InvalidArgument));
        Assert.That(error.Message, Does.Contain("\"mine\"").And.Contain(wrong).And.Contain(allowed));
    }

    [TestCase("""{"type":"rdma_extractor"}""")]
    [TestCase("""{"type":"rdma_extractor","endpoint":"tcp://127.0.0.1:9999"}""")]
    [TestCase(
        """
        {"type":"single_endpoint_rdma_extractor","receiving_endpoint":{"rpc":{"protocol_conf":"ofi+sockets",
          "service_ip":"127.0.0.1","service_base_port":9999,"service_provider_id":99}}}
        """)]
    [TestCase(
        """
        {"type":"single_endpoint_rdma_extractor",
          "receiving_endpoint":{"service_ip":"::1","service_base_port":9999}}
        """)]
    [TestCase("""{"type":"logging_extractor"}""")]
    public void What_is_right_is_made(string json) => Assert.That(Build(json).Single().Name, Is.EqualTo("mine"));

    private static IReadOnlyList<IChunkExtractor> Build(string extractor)
    {
        var timers = new ManualTimers();
        var registry = new ExtractorRegistry();
        RdmaExtractor.Register(registry, new RdmaExtractorOptions(
            new InMemoryRpc(timers),
            new InMemoryBulkNetwork().NewEndpoint("k"),
            () => null,
            () => "tcp://127.0.0.1:1"));
        LoggingExtractor.Register(registry, new RecordingLogger());
        return registry.Build(ExtractionSettings.Parse("{\"extractors\":{\"mine\":" + extractor + "}}"));
    }
}
