/*
 * ChronoLog's C interface: record timestamped events into named stories, replay any time range in one total order.
 *
 * Link with -lchronolog. C99, C11, C++11.
 *
 * Ticks are unsigned nanoseconds since the Unix epoch on the deployment's base clock. Names and texts are UTF-8 and end with
 * a zero; what is no UTF-8 is INVALID_ARG. Records are any bytes.
 *
 * Status: every function that can fail returns CHRONOLOG_OK or a negative chronolog_status; then chronolog_last_error()
 * tells the calling thread what went wrong and what to do. What is returned through pointers is only set on success,
 * except where a function says otherwise; pointers for results may be NULL where it says "may be NULL".
 *
 * Handles are opaque and checked at every call: NULL, a handle that was closed, a handle of another kind, or garbage is an
 * error and never a crash. All functions may be called from any thread at any time, except where they say otherwise. None
 * may be called from a signal handler. chronolog_log and chronolog_log_batch neither call the system nor take a lock
 * while the ring has room.
 *
 * fork(): a client belongs to the process that connected. In the child every call but chronolog_last_error and the likes
 * fails with CHRONOLOG_ERR_FORKED; a process may fork as it likes before its first chronolog_connect.
 *
 * Signals: the library's threads block all signals but those that report their own faults, and SIGRTMIN, by which they
 * stop one another: programs use the next one. Handlers that the application has, or installs later, for SIGSEGV, SIGFPE
 * and so on see everything but what happens inside the library's own code.
 */
#ifndef CHRONOLOG_H
#define CHRONOLOG_H

#include <stdint.h>

#if defined(__GNUC__) && !defined(CHRONOLOG_API)
#define CHRONOLOG_API __attribute__((visibility("default")))
#elif !defined(CHRONOLOG_API)
#define CHRONOLOG_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Versions and errors ------------------------------------------------------------------------------------------ */

/* The interface that this header describes. A library with the same number accepts programs built with this header. */
#define CHRONOLOG_ABI_VERSION 1u

/* 0 to -13 are the codes of the C++ client's ClientErrorCode. */
typedef enum chronolog_status {
    CHRONOLOG_OK = 0,
    CHRONOLOG_ERR_UNKNOWN = -1,         /* unknown whether it was done: stored at most once */
    CHRONOLOG_ERR_INVALID_ARG = -2,
    CHRONOLOG_ERR_NOT_EXIST = -3,
    CHRONOLOG_ERR_ACQUIRED = -4,        /* somebody holds it, or holds a part of it */
    CHRONOLOG_ERR_NOT_ACQUIRED = -5,    /* the story is not, or no longer, held */
    CHRONOLOG_ERR_CHRONICLE_EXISTS = -6,
    CHRONOLOG_ERR_NO_KEEPERS = -7,      /* none, or the one that would have to answer is away */
    CHRONOLOG_ERR_NO_CONNECTION = -8,
    CHRONOLOG_ERR_NOT_AUTHORIZED = -9,  /* of keys and roles, which come in a later release: nothing gives it yet */
    CHRONOLOG_ERR_NO_PLAYERS = -10,
    CHRONOLOG_ERR_NOT_READER_MODE = -11,
    CHRONOLOG_ERR_TIMED_OUT = -12,
    CHRONOLOG_ERR_PROTOCOL_VERSION_MISMATCH = -13,
    CHRONOLOG_ERR_PARTIAL = -14,        /* a replay that may be incomplete: its gaps say where */
    CHRONOLOG_ERR_LIMIT_EXCEEDED = -15, /* a stated limit of size or number */
    CHRONOLOG_ERR_NO_SPACE = -16,       /* memory, or disk. A full journal or archive: recording waits, then TIMED_OUT */
    CHRONOLOG_ERR_CORRUPT = -17,        /* damaged: metadata, shared memory, an answer. Damaged events: PARTIAL */
    CHRONOLOG_ERR_CANCELLED = -18,
    CHRONOLOG_ERR_INTERNAL = -19,       /* a device that fails, or a defect: the message says what */
    CHRONOLOG_ERR_FENCED = -20,         /* the Keeper has closed the ring to its client, and there is no other one */
    CHRONOLOG_ERR_NOT_SUPPORTED = -21,
    CHRONOLOG_ERR_FORKED = -22,         /* called in a child of the process that connected */
    CHRONOLOG_ERR_NO_LIBRARY = -23      /* a part of the installation is missing or does not fit */
} chronolog_status;

