!> The C interface as it is: chronolog.h in its order, structs and functions one to one. Applications use the module
!> `chronolog`, which is made of this. Unsigned numbers of C are signed here, bit for bit: ticks stay positive until 2262.
module chronolog_c
    use, intrinsic :: iso_c_binding
    implicit none
    public

    integer(c_int32_t), parameter :: chronolog_abi_version_built = 1

    integer, parameter :: chronolog_ok = 0
    integer, parameter :: chronolog_err_unknown = -1
    integer, parameter :: chronolog_err_invalid_arg = -2
    integer, parameter :: chronolog_err_not_exist = -3
    integer, parameter :: chronolog_err_acquired = -4
    integer, parameter :: chronolog_err_not_acquired = -5
    integer, parameter :: chronolog_err_chronicle_exists = -6
    integer, parameter :: chronolog_err_no_keepers = -7
    integer, parameter :: chronolog_err_no_connection = -8
    integer, parameter :: chronolog_err_not_authorized = -9
    integer, parameter :: chronolog_err_no_players = -10
    integer, parameter :: chronolog_err_not_reader_mode = -11
    integer, parameter :: chronolog_err_timed_out = -12
    integer, parameter :: chronolog_err_protocol_version_mismatch = -13
    integer, parameter :: chronolog_err_partial = -14
    integer, parameter :: chronolog_err_limit_exceeded = -15
    integer, parameter :: chronolog_err_no_space = -16
    integer, parameter :: chronolog_err_corrupt = -17
    integer, parameter :: chronolog_err_cancelled = -18
    integer, parameter :: chronolog_err_internal = -19
    integer, parameter :: chronolog_err_fenced = -20
    integer, parameter :: chronolog_err_not_supported = -21
    integer, parameter :: chronolog_err_forked = -22
    integer, parameter :: chronolog_err_no_library = -23

    integer(c_int64_t), parameter :: chronolog_local_first = 0
    integer(c_int64_t), parameter :: chronolog_round_robin = 1

    integer, parameter :: chronolog_level_of_chronicle = -1
    integer, parameter :: chronolog_accepted = 0
    integer, parameter :: chronolog_journaled = 1
    integer, parameter :: chronolog_synced = 2
    integer, parameter :: chronolog_replicated = 3
    integer, parameter :: chronolog_archived = 4

    integer, parameter :: chronolog_ordered = 0
    integer, parameter :: chronolog_immediate = 1

    !> UINT64_MAX: as a timeout for ever, as a tick after everything.
    integer(c_int64_t), parameter :: chronolog_forever = -1_c_int64_t
    integer(c_int64_t), parameter :: chronolog_record_bytes_max = 16777216_c_int64_t

    integer(c_int32_t), parameter :: flag_create_chronicle = 1

    type, bind(C) :: chronolog_attribute
        type(c_ptr) :: key = c_null_ptr
        type(c_ptr) :: value = c_null_ptr
    end type

    type, bind(C) :: chronolog_options
        integer(c_int64_t) :: struct_bytes = 0
        type(c_ptr) :: program = c_null_ptr
        type(c_ptr) :: attributes = c_null_ptr
        integer(c_int64_t) :: attribute_count = 0
        integer(c_int64_t) :: placement = 0
        integer(c_int64_t) :: ring_bytes = 0
        integer(c_int64_t) :: full_timeout_ms = 0
        integer(c_int64_t) :: failover_after_ms = 0
        integer(c_int64_t) :: call_timeout_ms = 0
        integer(c_int64_t) :: release_timeout_ms = 0
        integer(c_int64_t) :: page_bytes = 0
        integer(c_int64_t) :: replay_timeout_ms = 0
        integer(c_int64_t) :: connect_patience_ms = 0
    end type

    type, bind(C) :: chronolog_statistics
        integer(c_int64_t) :: struct_bytes = 0
        integer(c_int64_t) :: events_recorded = 0
        integer(c_int64_t) :: last_tick = 0
        integer(c_int64_t) :: stories_held = 0
        integer(c_int64_t) :: replays_open = 0
        integer(c_int64_t) :: clock_uncertainty_ns = 0
    end type

    type, bind(C) :: chronolog_record
        type(c_ptr) :: bytes = c_null_ptr
        integer(c_int64_t) :: length = 0
    end type

    !> chronolog_event of chronolog.h.
    type, bind(C) :: chronolog_raw_event
        integer(c_int64_t) :: tick = 0
        integer(c_int64_t) :: client_id = 0
        type(c_ptr) :: record = c_null_ptr
        integer(c_int32_t) :: index = 0
        integer(c_int32_t) :: length = 0
    end type

    !> chronolog_batch of chronolog.h.
    type, bind(C) :: chronolog_raw_batch
        integer(c_int64_t) :: count = 0
        type(c_ptr) :: ticks = c_null_ptr
        type(c_ptr) :: client_ids = c_null_ptr
        type(c_ptr) :: indexes = c_null_ptr
        type(c_ptr) :: offsets = c_null_ptr
        type(c_ptr) :: records = c_null_ptr
        type(c_ptr) :: events = c_null_ptr
    end type

    integer, parameter :: gap_reason_bytes = 240

    !> chronolog_gap of chronolog.h.
    type, bind(C) :: chronolog_raw_gap
        integer(c_int64_t) :: start = 0
        integer(c_int64_t) :: end = 0
        character(kind=c_char) :: reason(gap_reason_bytes) = c_null_char
    end type

    interface
        integer(c_int32_t) function c_abi_version() bind(C, name='chronolog_abi_version')
            import
        end function

        type(c_ptr) function c_version() bind(C, name='chronolog_version')
            import
        end function

        type(c_ptr) function c_last_error() bind(C, name='chronolog_last_error')
            import
        end function

        type(c_ptr) function c_status_name(status) bind(C, name='chronolog_status_name')
            import
            integer(c_int32_t), value :: status
        end function

        integer(c_int32_t) function c_connect(endpoint, options, client) bind(C, name='chronolog_connect')
            import
            type(c_ptr), value :: endpoint
            type(chronolog_options), intent(in) :: options
            type(c_ptr), intent(inout) :: client
        end function

        integer(c_int32_t) function c_disconnect(client) bind(C, name='chronolog_disconnect')
            import
            type(c_ptr), value :: client
        end function

        integer(c_int32_t) function c_abandon(client) bind(C, name='chronolog_abandon')
            import
            type(c_ptr), value :: client
        end function

        integer(c_int32_t) function c_client_id(client, client_id) bind(C, name='chronolog_client_id')
            import
            type(c_ptr), value :: client
            integer(c_int64_t), intent(inout) :: client_id
        end function

        integer(c_int32_t) function c_now(client, tick, uncertainty_ns) bind(C, name='chronolog_now')
            import
            type(c_ptr), value :: client
            integer(c_int64_t), intent(inout) :: tick, uncertainty_ns
        end function

        integer(c_int32_t) function c_client_statistics(client, statistics) bind(C, name='chronolog_client_statistics')
            import
            type(c_ptr), value :: client
            type(chronolog_statistics), intent(inout) :: statistics
        end function

        integer(c_int32_t) function c_create_chronicle(client, chronicle, attributes, count) &
            bind(C, name='chronolog_create_chronicle')
            import
            type(c_ptr), value :: client
            character(kind=c_char), intent(in) :: chronicle(*)
            type(chronolog_attribute), intent(in) :: attributes(*)
            integer(c_int64_t), value :: count
        end function

        integer(c_int32_t) function c_destroy_chronicle(client, chronicle) bind(C, name='chronolog_destroy_chronicle')
            import
            type(c_ptr), value :: client
            character(kind=c_char), intent(in) :: chronicle(*)
        end function

        integer(c_int32_t) function c_destroy_story(client, chronicle, story) bind(C, name='chronolog_destroy_story')
            import
            type(c_ptr), value :: client
            character(kind=c_char), intent(in) :: chronicle(*), story(*)
        end function

        integer(c_int32_t) function c_get_attribute(client, chronicle, key, value, capacity, length) &
            bind(C, name='chronolog_get_attribute')
            import
            type(c_ptr), value :: client
            character(kind=c_char), intent(in) :: chronicle(*), key(*)
            character(kind=c_char), intent(inout) :: value(*)
            integer(c_int64_t), value :: capacity
            integer(c_int64_t), intent(inout) :: length
        end function

        integer(c_int32_t) function c_set_attribute(client, chronicle, key, value) bind(C, name='chronolog_set_attribute')
            import
            type(c_ptr), value :: client
            character(kind=c_char), intent(in) :: chronicle(*), key(*), value(*)
        end function

        integer(c_int32_t) function c_list_attributes(client, chronicle, list) bind(C, name='chronolog_list_attributes')
            import
            type(c_ptr), value :: client
            character(kind=c_char), intent(in) :: chronicle(*)
            type(c_ptr), intent(inout) :: list
        end function

        integer(c_int32_t) function c_list_chronicles(client, list) bind(C, name='chronolog_list_chronicles')
            import
            type(c_ptr), value :: client
            type(c_ptr), intent(inout) :: list
        end function

        integer(c_int32_t) function c_list_stories(client, chronicle, list) bind(C, name='chronolog_list_stories')
            import
            type(c_ptr), value :: client
            character(kind=c_char), intent(in) :: chronicle(*)
            type(c_ptr), intent(inout) :: list
        end function

        integer(c_int64_t) function c_list_count(list) bind(C, name='chronolog_list_count')
            import
            type(c_ptr), value :: list
        end function

        type(c_ptr) function c_list_at(list, index) bind(C, name='chronolog_list_at')
            import
            type(c_ptr), value :: list
            integer(c_int64_t), value :: index
        end function

        integer(c_int32_t) function c_list_free(list) bind(C, name='chronolog_list_free')
            import
            type(c_ptr), value :: list
        end function

        integer(c_int32_t) function c_acquire(client, chronicle, story, attributes, count, flags, handle) &
            bind(C, name='chronolog_acquire')
            import
            type(c_ptr), value :: client
            character(kind=c_char), intent(in) :: chronicle(*), story(*)
            type(chronolog_attribute), intent(in) :: attributes(*)
            integer(c_int64_t), value :: count
            integer(c_int32_t), value :: flags
            type(c_ptr), intent(inout) :: handle
        end function

        integer(c_int32_t) function c_release(story, level) bind(C, name='chronolog_release')
            import
            type(c_ptr), value :: story
            integer(c_int32_t), value :: level
        end function

        integer(c_int32_t) function c_log(story, bytes, length, tick) bind(C, name='chronolog_log')
            import
            type(c_ptr), value :: story, bytes
            integer(c_int64_t), value :: length
            integer(c_int64_t), intent(inout) :: tick
        end function

        ! The same function for text, which has no address in the standard's eyes.
        integer(c_int32_t) function c_log_text(story, bytes, length, tick) bind(C, name='chronolog_log')
            import
            type(c_ptr), value :: story
            character(kind=c_char), intent(in) :: bytes(*)
            integer(c_int64_t), value :: length
            integer(c_int64_t), intent(inout) :: tick
        end function

        integer(c_int32_t) function c_log_batch(story, records, count, ticks, logged) bind(C, name='chronolog_log_batch')
            import
            type(c_ptr), value :: story
            type(chronolog_record), intent(in) :: records(*)
            integer(c_int64_t), value :: count
            integer(c_int64_t), intent(inout) :: ticks(*)
            integer(c_int64_t), intent(inout) :: logged
        end function

        integer(c_int32_t) function c_log_at(story, tick, bytes, length) bind(C, name='chronolog_log_at')
            import
            type(c_ptr), value :: story, bytes
            integer(c_int64_t), value :: tick, length
        end function

        integer(c_int32_t) function c_log_text_at(story, tick, bytes, length) bind(C, name='chronolog_log_at')
            import
            type(c_ptr), value :: story
            character(kind=c_char), intent(in) :: bytes(*)
            integer(c_int64_t), value :: tick, length
        end function

        integer(c_int32_t) function c_flush(story, level, timeout_ms) bind(C, name='chronolog_flush')
            import
            type(c_ptr), value :: story
            integer(c_int32_t), value :: level
            integer(c_int64_t), value :: timeout_ms
        end function

        integer(c_int32_t) function c_story_id(story, story_id) bind(C, name='chronolog_story_id')
            import
            type(c_ptr), value :: story
            integer(c_int64_t), intent(inout) :: story_id
        end function

        integer(c_int32_t) function c_replay_open(client, chronicle, story, start, end, event_limit, replay) &
            bind(C, name='chronolog_replay_open')
            import
            type(c_ptr), value :: client
            character(kind=c_char), intent(in) :: chronicle(*), story(*)
            integer(c_int64_t), value :: start, end, event_limit
            type(c_ptr), intent(inout) :: replay
        end function

        integer(c_int32_t) function c_replay_next(replay, timeout_ms, batch) bind(C, name='chronolog_replay_next')
            import
            type(c_ptr), value :: replay
            integer(c_int64_t), value :: timeout_ms
            type(chronolog_raw_batch), intent(inout) :: batch
        end function

        integer(c_int32_t) function c_replay_cancel(replay) bind(C, name='chronolog_replay_cancel')
            import
            type(c_ptr), value :: replay
        end function

        integer(c_int32_t) function c_replay_watermark(replay, tick) bind(C, name='chronolog_replay_watermark')
            import
            type(c_ptr), value :: replay
            integer(c_int64_t), intent(inout) :: tick
        end function

        integer(c_int32_t) function c_replay_gap_count(replay, count) bind(C, name='chronolog_replay_gap_count')
            import
            type(c_ptr), value :: replay
            integer(c_int64_t), intent(inout) :: count
        end function

        integer(c_int32_t) function c_replay_gap(replay, index, gap) bind(C, name='chronolog_replay_gap')
            import
            type(c_ptr), value :: replay
            integer(c_int64_t), value :: index
            type(chronolog_raw_gap), intent(inout) :: gap
        end function

        integer(c_int32_t) function c_replay_close(replay) bind(C, name='chronolog_replay_close')
            import
            type(c_ptr), value :: replay
        end function

        integer(c_int32_t) function c_playback_open(client, chronicle, story, from, mode, playback) &
            bind(C, name='chronolog_playback_open')
            import
            type(c_ptr), value :: client
            character(kind=c_char), intent(in) :: chronicle(*), story(*)
            integer(c_int64_t), value :: from
            integer(c_int32_t), value :: mode
            type(c_ptr), intent(inout) :: playback
        end function

        integer(c_int32_t) function c_playback_next(playback, timeout_ms, batch, late) bind(C, name='chronolog_playback_next')
            import
            type(c_ptr), value :: playback
            integer(c_int64_t), value :: timeout_ms
            type(chronolog_raw_batch), intent(inout) :: batch
            integer(c_int32_t), intent(inout) :: late
        end function

        integer(c_int32_t) function c_playback_cancel(playback) bind(C, name='chronolog_playback_cancel')
            import
            type(c_ptr), value :: playback
        end function

        integer(c_int32_t) function c_playback_close(playback) bind(C, name='chronolog_playback_close')
            import
            type(c_ptr), value :: playback
        end function

        integer(c_size_t) function c_strlen(text) bind(C, name='strlen')
            import
            type(c_ptr), value :: text
        end function
    end interface
end module
