/*
 * Prints the layout of every struct of chronolog.h, and of the call into the managed part: "struct field offset type", where a
 * type is u, i, p (a pointer) or c (characters), and its bytes.
 */
#include <stddef.h>

#include "../../native/abi/call.h"
#include "check.h"

#define SIZE(name, type) printf(#name " bytes %zu\n", sizeof(type))
#define KIND(type, field) _Generic(((type *)0)->field, uint64_t: 'u', uint32_t: 'u', int64_t: 'i', int32_t: 'i', char *: 'c', default: 'p')
#define FIELD(name, type, field) \
    printf(#name " " #field " %zu %c%zu\n", offsetof(type, field), KIND(type, field), sizeof(((type *)0)->field))
#define PLACE(field) printf("call " #field " %zu\n", offsetof(struct abi_call, field))

int main(void)
{
    SIZE(attribute, chronolog_attribute);
    FIELD(attribute, chronolog_attribute, key);
    FIELD(attribute, chronolog_attribute, value);
    SIZE(options, chronolog_options);
    FIELD(options, chronolog_options, struct_bytes);
    FIELD(options, chronolog_options, program);
    FIELD(options, chronolog_options, attributes);
    FIELD(options, chronolog_options, attribute_count);
    FIELD(options, chronolog_options, placement);
    FIELD(options, chronolog_options, ring_bytes);
    FIELD(options, chronolog_options, full_timeout_ms);
    FIELD(options, chronolog_options, failover_after_ms);
    FIELD(options, chronolog_options, call_timeout_ms);
    FIELD(options, chronolog_options, release_timeout_ms);
    FIELD(options, chronolog_options, page_bytes);
    FIELD(options, chronolog_options, replay_timeout_ms);
    FIELD(options, chronolog_options, connect_patience_ms);
    SIZE(statistics, chronolog_statistics);
    FIELD(statistics, chronolog_statistics, struct_bytes);
    FIELD(statistics, chronolog_statistics, events_recorded);
    FIELD(statistics, chronolog_statistics, last_tick);
    FIELD(statistics, chronolog_statistics, stories_held);
    FIELD(statistics, chronolog_statistics, replays_open);
    FIELD(statistics, chronolog_statistics, clock_uncertainty_ns);
    SIZE(record, chronolog_record);
    FIELD(record, chronolog_record, bytes);
    FIELD(record, chronolog_record, length);
    SIZE(event, chronolog_event);
    FIELD(event, chronolog_event, tick);
    FIELD(event, chronolog_event, client_id);
    FIELD(event, chronolog_event, record);
    FIELD(event, chronolog_event, index);
    FIELD(event, chronolog_event, length);
    SIZE(batch, chronolog_batch);
    FIELD(batch, chronolog_batch, count);
    FIELD(batch, chronolog_batch, ticks);
    FIELD(batch, chronolog_batch, client_ids);
    FIELD(batch, chronolog_batch, indexes);
    FIELD(batch, chronolog_batch, offsets);
    FIELD(batch, chronolog_batch, records);
    FIELD(batch, chronolog_batch, events);
    SIZE(gap, chronolog_gap);
    FIELD(gap, chronolog_gap, start);
    FIELD(gap, chronolog_gap, end);
    FIELD(gap, chronolog_gap, reason);
    SIZE(text, struct abi_text);
    FIELD(text, struct abi_text, bytes);
    FIELD(text, struct abi_text, length);
    SIZE(call, struct abi_call);
    PLACE(operation);
    PLACE(status);
    PLACE(object);
    PLACE(texts);
    PLACE(attributes);
    PLACE(attribute_count);
    PLACE(numbers);
    PLACE(results);
    PLACE(memory);
    PLACE(memory_bytes);
    PLACE(message);
    return 0;
}
