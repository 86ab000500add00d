!> Recording into an acquired story.
module chronolog_stories
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: int8, int16, int32, int64, real32, real64
    use chronolog_c
    use chronolog_failures
    implicit none
    private
    public :: chronolog_story, adopt_story

    ! Records that are described to C at a time: 4 KiB of the stack.
    integer, parameter :: batch_records = 256

    !> A story that a client acquired. All procedures may be called by several threads at once. A copy refers to the same
    !> story and does not own it: only the variable that was given to acquire gives the story back when it goes out of scope
    !> (without waiting; call release to wait, and to be told of failures).
    type :: chronolog_story
        private
        type(c_ptr) :: handle = c_null_ptr
        logical :: is_owner = .false.
    contains
        !> call story%log_event(values [, tick, stat, errmsg, at_tick]): records one event. values: character of any length, taken as
        !> it is, trailing blanks and all; or a scalar or contiguous array, up to rank 7, of integer(int8, int16, int32,
        !> int64), real(real32, real64) or complex(real32, real64): its bytes in array element order. An array that is not
        !> contiguous is recorded too, through a copy. tick: nanoseconds since 1970 on the base clock, strictly increasing.
        !> at_tick: a time of the caller's own, within the Keepers' bounds (see chronolog_log_at).
        !> Neither allocates, nor calls the system, nor takes a lock while the ring has room.
        generic, public :: log_event => log_text, &
            log_int8_0, log_int8_1, log_int8_2, log_int8_3, log_int8_4, log_int8_5, log_int8_6, log_int8_7, &
            log_int16_0, log_int16_1, log_int16_2, log_int16_3, log_int16_4, log_int16_5, log_int16_6, log_int16_7, &
            log_int32_0, log_int32_1, log_int32_2, log_int32_3, log_int32_4, log_int32_5, log_int32_6, log_int32_7, &
            log_int64_0, log_int64_1, log_int64_2, log_int64_3, log_int64_4, log_int64_5, log_int64_6, log_int64_7, &
            log_real32_0, log_real32_1, log_real32_2, log_real32_3, log_real32_4, log_real32_5, log_real32_6, &
            log_real32_7, log_real64_0, log_real64_1, log_real64_2, log_real64_3, log_real64_4, log_real64_5, &
            log_real64_6, log_real64_7, log_complex32_0, log_complex32_1, log_complex32_2, log_complex32_3, &
            log_complex32_4, log_complex32_5, log_complex32_6, log_complex32_7, log_complex64_0, log_complex64_1, &
            log_complex64_2, log_complex64_3, log_complex64_4, log_complex64_5, log_complex64_6, log_complex64_7
        !> call story%log_batch(records [, ticks, logged, stat, errmsg]): records several events in few steps, in order.
        !> records: character(:), each element an event, up to its length in lengths where that is given; or a matrix of
        !> integer or real, each column an event. ticks: of each event. logged: how many were recorded, also on a failure.
        generic, public :: log_batch => batch_text, batch_int8, batch_int32, batch_int64, batch_real32, batch_real64
        procedure, public :: flush => flush_story
        procedure, public :: release => release_story
        procedure, public :: id => id_of_story
        procedure, public :: is_held
        generic, public :: assignment(=) => copy_story
        procedure, private :: copy_story
        procedure, private :: log_text, batch_text, batch_int8, batch_int32, batch_int64, batch_real32, batch_real64
        procedure, private :: log_int8_0, log_int8_1, log_int8_2, log_int8_3, log_int8_4, log_int8_5, log_int8_6, log_int8_7
        procedure, private :: log_int16_0, log_int16_1, log_int16_2, log_int16_3, log_int16_4, log_int16_5, log_int16_6
        procedure, private :: log_int32_0, log_int32_1, log_int32_2, log_int32_3, log_int32_4, log_int32_5, log_int32_6
        procedure, private :: log_int64_0, log_int64_1, log_int64_2, log_int64_3, log_int64_4, log_int64_5, log_int64_6
        procedure, private :: log_real32_0, log_real32_1, log_real32_2, log_real32_3, log_real32_4, log_real32_5
        procedure, private :: log_real64_0, log_real64_1, log_real64_2, log_real64_3, log_real64_4, log_real64_5
        procedure, private :: log_complex32_0, log_complex32_1, log_complex32_2, log_complex32_3, log_complex32_4
        procedure, private :: log_complex64_0, log_complex64_1, log_complex64_2, log_complex64_3, log_complex64_4
        procedure, private :: log_int16_7, log_int32_7, log_int64_7, log_real32_6, log_real32_7, log_real64_6, log_real64_7
        procedure, private :: log_complex32_5, log_complex32_6, log_complex32_7
        procedure, private :: log_complex64_5, log_complex64_6, log_complex64_7
        final :: give_back
    end type

