using System.Text;
using ChronoLog.Client;

namespace ChronoLog.Abi;

/// <summary>Chronicles, their attributes, and lists of names.</summary>
internal static class DirectoryOperations
{
    public static Task CreateChronicleAsync(CallPointer pointer) =>
        On(pointer).CreateChronicleAsync(Text(pointer, 0), pointer.Call.Attributes());

    public static Task DestroyChronicleAsync(CallPointer pointer) => On(pointer).DestroyChronicleAsync(Text(pointer, 0));

    public static Task DestroyStoryAsync(CallPointer pointer) =>
        On(pointer).DestroyStoryAsync(Text(pointer, 0), Text(pointer, 1));

    public static async Task GetAttributeAsync(CallPointer pointer)
    {
        string value = await On(pointer)
            .GetChronicleAttributeAsync(Text(pointer, 0), Text(pointer, 1)).ConfigureAwait(false);
        pointer.Call.Give(Encoding.UTF8.GetBytes(value));
    }

    public static Task SetAttributeAsync(CallPointer pointer) =>
        On(pointer).EditChronicleAttributeAsync(Text(pointer, 0), Text(pointer, 1), Text(pointer, 2));

    public static async Task ListAttributesAsync(CallPointer pointer)
    {
        var chronicle = await On(pointer).ShowChronicleAsync(Text(pointer, 0)).ConfigureAwait(false);
        Give(pointer, [.. chronicle.Attributes.SelectMany(pair => new[] { pair.Key, pair.Value })]);
    }

    public static async Task ListChroniclesAsync(CallPointer pointer) =>
        Give(pointer, await On(pointer).ShowChroniclesAsync().ConfigureAwait(false));

    public static async Task ListStoriesAsync(CallPointer pointer) =>
        Give(pointer, await On(pointer).ShowStoriesAsync(Text(pointer, 0)).ConfigureAwait(false));

    private static void Give(CallPointer pointer, IReadOnlyCollection<string> names) =>
        pointer.Call.Give(TextBlock.Of(names));

    private static ChronoClient On(CallPointer pointer) =>
        ObjectTable.Get<AbiClient>(pointer.Call.ObjectNumber).Client;

    private static string Text(CallPointer pointer, int place) => pointer.Call.Text(place).ToString();
}