/* The interface that the library implements: CHRONOLOG_ABI_VERSION of its header. Never fails. */
CHRONOLOG_API uint32_t chronolog_abi_version(void);

/* The product's version, such as "0.1.0". Never fails. */
CHRONOLOG_API const char *chronolog_version(void);

/*
 * What the last call of this thread that failed had to say: cause, object, address, and what to do next. Never NULL; ""
 * when none has failed. Valid until the thread's next call.
 */
CHRONOLOG_API const char *chronolog_last_error(void);

/* The enumerator's name, such as "CHRONOLOG_ERR_TIMED_OUT"; "CHRONOLOG_ERR_?" for other numbers. */
CHRONOLOG_API const char *chronolog_status_name(int32_t status);

/* ---- Clients ------------------------------------------------------------------------------------------------------ */

typedef struct chronolog_client_handle *chronolog_client;
typedef struct chronolog_story_handle *chronolog_story;
typedef struct chronolog_replay_handle *chronolog_replay;
typedef struct chronolog_list_handle *chronolog_list;

typedef struct chronolog_attribute {
    const char *key;
    const char *value;
} chronolog_attribute;

/* Where a client's events go. */
typedef enum chronolog_placement {
    CHRONOLOG_LOCAL_FIRST = 0,          /* to one Keeper, of this node if there is one; to another one when it is away */
    CHRONOLOG_ROUND_ROBIN = 1           /* in turn to all Keepers of the group */
} chronolog_placement;

#define CHRONOLOG_FOREVER UINT64_MAX

/* How a client behaves. Initialise with CHRONOLOG_OPTIONS_INIT; 0 is the default of every field. */
typedef struct chronolog_options {
    uint64_t struct_bytes;              /* sizeof(chronolog_options) */
    const char *program;                /* its name in `chronolog status`; NULL: the executable's */
    const chronolog_attribute *attributes; /* shown in `chronolog status`: rank, job, ... */
    uint64_t attribute_count;
    uint64_t placement;                 /* chronolog_placement */
    uint64_t ring_bytes;                /* of the ring shared with a Keeper; 0: the Keeper's default */
    uint64_t full_timeout_ms;           /* how long recording waits in a full ring; 0: 5 s */
    uint64_t failover_after_ms;         /* how long a Keeper may be silent; 0: 2 s */
    uint64_t call_timeout_ms;           /* for an answer of the Visor or a Keeper; 0: 10 s */
    uint64_t release_timeout_ms;        /* for the level that a release waits for; 0: 30 s */
    uint64_t page_bytes;                /* that a replay moves at a time; 0: 4 MiB */
    uint64_t replay_timeout_ms;         /* for an answer of a Player; 0: 30 s */
    uint64_t connect_patience_ms;       /* for a Visor to come where nobody listens; 0: 1 s */
} chronolog_options;

#define CHRONOLOG_OPTIONS_INIT { sizeof(chronolog_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/*
 * Connects to a deployment. A process may have several clients.
 * endpoint: of the Visor's portal, "tcp://127.0.0.1:5555"; NULL: the environment's CHRONOLOG_ENDPOINT, else that one.
 * options: may be NULL.
 * NO_CONNECTION (where nobody listens after connect_patience_ms, where nobody answers after call_timeout_ms), TIMED_OUT,
 * PROTOCOL_VERSION_MISMATCH, INVALID_ARG, NO_LIBRARY, FORKED.
 */
CHRONOLOG_API int32_t chronolog_connect(const char *endpoint, const chronolog_options *options,
                                        chronolog_client *client);

/*
 * Leaves the deployment and closes the handle. ACQUIRED while stories are held: the client stays connected and usable.
 */
CHRONOLOG_API int32_t chronolog_disconnect(chronolog_client client);

/*
 * Ends a client at once, whatever it holds: stories are given back without waiting, replays end. What was recorded stays
 * recorded. All handles that were got from it are closed; other threads' calls with them, flushes too, end with a failure.
 */
CHRONOLOG_API int32_t chronolog_abandon(chronolog_client client);

/* The client's number in every event's identity; issued by the deployment, never reused. */
CHRONOLOG_API int32_t chronolog_client_id(chronolog_client client, uint64_t *client_id);

/* Now, on the base clock; uncertainty_ns (may be NULL): half width of the interval that holds the true base time. */
CHRONOLOG_API int32_t chronolog_now(chronolog_client client, uint64_t *tick, uint64_t *uncertainty_ns);

