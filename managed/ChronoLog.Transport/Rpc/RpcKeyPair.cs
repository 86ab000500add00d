using ChronoLog.Interop.Zmq;

namespace ChronoLog.Transport.Rpc;

/// <summary>A CURVE key pair in Z85 text, 40 characters each.</summary>
public sealed record RpcKeyPair(string PublicKey, string SecretKey)
{
    /// <summary>Makes a new pair.</summary>
    public static RpcKeyPair Create()
    {
        NetMQCertificate certificate = NetMQCertificate.Create();
        return new RpcKeyPair(certificate.PublicKeyZ85, certificate.SecretKeyZ85);
    }

    /// <summary>Without the secret.</summary>
    public override string ToString() => $"CURVE key {PublicKey}";

    internal NetMQCertificate ToCertificate() => new(PublicKey, SecretKey);
}
