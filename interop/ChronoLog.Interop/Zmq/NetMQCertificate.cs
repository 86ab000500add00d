using System.Text;

namespace ChronoLog.Interop.Zmq;

/// <summary>A CURVE key pair (Curve25519), as Z85 text.</summary>
/// <param name="PublicKeyZ85">40 characters; may be shown to anyone.</param>
/// <param name="SecretKeyZ85">40 characters.</param>
public sealed unsafe record NetMQCertificate(string PublicKeyZ85, string SecretKeyZ85)
{
    /// <summary>Length of a key's Z85 text.</summary>
    public const int KeyCharacters = 40;

    /// <summary>Makes a new pair.</summary>
    /// <exception cref="NetMQException">libzmq was built without CURVE.</exception>
    public static NetMQCertificate Create()
    {
        byte* publicKey = stackalloc byte[KeyCharacters + 1];
        byte* secretKey = stackalloc byte[KeyCharacters + 1];
        if (ZmqNative.zmq_curve_keypair(publicKey, secretKey) != 0)
        {
            throw ZmqNative.Failure("creating a CURVE key pair");
        }

        return new NetMQCertificate(
            Encoding.ASCII.GetString(publicKey, KeyCharacters), Encoding.ASCII.GetString(secretKey, KeyCharacters));
    }

    /// <summary>Without the secret.</summary>
    public override string ToString() => $"CURVE key {PublicKeyZ85}";
}