/* Counts since the client connected. */
typedef struct chronolog_statistics {
    uint64_t struct_bytes;              /* set by the caller: sizeof(chronolog_statistics) */
    uint64_t events_recorded;           /* modulo 2^32 */
    uint64_t last_tick;                 /* of the newest event; 0: none */
    uint64_t stories_held;
    uint64_t replays_open;
    uint64_t clock_uncertainty_ns;
} chronolog_statistics;

/* Counts since the client connected. INVALID_ARG: struct_bytes is not set. */
CHRONOLOG_API int32_t chronolog_client_statistics(chronolog_client client, chronolog_statistics *statistics);

/* ---- Chronicles --------------------------------------------------------------------------------------------------- */

/*
 * Creates a chronicle. attributes may be NULL when count is 0.
 * CHRONICLE_EXISTS, INVALID_ARG (a known attribute with an unknown value); NO_SPACE, CORRUPT, INTERNAL (the Visor's metadata).
 */
CHRONOLOG_API int32_t chronolog_create_chronicle(chronolog_client client, const char *chronicle,
                                                 const chronolog_attribute *attributes, uint64_t count);

/* Destroys a chronicle with all its stories. ACQUIRED while somebody holds one of them; NOT_EXIST. */
CHRONOLOG_API int32_t chronolog_destroy_chronicle(chronolog_client client, const char *chronicle);

/* Destroys a story with all its data. ACQUIRED while somebody holds it; NOT_EXIST. */
CHRONOLOG_API int32_t chronolog_destroy_story(chronolog_client client, const char *chronicle, const char *story);

/*
 * Gives an attribute's value, with its zero, into capacity bytes. length (may be NULL): the value's bytes without the zero, set
 * also when it does not fit (LIMIT_EXCEEDED). NOT_EXIST: no such chronicle or key.
 */
CHRONOLOG_API int32_t chronolog_get_attribute(chronolog_client client, const char *chronicle, const char *key,
                                              char *value, uint64_t capacity, uint64_t *length);

/* Sets an attribute of a chronicle. NOT_EXIST; INVALID_ARG (a known attribute with an unknown value). */
CHRONOLOG_API int32_t chronolog_set_attribute(chronolog_client client, const char *chronicle, const char *key,
                                              const char *value);

/* Lists all attributes of a chronicle: key, value, key, value, ... To be freed by chronolog_list_free. NOT_EXIST. */
CHRONOLOG_API int32_t chronolog_list_attributes(chronolog_client client, const char *chronicle, chronolog_list *list);

/* Lists the names of all chronicles. To be freed by chronolog_list_free. */
CHRONOLOG_API int32_t chronolog_list_chronicles(chronolog_client client, chronolog_list *list);

/* Lists the names of a chronicle's stories. To be freed by chronolog_list_free. NOT_EXIST. */
CHRONOLOG_API int32_t chronolog_list_stories(chronolog_client client, const char *chronicle, chronolog_list *list);

/* The number of a list's names; 0 for what is no list. */
CHRONOLOG_API uint64_t chronolog_list_count(chronolog_list list);

/* A name, valid until the list is freed; NULL when there is none at the index. */
CHRONOLOG_API const char *chronolog_list_at(chronolog_list list, uint64_t index);

/* Frees a list; not while another thread still reads its names. */
CHRONOLOG_API int32_t chronolog_list_free(chronolog_list list);

/* ---- Recording ---------------------------------------------------------------------------------------------------- */

/* Flags of chronolog_acquire. */
#define CHRONOLOG_CREATE_CHRONICLE 1u   /* a missing one is created with default attributes */

/*
 * Acquires a story for recording. The story is created if missing; attributes are its own then. Again by the same client:
 * the same handle, and one release gives it back.
 * NOT_EXIST (no such chronicle), NO_KEEPERS, NOT_SUPPORTED (no data plane to a Keeper of another node), INVALID_ARG;
 * NO_SPACE (for its ring).
 */
CHRONOLOG_API int32_t chronolog_acquire(chronolog_client client, const char *chronicle, const char *story,
                                        const chronolog_attribute *attributes, uint64_t count, uint32_t flags,
                                        chronolog_story *handle);

/* What a flush waits for; each level includes those before it. */
typedef enum chronolog_level {
    CHRONOLOG_LEVEL_OF_CHRONICLE = -1,  /* its attribute `durability` */
    CHRONOLOG_ACCEPTED = 0,             /* in the ring: survives this process */
    CHRONOLOG_JOURNALED = 1,            /* in the Keeper's journal: survives the Keeper process */
    CHRONOLOG_SYNCED = 2,               /* on its device: survives loss of power */
    CHRONOLOG_REPLICATED = 3,           /* on two Keepers' devices; for chronicles with replicas=2 */
    CHRONOLOG_ARCHIVED = 4              /* in a synced archive file */
} chronolog_level;

