!> Clients: connecting, chronicles and their attributes, acquiring stories, opening replays.
module chronolog_clients
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: int64
    use chronolog_c
    use chronolog_failures
    use chronolog_stories
    use chronolog_replays
    implicit none
    private
    public :: chronolog_client, chronolog_version, chronolog_abi_version, chronolog_status_name, chronolog_last_error

    !> A connection to a deployment. All procedures but connect may be called by several threads at once. Names, keys and
    !> values lose their trailing blanks. A client that goes out of scope is ended as abandon does; a copy refers to the
    !> same client and does not end it.
    type :: chronolog_client
        private
        type(c_ptr) :: handle = c_null_ptr
        logical :: is_owner = .false.
    contains
        procedure, public :: connect
        procedure, public :: disconnect
        procedure, public :: abandon
        procedure, public :: id
        procedure, public :: now
        procedure, public :: statistics
        procedure, public :: create_chronicle
        procedure, public :: destroy_chronicle
        procedure, public :: destroy_story
        procedure, public :: get_attribute
        procedure, public :: set_attribute
        procedure, public :: list_chronicles
        procedure, public :: list_stories
        procedure, public :: acquire
        procedure, public :: replay
        procedure, public :: playback
        generic, public :: assignment(=) => copy_client
        procedure, private :: copy_client
        final :: finish
    end type

    integer, parameter :: attribute_bytes = 256

