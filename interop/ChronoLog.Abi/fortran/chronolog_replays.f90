!> Replays and playbacks: event by event, batch by batch in place, or all into arrays.
module chronolog_replays
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: int8, int32, int64
    use chronolog_c
    use chronolog_failures
    implicit none
    private
    public :: chronolog_replay, chronolog_batch, chronolog_event, adopt_replay

    !> One event of a replay. bytes points into the replay's memory, valid until its next step. A record of numbers:
    !> values = transfer(event%bytes, values).
    type :: chronolog_event
        integer(int64) :: tick = 0
        integer(int64) :: client = 0
        integer(int32) :: index = 0
        integer(int8), pointer :: bytes(:) => null()
    contains
        procedure :: text => text_of_event
    end type

    !> Events of a replay as columns, in order of (tick, client, index). All point into the replay's memory, valid until its
    !> next step. offsets has count + 1 elements: the record of event i is bytes(offsets(i) + 1 : offsets(i + 1)).
    type :: chronolog_batch
        integer(int64) :: count = 0
        integer(int64), pointer :: ticks(:) => null()
        integer(int64), pointer :: clients(:) => null()
        integer(int32), pointer :: indices(:) => null()
        integer(int64), pointer :: offsets(:) => null()
        integer(int8), pointer :: bytes(:) => null()
    contains
        procedure :: text => text_in_batch
    end type

    !> A replay or a playback that a client opened. One thread at a time, but for cancel. Closed when it goes out of scope; a
    !> copy refers to the same replay and does not close it.
    type :: chronolog_replay
        private
        type(c_ptr) :: handle = c_null_ptr
        logical :: is_owner = .false.
        logical :: is_playback = .false.
        logical :: was_late = .false.
        type(chronolog_batch) :: batch
        integer(int64) :: position = 0
    contains
        procedure, public :: next_batch
        procedure, public :: next_event
        procedure, public :: read => read_columns
        procedure, public :: cancel
        procedure, public :: watermark
        procedure, public :: is_late
        procedure, public :: gap_count
        procedure, public :: gap
        procedure, public :: close => close_replay
        generic, public :: assignment(=) => copy_replay
        procedure, private :: copy_replay
        final :: finish_replay
    end type

