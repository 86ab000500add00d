! Fortran: records text and numbers of every kind and rank, replays them event by event, in place, and into arrays; then
! everything that must be refused, and what the end of a scope does. Last line "ok".
program record_replay
    use, intrinsic :: iso_fortran_env, only: int8, int16, int32, int64, real32, real64, error_unit
    use, intrinsic :: iso_c_binding, only: c_null_char
    use chronolog
    implicit none
    integer, parameter :: kinds_and_ranks = 18
    type(chronolog_client) :: client
    type(chronolog_story) :: story, unheld
    integer(int64) :: first_tick
    integer :: stat
    character(400) :: errmsg

    call before_connect()
    call client%connect(program='fortran test', keys=['rank', 'job '], values=['0   ', 'test'])
    call check(client%id() /= 0 .and. len(chronolog_version()) > 0, 'connected')
    call check(chronolog_abi_version() == chronolog_abi_version_built, 'one version')
    call directory()
    call client%acquire('fortran', 'story', story, create_chronicle=.true.)
    call check(story%is_held() .and. story%id() /= 0, 'held')
    call numbers()
    call texts()
    call batches()
    call columns()
    call own_times()
    call playback()
    call misuse()
    call scopes()
    call story%flush(chronolog_journaled, timeout_ms=30000_int64)
    call story%flush(chronolog_synced)
    call story%release(stat=stat)
    call check(stat == chronolog_ok .and. .not. story%is_held(), 'released')
    call client%disconnect()
    call client%disconnect(stat, errmsg)
    call check(stat == chronolog_err_no_connection .and. len_trim(errmsg) > 10, 'a closed client')
    print '(a)', 'ok'