contains

    !> Connects. endpoint: of the Visor's portal, 'tcp://127.0.0.1:5555'; default: the environment's CHRONOLOG_ENDPOINT, else
    !> that one. program, keys and values: what `chronolog status` shows of this client. The rest is chronolog_options of
    !> chronolog.h, with its defaults.
    subroutine connect(this, endpoint, program, keys, values, placement, ring_bytes, full_timeout_ms, failover_after_ms, &
        call_timeout_ms, release_timeout_ms, page_bytes, replay_timeout_ms, connect_patience_ms, stat, errmsg)
        class(chronolog_client), intent(inout) :: this
        character(*), intent(in), optional :: endpoint, program, keys(:), values(:)
        integer(int64), intent(in), optional :: placement, ring_bytes, full_timeout_ms, failover_after_ms, call_timeout_ms
        integer(int64), intent(in), optional :: release_timeout_ms, page_bytes, replay_timeout_ms, connect_patience_ms
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        character(kind=c_char), allocatable, target :: storage(:)
        character(:, c_char), allocatable, target :: endpoint_text, program_text
        type(chronolog_attribute), allocatable, target :: attributes(:)
        type(chronolog_options) :: options
        type(c_ptr) :: endpoint_place, handle
        integer(c_int32_t) :: status
        logical :: is_good
        if (this%is_owner) then
            call refuse(chronolog_err_invalid_arg, 'the variable holds a client that is connected', stat, errmsg)
            return
        end if
        call pack_attributes(keys, values, storage, attributes, is_good)
        if (present(endpoint)) is_good = is_good .and. is_clean(endpoint)
        if (present(program)) is_good = is_good .and. is_clean(program)
        if (.not. is_good) then
            call refuse(chronolog_err_invalid_arg, 'a text has a zero, or keys and values do not belong together', &
                stat, errmsg)
            return
        end if
        endpoint_place = c_null_ptr
        if (present(endpoint)) then
            endpoint_text = with_zero(endpoint)
            endpoint_place = c_loc(endpoint_text)
        end if
        if (present(program)) then
            program_text = with_zero(program)
            options%program = c_loc(program_text)
        end if
        options%struct_bytes = storage_size(options, int64)/8
        options%attribute_count = size(attributes, kind=int64)
        if (size(attributes) > 0) options%attributes = c_loc(attributes)
        if (present(placement)) options%placement = placement
        if (present(ring_bytes)) options%ring_bytes = ring_bytes
        if (present(full_timeout_ms)) options%full_timeout_ms = full_timeout_ms
        if (present(failover_after_ms)) options%failover_after_ms = failover_after_ms
        if (present(call_timeout_ms)) options%call_timeout_ms = call_timeout_ms
        if (present(release_timeout_ms)) options%release_timeout_ms = release_timeout_ms
        if (present(page_bytes)) options%page_bytes = page_bytes
        if (present(replay_timeout_ms)) options%replay_timeout_ms = replay_timeout_ms
        if (present(connect_patience_ms)) options%connect_patience_ms = connect_patience_ms
        handle = c_null_ptr
        status = c_connect(endpoint_place, options, handle)
        if (status == chronolog_ok) then
            this%handle = handle
            this%is_owner = .true.
        end if
        call conclude(status, stat, errmsg)
    end subroutine

    !> Leaves the deployment. chronolog_err_acquired while stories are held: the client stays connected.
    subroutine disconnect(this, stat, errmsg)
        class(chronolog_client), intent(inout) :: this
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(c_int32_t) :: status
        status = c_disconnect(this%handle)
        if (status == chronolog_ok) this%is_owner = .false.
        call conclude(status, stat, errmsg)
    end subroutine

    !> Ends the client at once; stories are given back without waiting, replays end. What was recorded stays recorded.
    subroutine abandon(this, stat, errmsg)
        class(chronolog_client), intent(inout) :: this
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        this%is_owner = .false.
        call conclude(c_abandon(this%handle), stat, errmsg)
    end subroutine

    !> The client's number in every event's identity; 0 when it is not connected.
    integer(int64) function id(this)
        class(chronolog_client), intent(in) :: this
        id = 0
        if (c_client_id(this%handle, id) /= chronolog_ok) id = 0
    end function

    !> Now, on the base clock, and how far from it this process may be.
    subroutine now(this, tick, uncertainty_ns, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        integer(int64), intent(out) :: tick
        integer(int64), intent(out), optional :: uncertainty_ns
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(c_int64_t) :: uncertainty
        integer(c_int32_t) :: status
        tick = 0
        uncertainty = 0
        status = c_now(this%handle, tick, uncertainty)
        if (present(uncertainty_ns)) uncertainty_ns = uncertainty
        call conclude(status, stat, errmsg)
    end subroutine

    !> Counts since the client connected.
    subroutine statistics(this, counts, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        type(chronolog_statistics), intent(out) :: counts
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        counts%struct_bytes = storage_size(counts, int64)/8
        call conclude(c_client_statistics(this%handle, counts), stat, errmsg)
    end subroutine

    subroutine create_chronicle(this, chronicle, keys, values, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        character(*), intent(in) :: chronicle
        character(*), intent(in), optional :: keys(:), values(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        character(kind=c_char), allocatable, target :: storage(:)
        type(chronolog_attribute), allocatable :: attributes(:)
        logical :: is_good
        call pack_attributes(keys, values, storage, attributes, is_good)
        if (.not. (is_good .and. is_clean(chronicle))) then
            call refuse_texts(stat, errmsg)
            return
        end if
        call conclude(c_create_chronicle(this%handle, with_zero(chronicle), attributes, size(attributes, kind=int64)), &
            stat, errmsg)
    end subroutine

    !> With all its stories. chronolog_err_acquired while somebody holds one of them.
    subroutine destroy_chronicle(this, chronicle, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        character(*), intent(in) :: chronicle
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        if (.not. is_clean(chronicle)) then
            call refuse_texts(stat, errmsg)
            return
        end if
        call conclude(c_destroy_chronicle(this%handle, with_zero(chronicle)), stat, errmsg)
    end subroutine

    subroutine destroy_story(this, chronicle, story, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        character(*), intent(in) :: chronicle, story
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        if (.not. is_clean(chronicle//story)) then
            call refuse_texts(stat, errmsg)
            return
        end if
        call conclude(c_destroy_story(this%handle, with_zero(chronicle), with_zero(story)), stat, errmsg)
    end subroutine

    !> An attribute of a chronicle. value is not allocated on a failure.
    subroutine get_attribute(this, chronicle, key, value, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        character(*), intent(in) :: chronicle, key
        character(:), allocatable, intent(out) :: value
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        character(:, c_char), allocatable :: buffer
        integer(c_int64_t) :: length
        integer(c_int32_t) :: status
        if (.not. is_clean(chronicle//key)) then
            call refuse_texts(stat, errmsg)
            return
        end if
        length = attribute_bytes
        do ! the value may grow between two looks at it
            allocate (character(length + 1, c_char) :: buffer)
            status = c_get_attribute(this%handle, with_zero(chronicle), with_zero(key), buffer, len(buffer, int64), length)
            if (status /= chronolog_err_limit_exceeded .or. length < len(buffer, int64)) exit
            deallocate (buffer)
        end do
        if (status == chronolog_ok) value = buffer(1:length)
        call conclude(status, stat, errmsg)
    end subroutine

    subroutine set_attribute(this, chronicle, key, value, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        character(*), intent(in) :: chronicle, key, value
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        if (.not. is_clean(chronicle//key//value)) then
            call refuse_texts(stat, errmsg)
            return
        end if
        call conclude(c_set_attribute(this%handle, with_zero(chronicle), with_zero(key), with_zero(value)), stat, errmsg)
    end subroutine

    !> All chronicles' names, each padded to the longest.
    subroutine list_chronicles(this, names, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        character(:), allocatable, intent(out) :: names(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        type(c_ptr) :: list
        integer(c_int32_t) :: status
        list = c_null_ptr
        status = c_list_chronicles(this%handle, list)
        call take_names(status, list, names)
        call conclude(status, stat, errmsg)
    end subroutine

    subroutine list_stories(this, chronicle, names, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        character(*), intent(in) :: chronicle
        character(:), allocatable, intent(out) :: names(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        type(c_ptr) :: list
        integer(c_int32_t) :: status
        if (.not. is_clean(chronicle)) then
            call refuse_texts(stat, errmsg)
            return
        end if
        list = c_null_ptr
        status = c_list_stories(this%handle, with_zero(chronicle), list)
        call take_names(status, list, names)
        call conclude(status, stat, errmsg)
    end subroutine

    !> Acquires a story for recording; it is created if missing, and a missing chronicle too with create_chronicle. keys and
    !> values: the story's attributes then. Again by the same client: the same story.
    subroutine acquire(this, chronicle, name, story, create_chronicle, keys, values, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        character(*), intent(in) :: chronicle, name
        type(chronolog_story), intent(inout) :: story
        logical, intent(in), optional :: create_chronicle
        character(*), intent(in), optional :: keys(:), values(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        character(kind=c_char), allocatable, target :: storage(:)
        type(chronolog_attribute), allocatable :: attributes(:)
        type(c_ptr) :: handle
        integer(c_int32_t) :: status, flags
        logical :: is_good
        call pack_attributes(keys, values, storage, attributes, is_good)
        if (.not. (is_good .and. is_clean(chronicle//name))) then
            call refuse_texts(stat, errmsg)
            return
        end if
        if (story%is_held()) then
            call refuse(chronolog_err_invalid_arg, 'the variable holds a story: release it first', stat, errmsg)
            return
        end if
        flags = 0
        if (present(create_chronicle)) then
            if (create_chronicle) flags = flag_create_chronicle
        end if
        handle = c_null_ptr
        status = c_acquire(this%handle, with_zero(chronicle), with_zero(name), attributes, size(attributes, kind=int64), &
            flags, handle)
        if (status == chronolog_ok) call adopt_story(story, handle)
        call conclude(status, stat, errmsg)
    end subroutine

    !> Opens a replay of [start_tick, end_tick) (default: everything), of at most event_limit events. A replay that the
    !> variable held before is closed.
    subroutine replay(this, chronicle, name, cursor, start_tick, end_tick, event_limit, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        character(*), intent(in) :: chronicle, name
        type(chronolog_replay), intent(inout) :: cursor
        integer(int64), intent(in), optional :: start_tick, end_tick, event_limit
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(c_int64_t) :: first, after, limit
        type(c_ptr) :: handle
        integer(c_int32_t) :: status
        if (.not. is_clean(chronicle//name)) then
            call refuse_texts(stat, errmsg)
            return
        end if
        first = 0
        after = chronolog_forever
        limit = 0
        if (present(start_tick)) first = start_tick
        if (present(end_tick)) after = end_tick
        if (present(event_limit)) limit = event_limit
        handle = c_null_ptr
        status = c_replay_open(this%handle, with_zero(chronicle), with_zero(name), first, after, limit, handle)
        if (status == chronolog_ok) call adopt_replay(cursor, handle, .false.)
        call conclude(status, stat, errmsg)
    end subroutine

    !> Follows a story from from_tick on (default: from its beginning): its events, then what is recorded, each once. mode:
    !> chronolog_ordered (default: in total order, a little behind) or chronolog_immediate. A step with
    !> chronolog_err_partial says that something may be missing as of now: go on asking.
    subroutine playback(this, chronicle, name, cursor, from_tick, mode, stat, errmsg)
        class(chronolog_client), intent(in) :: this
        character(*), intent(in) :: chronicle, name
        type(chronolog_replay), intent(inout) :: cursor
        integer(int64), intent(in), optional :: from_tick
        integer, intent(in), optional :: mode
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(c_int64_t) :: first
        type(c_ptr) :: handle
        integer(c_int32_t) :: status, order
        if (.not. is_clean(chronicle//name)) then
            call refuse_texts(stat, errmsg)
            return
        end if
        first = 0
        order = chronolog_ordered
        if (present(from_tick)) first = from_tick
        if (present(mode)) order = mode
        handle = c_null_ptr
        status = c_playback_open(this%handle, with_zero(chronicle), with_zero(name), first, order, handle)
        if (status == chronolog_ok) call adopt_replay(cursor, handle, .true.)
        call conclude(status, stat, errmsg)
    end subroutine

    subroutine refuse_texts(stat, errmsg)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        call refuse(chronolog_err_invalid_arg, 'a text has a zero, or keys and values do not belong together', stat, errmsg)
    end subroutine

    ! Copies a list's names and frees it.
    subroutine take_names(status, list, names)
        integer(c_int32_t), intent(in) :: status
        type(c_ptr), intent(in) :: list
        character(:), allocatable, intent(out) :: names(:)
        integer(c_int64_t) :: count, i, longest
        integer(c_int32_t) :: freed
        count = 0
        longest = 0
        if (status == chronolog_ok) count = c_list_count(list)
        do i = 1, count
            longest = max(longest, int(c_strlen(c_list_at(list, i - 1)), int64))
        end do
        allocate (character(longest) :: names(count))
        do i = 1, count
            names(i) = text_at(c_list_at(list, i - 1))
        end do
        if (status == chronolog_ok) freed = c_list_free(list)
    end subroutine

    subroutine copy_client(this, other)
        class(chronolog_client), intent(inout) :: this
        type(chronolog_client), intent(in) :: other
        integer(c_int32_t) :: status
        if (c_associated(this%handle, other%handle)) return
        if (this%is_owner) status = c_abandon(this%handle)
        this%handle = other%handle
        this%is_owner = .false.
    end subroutine

    subroutine finish(this)
        type(chronolog_client), intent(inout) :: this
        integer(c_int32_t) :: status
        if (this%is_owner) status = c_abandon(this%handle)
        this%is_owner = .false.
    end subroutine

    !> The library's version, such as '0.1.0'.
    function chronolog_version() result(version)
        character(:), allocatable :: version
        version = text_at(c_version())
    end function

    !> The C interface's version that the library has; this module was made for chronolog_abi_version_built.
    integer function chronolog_abi_version()
        chronolog_abi_version = c_abi_version()
    end function

    !> 'CHRONOLOG_ERR_TIMED_OUT' for chronolog_err_timed_out.
    function chronolog_status_name(status) result(name)
        integer, intent(in) :: status
        character(:), allocatable :: name
        name = text_at(c_status_name(status))
    end function

    !> What the last failed call of this thread had to say.
    function chronolog_last_error() result(message)
        character(:), allocatable :: message
        message = text_at(c_last_error())
    end function
end module