contains

    subroutine log_text(this, record, tick, stat, errmsg, at_tick)
        class(chronolog_story), intent(in) :: this
        character(*, c_char), intent(in) :: record
        integer(int64), intent(out), optional :: tick
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(int64), intent(in), optional :: at_tick
        integer(c_int64_t) :: recorded_at
        integer(c_int32_t) :: status
        if (present(at_tick)) then
            recorded_at = at_tick
            status = c_log_text_at(this%handle, at_tick, record, len(record, c_int64_t))
        else
            status = c_log_text(this%handle, record, len(record, c_int64_t), recorded_at)
        end if
        if (present(tick) .and. status == chronolog_ok) tick = recorded_at
        call conclude(status, stat, errmsg)
    end subroutine

    ! What every numeric event comes down to: the bytes at an address.
    subroutine log_bytes(this, address, bytes, tick, stat, errmsg, at_tick)
        class(chronolog_story), intent(in) :: this
        type(c_ptr), intent(in) :: address
        integer(c_int64_t), intent(in) :: bytes
        integer(int64), intent(out), optional :: tick
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(int64), intent(in), optional :: at_tick
        integer(c_int64_t) :: recorded_at
        integer(c_int32_t) :: status
        if (present(at_tick)) then
            recorded_at = at_tick
            status = c_log_at(this%handle, at_tick, address, bytes)
        else
            status = c_log(this%handle, address, bytes, recorded_at)
        end if
        if (present(tick) .and. status == chronolog_ok) tick = recorded_at
        call conclude(status, stat, errmsg)
    end subroutine

    include 'log_numbers.inc'

    subroutine batch_text(this, records, lengths, ticks, logged, stat, errmsg)
        class(chronolog_story), intent(in) :: this
        character(*, c_char), intent(in), contiguous, target :: records(:)
        integer, intent(in), optional :: lengths(:)
        integer(int64), intent(out), optional :: ticks(:)
        integer(int64), intent(out), optional :: logged
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        if (size(records) == 0) then
            call batch_bytes(this, c_null_ptr, 0_int64, 0_int64, lengths, ticks, logged, stat, errmsg)
        else
            call batch_bytes(this, c_loc(records), len(records, int64), size(records, kind=int64), lengths, ticks, &
                logged, stat, errmsg)
        end if
    end subroutine

    ! Equal pieces of memory, one after the other, each an event or the beginning of a piece.
    subroutine batch_bytes(this, address, piece_bytes, count, lengths, ticks, logged, stat, errmsg)
        class(chronolog_story), intent(in) :: this
        type(c_ptr), intent(in) :: address
        integer(int64), intent(in) :: piece_bytes, count
        integer, intent(in), optional :: lengths(:)
        integer(int64), intent(out), optional :: ticks(:)
        integer(int64), intent(out), optional :: logged
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        type(chronolog_record) :: records(batch_records)
        integer(c_int64_t) :: part_ticks(batch_records)
        integer(int64) :: done, part, taken, i
        integer(c_intptr_t) :: first
        integer(c_int32_t) :: status
        if (present(logged)) logged = 0
        if (present(lengths)) then
            if (size(lengths) /= count .or. any(lengths < 0) .or. any(lengths > piece_bytes)) then
                call refuse(chronolog_err_invalid_arg, 'lengths does not fit the records', stat, errmsg)
                return
            end if
        end if
        if (present(ticks)) then
            if (size(ticks, kind=int64) < count) then
                call refuse(chronolog_err_invalid_arg, 'ticks has less elements than there are records', stat, errmsg)
                return
            end if
        end if
        first = transfer(address, first)
        status = chronolog_ok
        done = 0
        do while (done < count .and. status == chronolog_ok)
            part = min(count - done, int(batch_records, int64))
            do i = 1, part
                records(i)%bytes = transfer(first + (done + i - 1)*piece_bytes, c_null_ptr)
                records(i)%length = piece_bytes
                if (present(lengths)) records(i)%length = lengths(done + i)
            end do
            taken = 0
            status = c_log_batch(this%handle, records, part, part_ticks, taken)
            if (present(ticks)) ticks(done + 1:done + taken) = part_ticks(1:taken)
            done = done + taken
        end do
        if (present(logged)) logged = done
        call conclude(status, stat, errmsg)
    end subroutine

    !> Returns when what was recorded through the story before the call has reached the level (default: the chronicle's),
    !> or with chronolog_err_timed_out. timeout_ms: default 30000; 0 only looks; chronolog_forever.
    subroutine flush_story(this, level, timeout_ms, stat, errmsg)
        class(chronolog_story), intent(in) :: this
        integer, intent(in), optional :: level
        integer(int64), intent(in), optional :: timeout_ms
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(c_int64_t) :: wait_ms
        wait_ms = 30000
        if (present(timeout_ms)) wait_ms = timeout_ms
        call conclude(c_flush(this%handle, level_or_default(level), wait_ms), stat, errmsg)
    end subroutine

    !> Waits for the level and gives the story back; where it is not reached the story is still held.
    subroutine release_story(this, level, stat, errmsg)
        class(chronolog_story), intent(inout) :: this
        integer, intent(in), optional :: level
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        integer(c_int32_t) :: status
        status = c_release(this%handle, level_or_default(level))
        if (status == chronolog_ok) this%is_owner = .false.
        call conclude(status, stat, errmsg)
    end subroutine

    integer(c_int32_t) function level_or_default(level)
        integer, intent(in), optional :: level
        level_or_default = chronolog_level_of_chronicle
        if (present(level)) level_or_default = level
    end function

    !> The story's 64-bit id, bit for bit; 0 when it is not held.
    integer(int64) function id_of_story(this)
        class(chronolog_story), intent(in) :: this
        id_of_story = 0
        if (c_story_id(this%handle, id_of_story) /= chronolog_ok) id_of_story = 0
    end function

    logical function is_held(this)
        class(chronolog_story), intent(in) :: this
        integer(c_int64_t) :: id
        is_held = c_story_id(this%handle, id) == chronolog_ok
    end function

    !> The variable now holds the story of the handle. For chronolog_clients only.
    subroutine adopt_story(story, handle)
        type(chronolog_story), intent(inout) :: story
        type(c_ptr), intent(in) :: handle
        story%handle = handle
        story%is_owner = .true.
    end subroutine

    subroutine copy_story(this, other)
        class(chronolog_story), intent(inout) :: this
        type(chronolog_story), intent(in) :: other
        if (c_associated(this%handle, other%handle)) return
        if (this%is_owner) call abandon_story(this)
        this%handle = other%handle
    end subroutine

    subroutine abandon_story(this)
        class(chronolog_story), intent(inout) :: this
        this%is_owner = .false.
        if (c_release(this%handle, chronolog_accepted) /= chronolog_ok) return ! its client has ended: it is given back
    end subroutine

    subroutine give_back(this)
        type(chronolog_story), intent(inout) :: this
        if (this%is_owner) call abandon_story(this)
    end subroutine
end module