contains

    subroutine check(condition, what)
        logical, intent(in) :: condition
        character(*), intent(in) :: what
        if (condition) return
        write (error_unit, '(4a)') 'failed: ', what, '; last error: ', chronolog_last_error()
        error stop 1
    end subroutine

    subroutine before_connect()
        type(chronolog_replay) :: replay
        character(:), allocatable :: names(:)
        integer(int64) :: tick
        call story%log_event('x', stat=stat, errmsg=errmsg)
        call check(stat == chronolog_err_invalid_arg .and. len_trim(errmsg) > 10, 'no story')
        call client%now(tick, stat=stat)
        call check(stat == chronolog_err_invalid_arg .and. tick == 0, 'no client')
        call client%list_chronicles(names, stat)
        call check(stat == chronolog_err_invalid_arg .and. size(names) == 0, 'no list')
        call replay%cancel(stat)
        call check(stat == chronolog_err_invalid_arg, 'no replay')
        ! A defect would wait for an hour.
        call client%connect('tcp://127.0.0.1:1', call_timeout_ms=3600000_int64, connect_patience_ms=200_int64, &
            stat=stat, errmsg=errmsg)
        call check(stat == chronolog_err_no_connection, 'nobody there')
        call check(index(errmsg, '127.0.0.1:1') > 0 .and. index(errmsg, 'nobody listens') > 0, 'who is not there')
        call check(chronolog_status_name(chronolog_err_timed_out) == 'CHRONOLOG_ERR_TIMED_OUT', 'a name')
        call client%connect('tcp://127.0.0.1:1'//c_null_char, stat=stat)
        call check(stat == chronolog_err_invalid_arg, 'a zero')
        call client%connect(keys=['a', 'b'], values=['c'], stat=stat)
        call check(stat == chronolog_err_invalid_arg, 'unequal keys and values')
    end subroutine

    subroutine directory()
        character(:), allocatable :: value, names(:)
        call client%create_chronicle('fortran directory', ['owner      ', 'granularity'], ['me', 'us'])
        call client%create_chronicle('fortran directory', stat=stat, errmsg=errmsg)
        call check(stat == chronolog_err_chronicle_exists .and. index(errmsg, 'fortran directory') > 0, 'exists')
        call client%get_attribute('fortran directory ', 'owner', value)
        call check(value == 'me' .and. len(value) == 2, 'owner')
        call client%set_attribute('fortran directory', 'owner', repeat('o', 3000))
        call client%get_attribute('fortran directory', 'owner', value)
        call check(value == repeat('o', 3000), 'a long value')
        call client%get_attribute('fortran directory', 'missing', value, stat)
        call check(stat == chronolog_err_not_exist .and. .not. allocated(value), 'no such key')
        call client%list_chronicles(names)
        call check(count(names == 'fortran directory') == 1, 'listed')
        call client%list_stories('fortran directory', names)
        call check(size(names) == 0, 'no stories')
        call client%destroy_story('fortran directory', 'none', stat)
        call check(stat == chronolog_err_not_exist, 'no such story')
        call client%destroy_chronicle('fortran directory')
    end subroutine

    subroutine numbers()
        type(chronolog_replay) :: replay
        type(chronolog_event) :: event
        logical :: found
        integer :: i
        integer(int64) :: tick, last
        integer(int32) :: row(6) = [1, 2, 3, 4, 5, 6]
        real(real64) :: block(2, 3, 4), back(24)
        complex(real32) :: waves(3) = [(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)], waves_back(3)
        real(real32) :: deep(1, 2, 1, 2, 1, 2, 1)
        integer(int8) :: none(0, 5)
        block = reshape([(real(i, real64)/3, i=1, 24)], shape(block))
        deep = reshape([(real(i), i=1, 8)], shape(deep))
        call story%log_event(row, tick=first_tick)
        call story%log_event(block)
        call story%log_event(block(:, :, 2:3))     ! contiguous: in place
        call story%log_event(block(1, ::2, ::3))   ! not contiguous: through a copy
        call story%log_event(waves)
        call story%log_event(deep)
        call story%log_event(none)
        call story%log_event(42_int8)
        call story%log_event(42_int16)
        call story%log_event(42_int64)
        call story%log_event(0.5_real32)
        call story%log_event((0.5_real64, -0.5_real64))
        call story%log_event([1_int8, -1_int8])
        call story%log_event([1_int16, -1_int16])
        call story%log_event([1_int64, -1_int64])
        call story%log_event([0.5_real32])
        call story%log_event([(1.0_real64, 2.0_real64)])
        call story%log_event(reshape([1, 2, 3, 4], [2, 2]), tick)
        call client%replay('fortran', 'story', replay, start_tick=first_tick)
        last = 0
        do i = 1, kinds_and_ranks
            call replay%next_event(event, found)
            call check(found .and. event%tick > last .and. event%client == client%id(), 'in order')
            last = event%tick
            select case (i)
            case (1); call check(all(transfer(event%bytes, row) == [1, 2, 3, 4, 5, 6]), 'row')
            case (2); back = transfer(event%bytes, back)
                call check(all(abs(reshape(back, shape(block)) - block) <= 0), 'block')
            case (3); call check(all(abs(transfer(event%bytes, back, 12) - reshape(block(:, :, 2:3), [12])) <= 0), 'slice')
            case (4); call check(all(abs(transfer(event%bytes, back, 4) - reshape(block(1, ::2, ::3), [4])) <= 0), 'stride')
            case (5); waves_back = transfer(event%bytes, waves_back)
                call check(all(abs(waves_back - waves) <= 0), 'complex')
            case (6); call check(all(nint(transfer(event%bytes, [0.0_real32])) == [1, 2, 3, 4, 5, 6, 7, 8]), 'rank 7')
            case (7); call check(size(event%bytes) == 0, 'an empty array')
            case (8); call check(size(event%bytes) == 1 .and. event%bytes(1) == 42, 'int8')
            case (9); call check(size(event%bytes) == 2 .and. transfer(event%bytes, 0_int16) == 42, 'int16')
            case (10); call check(size(event%bytes) == 8 .and. transfer(event%bytes, 0_int64) == 42, 'int64')
            case (11); call check(size(event%bytes) == 4, 'real32')
            case (12); call check(size(event%bytes) == 16, 'complex64')
            case (13); call check(all(event%bytes == [1_int8, -1_int8]), 'int8 array')
            case (14); call check(all(transfer(event%bytes, [0_int16]) == [1_int16, -1_int16]), 'int16 array')
            case (15); call check(all(transfer(event%bytes, [0_int64]) == [1_int64, -1_int64]), 'int64 array')
            case (16); call check(size(event%bytes) == 4, 'real32 array')
            case (17); call check(size(event%bytes) == 16, 'complex64 array')
            case (18); call check(all(transfer(event%bytes, [0]) == [1, 2, 3, 4]) .and. event%tick == tick, 'matrix')
            end select
        end do
        call replay%next_event(event, found)
        call check(.not. found .and. event%text() == '', 'the end')
        call replay%next_event(event, found)
        call check(.not. found, 'the end stays the end')
        call replay%close()
    end subroutine

    subroutine texts()
        type(chronolog_replay) :: replay
        type(chronolog_batch) :: batch
        integer(int64) :: tick, gaps, watermark
        call story%log_event('with blanks  ', tick)
        call story%log_event('')
        call story%log_event('zero '//c_null_char//' inside')
        call client%replay('fortran', 'story', replay, tick, chronolog_forever, 2_int64)
        call replay%next_batch(batch)
        call check(batch%count == 2 .and. batch%text(1_int64) == 'with blanks  ', 'a limit, and blanks')
        call check(len(batch%text(1_int64)) == 13 .and. len(batch%text(2_int64)) == 0, 'lengths')
        call check(batch%text(0_int64) == '' .and. batch%text(3_int64) == '' .and. batch%text(-1_int64) == '', 'no such events')
        call replay%next_batch(batch)
        call check(batch%count == 0, 'the limit')
        call replay%gap_count(gaps)
        call replay%watermark(watermark)
        call check(gaps == 0 .and. watermark >= 0, 'no gaps')
    end subroutine

    subroutine batches()
        integer, parameter :: many = 1000
        type(chronolog_replay) :: replay
        integer(int64) :: ticks(many), logged
        integer(int64), allocatable :: back(:), offsets(:)
        integer(int8), allocatable :: bytes(:)
        character(5) :: words(3) = ['one  ', 'two  ', 'three']
        real(real64) :: samples(3, many)
        integer :: i
        samples = reshape([(real(i, real64), i=1, 3*many)], shape(samples))
        call story%log_batch(samples, ticks, logged)
        call check(logged == many .and. all(ticks(2:) > ticks(:many - 1)), 'a batch of columns')
        call client%replay('fortran', 'story', replay, ticks(1))
        call replay%read(ticks=back, bytes=bytes)
        call check(size(back) == many .and. all(back == ticks), 'its ticks')
        call check(all(nint(transfer(bytes, samples(:, 1))) == [(i, i=1, 3*many)]), 'its numbers')
        call story%log_batch(words, lengths=[3, 3, 5], ticks=ticks, logged=logged)
        call check(logged == 3, 'a batch of words')
        call client%replay('fortran', 'story', replay, ticks(1))
        call replay%read(bytes=bytes, offsets=offsets)
        call check(transfer(bytes, repeat(' ', 11)) == 'onetwothree' .and. all(offsets == [0, 3, 6, 11]), 'words')
        call story%log_batch(words, lengths=[3, 3, 6], logged=logged, stat=stat)
        call check(stat == chronolog_err_invalid_arg .and. logged == 0, 'a length too long')
        call story%log_batch(words, ticks=ticks(1:2), stat=stat)
        call check(stat == chronolog_err_invalid_arg, 'too few ticks')
        call story%log_batch(words(1:0), logged=logged)
        call check(logged == 0, 'an empty batch')
    end subroutine

    subroutine columns()
        integer, parameter :: many = 50000
        type(chronolog_replay) :: replay
        integer(int64), allocatable :: ticks(:), clients(:), offsets(:)
        integer(int32), allocatable :: indices(:)
        integer(int8), allocatable :: bytes(:)
        integer(int64) :: begin
        integer :: i
        call story%log_event(0, begin)
        do i = 1, many - 1
            call story%log_event(i)
        end do
        call client%replay('fortran', 'story', replay, begin)
        call replay%read(ticks, clients, indices, offsets, bytes)
        call check(size(ticks) == many .and. size(indices) == many .and. size(offsets) == many + 1, 'all there')
        call check(all(ticks(2:) > ticks(:many - 1)) .and. all(clients == client%id()), 'in order')
        call check(all(offsets == [(4_int64*i, i=0, many)]), 'offsets')
        call check(all(transfer(bytes, [0]) == [(i, i=0, many - 1)]), 'numbers')
    end subroutine

    subroutine own_times()
        type(chronolog_replay) :: replay
        type(chronolog_event) :: event
        integer(int64) :: at
        logical :: found
        call client%now(at)
        at = at - 1000000000
        call story%log_event('a second ago', at_tick=at)
        call story%log_event([7, 8], at_tick=at + 1)
        call client%replay('fortran', 'story', replay, at, at + 2)
        call replay%next_event(event, found)
        call check(found .and. event%tick == at .and. event%text() == 'a second ago', 'a time of its own')
        call replay%next_event(event, found)
        call check(found .and. event%tick == at + 1 .and. all(transfer(event%bytes, [0]) == [7, 8]), 'numbers with one')
        call story%log_event('never', at_tick=1_int64, stat=stat)
        call check(stat == chronolog_err_limit_exceeded, 'beyond the bounds')
    end subroutine

    subroutine playback()
        type(chronolog_replay) :: follower
        type(chronolog_event) :: event
        logical :: found
        integer(int64) :: tick
        call story%log_event('before', tick)
        call client%playback('fortran', 'story', follower, tick, chronolog_immediate)
        call follower%next_event(event, found, 60000_int64)
        call check(found .and. event%text() == 'before', 'what was there')
        call follower%next_event(event, found, 50_int64, stat)
        call check(stat == chronolog_err_timed_out .and. .not. found, 'nothing yet')
        call story%log_event('after', tick)
        call follower%next_event(event, found, 60000_int64)
        call check(found .and. event%text() == 'after' .and. event%tick == tick, 'what came')
        call check(.not. follower%is_late(), 'in time')
        call follower%cancel()
        call follower%next_event(event, found, stat=stat)
        call check(stat == chronolog_err_cancelled, 'cancelled')
    end subroutine

    subroutine misuse()
        type(chronolog_replay) :: replay
        type(chronolog_statistics) :: counts
        integer(int64) :: gap_start, gap_end
        integer(int8), allocatable :: long(:)
        call client%acquire('fortran', 'other', story, stat=stat)
        call check(stat == chronolog_err_invalid_arg .and. story%is_held(), 'a variable that holds one')
        call client%acquire('nowhere', 'other', unheld, stat=stat)
        call check(stat == chronolog_err_not_exist .and. .not. unheld%is_held(), 'no such chronicle')
        call client%replay('fortran', 'story', replay, 2_int64, 1_int64, stat=stat)
        call check(stat == chronolog_err_invalid_arg, 'a range that starts after its end')
        call client%replay('fortran', 'no story', replay, stat=stat)
        call check(stat == chronolog_err_not_exist, 'no such story')
        call client%replay('fortran', 'story', replay, 0_int64, 0_int64)
        call replay%gap(1_int64, gap_start, gap_end, stat=stat)
        call check(stat == chronolog_err_not_exist, 'no gap')
        call replay%close()
        call replay%close(stat)
        call check(stat == chronolog_err_invalid_arg, 'closed')
        allocate (long(chronolog_record_bytes_max + 1))
        long = 0
        call story%log_event(long, stat=stat)
        call check(stat == chronolog_err_limit_exceeded, 'too long')
        call story%flush(17, stat=stat)
        call check(stat == chronolog_err_invalid_arg, 'no level')
        call client%disconnect(stat)
        call check(stat == chronolog_err_acquired, 'a story is held')
        call client%connect(stat=stat)
        call check(stat == chronolog_err_invalid_arg, 'connected already')
        call client%statistics(counts)
        call check(counts%stories_held == 1 .and. counts%events_recorded > 50000, 'counts')
    end subroutine

    subroutine scopes()
        type(chronolog_statistics) :: counts
        call in_a_scope()
        call client%statistics(counts)
        call check(counts%stories_held == 1 .and. counts%replays_open == 0, 'what the end of a scope gave back')
    end subroutine

    subroutine in_a_scope()
        type(chronolog_story) :: short, copy
        type(chronolog_replay) :: replay
        type(chronolog_statistics) :: counts
        call client%acquire('fortran', 'short', short)
        copy = short
        call copy%log_event('through a copy')
        call client%replay('fortran', 'short', replay)
        call client%statistics(counts)
        call check(counts%stories_held == 2 .and. counts%replays_open == 1, 'within the scope')
    end subroutine
end program