/*
 * Waits until what was recorded has reached the level, then gives the story back and closes the handle.
 * TIMED_OUT, NO_KEEPERS: the level was not reached; the story is still held.
 */
CHRONOLOG_API int32_t chronolog_release(chronolog_story story, int32_t level);

/* The longest record of any deployment; a small ring may take less (an eighth of its size). */
#define CHRONOLOG_RECORD_BYTES_MAX (UINT64_C(16) << 20)

/*
 * Records one event; an empty record is a valid one. tick (may be NULL) receives its tick: over all threads of a client
 * ticks are strictly increasing. Waits in a full ring, bounded by the client's full_timeout_ms.
 * A failure means that nothing was recorded, ever; except UNKNOWN: stored at most once, or not at all.
 * NOT_ACQUIRED, TIMED_OUT, NO_KEEPERS, LIMIT_EXCEEDED, INVALID_ARG, FORKED, UNKNOWN; FENCED (the Keeper is being stopped, or
 * has given this client up), CORRUPT (something else has written into the ring).
 */
CHRONOLOG_API int32_t chronolog_log(chronolog_story story, const void *bytes, uint64_t length, uint64_t *tick);

/*
 * Records one event with a time of the caller's own: a ChronoTick between the Keepers' settings late-bound before now (30
 * days by default) and future-bound after it (1 s; the clock's uncertainty is added). Beyond them LIMIT_EXCEEDED at once, and
 * nothing is recorded. Events of chronolog_log keep their order; of these the caller sees to it. One that comes below a
 * watermark that was stated is counted as late, and is in every replay all the same. The first call with a handle tells the
 * Visor that the story gets such events; the others are C all the way. Status as chronolog_log; NO_CONNECTION, TIMED_OUT (of
 * the first).
 */
CHRONOLOG_API int32_t chronolog_log_at(chronolog_story story, uint64_t tick, const void *bytes, uint64_t length);

typedef struct chronolog_record {
    const void *bytes;
    uint64_t length;
} chronolog_record;

/*
 * Records several events in few steps, in order. ticks (NULL, or count long) receives their ticks; logged (may be NULL)
 * how many were recorded, also when the call fails in between; after UNKNOWN some of the next may be recorded, too.
 */
CHRONOLOG_API int32_t chronolog_log_batch(chronolog_story story, const chronolog_record *records, uint64_t count,
                                          uint64_t *ticks, uint64_t *logged);

/*
 * Returns when everything that was recorded through the handle before the call has reached the level (chronolog_level).
 * timeout_ms: 0 only looks; CHRONOLOG_FOREVER. TIMED_OUT, NO_KEEPERS, NOT_SUPPORTED (replicated without replicas).
 */
CHRONOLOG_API int32_t chronolog_flush(chronolog_story story, int32_t level, uint64_t timeout_ms);

/* The story's 64-bit id. */
CHRONOLOG_API int32_t chronolog_story_id(chronolog_story story, uint64_t *story_id);

/* ---- Replay ------------------------------------------------------------------------------------------------------- */

/* One event, in place. */
typedef struct chronolog_event {
    uint64_t tick;
    uint64_t client_id;
    const void *record;
    uint32_t index;                     /* with tick and client_id the event's identity */
    uint32_t length;                    /* of the record */
} chronolog_event;

/*
 * Events of a replay, in total order of (tick, client_id, index): as columns, and as an array of events. Nothing was
 * copied: all pointers lead into the memory that came from the deployment, and are valid until the replay's next step,
 * its end, or its client's. The record of event i lies at records + offsets[i], up to records + offsets[i + 1].
 */
typedef struct chronolog_batch {
    uint64_t count;
    const uint64_t *ticks;              /* count */
    const uint64_t *client_ids;         /* count */
    const uint32_t *indexes;            /* count */
    const uint64_t *offsets;            /* count + 1 */
    const uint8_t *records;
    const chronolog_event *events;      /* count */
} chronolog_batch;

/*
 * Opens a replay of the events in [start, end): a snapshot with every event whose recording returned before this call,
 * from all tiers. The story need not be acquired. event_limit: most events; 0: all.
 * NOT_EXIST, NO_PLAYERS, TIMED_OUT, LIMIT_EXCEEDED (too many replays at once), INVALID_ARG (start > end).
 */