contains

    !> The next events. batch%count is 0 at the end. stat: chronolog_err_partial at the end of a replay that may have gaps;
    !> chronolog_err_timed_out when none came within timeout_ms (default: for ever); chronolog_err_cancelled.
    subroutine next_batch(this, batch, timeout_ms, stat, errmsg)
        class(chronolog_replay), intent(inout) :: this
        type(chronolog_batch), intent(out) :: batch
        integer(int64), intent(in), optional :: timeout_ms
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        call conclude(step(this, batch, timeout_ms), stat, errmsg)
    end subroutine

    !> The next event. found is false at the end, where stat is as with next_batch.
    subroutine next_event(this, event, found, timeout_ms, stat, errmsg)
        class(chronolog_replay), intent(inout) :: this
        type(chronolog_event), intent(out) :: event
        logical, intent(out) :: found
        integer(int64), intent(in), optional :: timeout_ms
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(int64) :: i
        integer(c_int32_t) :: status
        status = chronolog_ok
        found = .false.
        if (this%position == this%batch%count) status = step(this, this%batch, timeout_ms)
        if (this%position < this%batch%count) then
            i = this%position + 1
            this%position = i
            event%tick = this%batch%ticks(i)
            event%client = this%batch%clients(i)
            event%index = this%batch%indices(i)
            event%bytes => this%batch%bytes(this%batch%offsets(i) + 1:this%batch%offsets(i + 1))
            found = .true.
        end if
        call conclude(status, stat, errmsg)
    end subroutine

    !> All events that are left, copied into arrays; offsets as in chronolog_batch. Also when the replay ends with a failure
    !> the arrays have what came until then. Not for a playback, which has no end.
    subroutine read_columns(this, ticks, clients, indices, offsets, bytes, stat, errmsg)
        class(chronolog_replay), intent(inout) :: this
        integer(int64), allocatable, intent(out), optional :: ticks(:), clients(:)
        integer(int32), allocatable, intent(out), optional :: indices(:)
        integer(int64), allocatable, intent(out), optional :: offsets(:)
        integer(int8), allocatable, intent(out), optional :: bytes(:)
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(int64), allocatable :: all_ticks(:), all_clients(:), all_offsets(:)
        integer(int32), allocatable :: all_indices(:)
        integer(int8), allocatable :: all_bytes(:)
        type(chronolog_batch) :: batch
        integer(int64) :: count, length, first, part
        integer(c_int32_t) :: status
        allocate (all_ticks(0), all_clients(0), all_indices(0), all_offsets(1), all_bytes(0))
        all_offsets(1) = 0
        count = 0
        length = 0
        do
            status = step(this, batch)
            if (status /= chronolog_ok .or. batch%count == 0) exit
            first = batch%offsets(1)
            part = batch%offsets(batch%count + 1) - first
            call reserve_int64(all_ticks, count + batch%count, count)
            call reserve_int64(all_clients, count + batch%count, count)
            call reserve_int32(all_indices, count + batch%count, count)
            call reserve_int64(all_offsets, count + batch%count + 1, count + 1)
            call reserve_int8(all_bytes, length + part, length)
            all_ticks(count + 1:count + batch%count) = batch%ticks
            all_clients(count + 1:count + batch%count) = batch%clients
            all_indices(count + 1:count + batch%count) = batch%indices
            all_offsets(count + 2:count + 1 + batch%count) = batch%offsets(2:) - first + length
            all_bytes(length + 1:length + part) = batch%bytes(first + 1:first + part)
            count = count + batch%count
            length = length + part
        end do
        if (present(ticks)) ticks = all_ticks(1:count)
        if (present(clients)) clients = all_clients(1:count)
        if (present(indices)) indices = all_indices(1:count)
        if (present(offsets)) offsets = all_offsets(1:count + 1)
        if (present(bytes)) bytes = all_bytes(1:length)
        call conclude(status, stat, errmsg)
    end subroutine

    integer(c_int32_t) function step(this, batch, timeout_ms)
        class(chronolog_replay), intent(inout) :: this
        type(chronolog_batch), intent(inout) :: batch
        integer(int64), intent(in), optional :: timeout_ms
        type(chronolog_raw_batch) :: raw
        type(chronolog_batch) :: none
        integer(c_int64_t) :: wait_ms
        integer(c_int32_t) :: late
        wait_ms = chronolog_forever
        if (present(timeout_ms)) wait_ms = timeout_ms
        this%batch = none ! what it pointed to is gone with this step
        this%position = 0
        batch = none
        late = 0
        if (this%is_playback) then
            step = c_playback_next(this%handle, wait_ms, raw, late)
        else
            step = c_replay_next(this%handle, wait_ms, raw)
        end if
        this%was_late = late /= 0
        if (step /= chronolog_ok .or. raw%count == 0) return
        batch%count = raw%count
        call c_f_pointer(raw%ticks, batch%ticks, [raw%count])
        call c_f_pointer(raw%client_ids, batch%clients, [raw%count])
        call c_f_pointer(raw%indexes, batch%indices, [raw%count])
        call c_f_pointer(raw%offsets, batch%offsets, [raw%count + 1])
        call c_f_pointer(raw%records, batch%bytes, [batch%offsets(raw%count + 1)])
    end function

    !> Ends the replay, from any thread: who waits in it, and every later step, gets chronolog_err_cancelled.
    subroutine cancel(this, stat, errmsg)
        class(chronolog_replay), intent(in) :: this
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        if (this%is_playback) then
            call conclude(c_playback_cancel(this%handle), stat, errmsg)
        else
            call conclude(c_replay_cancel(this%handle), stat, errmsg)
        end if
    end subroutine

    !> Tick below which the story was complete when the deployment stated it last; 0: unknown.
    subroutine watermark(this, tick, stat, errmsg)
        class(chronolog_replay), intent(in) :: this
        integer(int64), intent(out) :: tick
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        tick = 0
        call conclude(c_replay_watermark(this%handle, tick), stat, errmsg)
    end subroutine

    !> Of a playback: whether the events of the last step belong before some that were given already.
    logical function is_late(this)
        class(chronolog_replay), intent(in) :: this
        is_late = this%was_late
    end function

    !> Number of ranges that may be missing; final at the end of the replay.
    subroutine gap_count(this, count, stat, errmsg)
        class(chronolog_replay), intent(in) :: this
        integer(int64), intent(out) :: count
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        count = 0
        call conclude(c_replay_gap_count(this%handle, count), stat, errmsg)
    end subroutine

    !> The place-th such range, from 1 on: [start_tick, end_tick), and why.
    subroutine gap(this, place, start_tick, end_tick, reason, stat, errmsg)
        class(chronolog_replay), intent(in) :: this
        integer(int64), intent(in) :: place
        integer(int64), intent(out) :: start_tick, end_tick
        character(:), allocatable, intent(out), optional :: reason
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        type(chronolog_raw_gap), target :: raw
        integer(c_int32_t) :: status
        status = c_replay_gap(this%handle, place - 1, raw)
        start_tick = raw%start
        end_tick = raw%end
        if (present(reason)) reason = text_at(c_loc(raw%reason))
        call conclude(status, stat, errmsg)
    end subroutine

    !> Ends the replay and frees what the deployment holds for it.
    subroutine close_replay(this, stat, errmsg)
        class(chronolog_replay), intent(inout) :: this
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        call conclude(closed(this), stat, errmsg)
    end subroutine

    integer(c_int32_t) function closed(this)
        class(chronolog_replay), intent(inout) :: this
        type(chronolog_batch) :: none
        this%is_owner = .false.
        this%batch = none
        this%position = 0
        if (this%is_playback) then
            closed = c_playback_close(this%handle)
        else
            closed = c_replay_close(this%handle)
        end if
    end function

    !> The variable now is the replay of the handle. For chronolog_clients only.
    subroutine adopt_replay(replay, handle, is_playback)
        type(chronolog_replay), intent(inout) :: replay
        type(c_ptr), intent(in) :: handle
        logical, intent(in) :: is_playback
        call finish_replay(replay)
        replay%is_playback = is_playback
        replay%handle = handle
        replay%is_owner = .true.
    end subroutine

    subroutine copy_replay(this, other)
        class(chronolog_replay), intent(inout) :: this
        type(chronolog_replay), intent(in) :: other
        integer(c_int32_t) :: status
        if (c_associated(this%handle, other%handle)) return
        if (this%is_owner) status = closed(this)
        this%handle = other%handle
        this%is_playback = other%is_playback
    end subroutine

    subroutine finish_replay(this)
        type(chronolog_replay), intent(inout) :: this
        integer(c_int32_t) :: status
        if (this%is_owner) status = closed(this) ! refused when its client has ended: then it is closed already
    end subroutine

    !> A copy of the record as text; empty where there is no event.
    function text_of_event(this) result(text)
        class(chronolog_event), intent(in) :: this
        character(:, c_char), allocatable :: text
        text = ''
        if (associated(this%bytes)) text = text_of(this%bytes)
    end function

    !> A copy of the record of event i, from 1 on, as text; empty where the batch has no such event.
    function text_in_batch(this, i) result(text)
        class(chronolog_batch), intent(in) :: this
        integer(int64), intent(in) :: i
        character(:, c_char), allocatable :: text
        text = ''
        if (i >= 1 .and. i <= this%count) text = text_of(this%bytes(this%offsets(i) + 1:this%offsets(i + 1)))
    end function

    function text_of(bytes) result(text)
        integer(int8), intent(in) :: bytes(:)
        character(:, c_char), allocatable :: text
        integer :: i
        allocate (character(size(bytes), c_char) :: text)
        do i = 1, size(bytes)
            text(i:i) = achar(iand(int(bytes(i)), 255), c_char)
        end do
    end function

    ! Room for at least `least` elements, of which `used` are kept.
    subroutine reserve_int64(array, least, used)
        integer(int64), allocatable, intent(inout) :: array(:)
        integer(int64), intent(in) :: least, used
        integer(int64), allocatable :: larger(:)
        if (size(array, kind=int64) >= least) return
        allocate (larger(max(least, 2*size(array, kind=int64))))
        larger(1:used) = array(1:used)
        call move_alloc(larger, array)
    end subroutine

    subroutine reserve_int32(array, least, used)
        integer(int32), allocatable, intent(inout) :: array(:)
        integer(int64), intent(in) :: least, used
        integer(int32), allocatable :: larger(:)
        if (size(array, kind=int64) >= least) return
        allocate (larger(max(least, 2*size(array, kind=int64))))
        larger(1:used) = array(1:used)
        call move_alloc(larger, array)
    end subroutine

    subroutine reserve_int8(array, least, used)
        integer(int8), allocatable, intent(inout) :: array(:)
        integer(int64), intent(in) :: least, used
        integer(int8), allocatable :: larger(:)
        if (size(array, kind=int64) >= least) return
        allocate (larger(max(least, 2*size(array, kind=int64))))
        larger(1:used) = array(1:used)
        call move_alloc(larger, array)
    end subroutine
end module