CHRONOLOG_API int32_t chronolog_replay_open(chronolog_client client, const char *chronicle, const char *story,
                                            uint64_t start, uint64_t end, uint64_t event_limit,
                                            chronolog_replay *replay);

/*
 * The next batch. OK with count 0: the end, and everything was there. PARTIAL (count 0): the end, and some of the range
 * may be missing; see chronolog_replay_gap. TIMED_OUT: nothing yet, ask again. CANCELLED. Any other: the replay broke off.
 * One thread at a time per replay; the batch before becomes invalid.
 */
CHRONOLOG_API int32_t chronolog_replay_next(chronolog_replay replay, uint64_t timeout_ms, chronolog_batch *batch);

/* Ends a replay from any thread: a call of chronolog_replay_next that waits, and every later one, returns CANCELLED. */
CHRONOLOG_API int32_t chronolog_replay_cancel(chronolog_replay replay);

/* Tick below which the story was complete, when the deployment stated it last; 0: unknown. */
CHRONOLOG_API int32_t chronolog_replay_watermark(chronolog_replay replay, uint64_t *tick);

/* A range that may be missing. */
typedef struct chronolog_gap {
    uint64_t start;
    uint64_t end;
    char reason[240];                   /* cut short where it is longer */
} chronolog_gap;

/* Number of gaps: final when chronolog_replay_next has returned the end. */
CHRONOLOG_API int32_t chronolog_replay_gap_count(chronolog_replay replay, uint64_t *count);

/* Tells of one gap. NOT_EXIST: no gap at the index. */
CHRONOLOG_API int32_t chronolog_replay_gap(chronolog_replay replay, uint64_t index, chronolog_gap *gap);

/* Ends the replay, waits for a call of chronolog_replay_next that is under way, and closes the handle. */
CHRONOLOG_API int32_t chronolog_replay_close(chronolog_replay replay);

/* ---- Playback ----------------------------------------------------------------------------------------------------- */

/* A cursor like a replay's: chronolog_replay_watermark, _gap_count and _gap take it too. */
typedef chronolog_replay chronolog_playback;

typedef enum chronolog_playback_mode {
    CHRONOLOG_ORDERED = 0,              /* in total order, some 40 ms behind; stands still while a Keeper is away */
    CHRONOLOG_IMMEDIATE = 1             /* as they become visible, a millisecond after they were recorded */
} chronolog_playback_mode;

/*
 * Follows a story: its events from a tick onward, and then what is recorded, each once, until closed or cancelled; also
 * over restarts of any process. Nothing goes over the network before the first step, which tells NOT_EXIST.
 * mode: chronolog_playback_mode. INVALID_ARG.
 */
CHRONOLOG_API int32_t chronolog_playback_open(chronolog_client client, const char *chronicle, const char *story,
                                              uint64_t from, int32_t mode, chronolog_playback *playback);

/*
 * The next batch. late (may be NULL): 1 when the batch's events belong before some that were given already; of an ordered
 * playback below its watermark. TIMED_OUT: nothing yet, ask again. PARTIAL (count 0): something may be missing as of now,
 * see chronolog_replay_gap; go on asking. CANCELLED. NOT_EXIST: no such story, or it was destroyed.
 * One thread at a time per playback; the batch before becomes invalid.
 */
CHRONOLOG_API int32_t chronolog_playback_next(chronolog_playback playback, uint64_t timeout_ms, chronolog_batch *batch,
                                              uint32_t *late);

/* A batch, valid until it returns; one of count 0: something may be missing as of now. 0: go on. Must not close the playback. */
typedef int32_t (*chronolog_playback_callback)(const chronolog_batch *batch, uint32_t late, void *user);

/*
 * Calls back with every batch, on the calling thread, until the function returns something else than 0 (OK), the playback
 * is cancelled from another thread (CANCELLED), or the story is destroyed (NOT_EXIST).
 */
CHRONOLOG_API int32_t chronolog_playback_run(chronolog_playback playback, chronolog_playback_callback callback, void *user);

/* Ends a playback from any thread: a step that waits, and every later one, returns CANCELLED. */
CHRONOLOG_API int32_t chronolog_playback_cancel(chronolog_playback playback);

/* Ends the playback, waits for a step that is under way, and closes the handle. */
CHRONOLOG_API int32_t chronolog_playback_close(chronolog_playback playback);

#ifdef __cplusplus
}
#endif

#endif
