! chronolog_bench_write: the write phase of the benchmark, in Fortran.
!
!   gfortran -O2 chronolog_bench_write.f90 $(pkg-config --cflags --libs chronolog-fortran) -o chronolog_bench_write
!   mpirun -n 4 ./chronolog_bench_write -h 1 -t 2 -a 100 -n 100000
!
! Takes rank and size from what mpirun or srun puts into the environment: MPI itself is not needed, and so there is no
! barrier between the processes. Each process records into its own stories, or with -o all into the same ones, and prints
! one line; -p FILE appends it there as CSV as well.
program chronolog_bench_write
    use, intrinsic :: iso_fortran_env, only: int64, real64, error_unit
    use chronolog
    implicit none

    integer, parameter :: samples_max = 1000000

    type :: bench_options
        character(256) :: endpoint = '', report = ''
        integer(int64) :: chronicles = 1, stories = 1, events = 10000, interval_us = 0
        integer(int64) :: bytes_mean = 100, bytes_min = -1, bytes_max = -1
        logical :: is_shared = .false.
    end type

    type(bench_options) :: options
    type(chronolog_client) :: client
    type(chronolog_story), allocatable :: stories(:)
    real(real64), allocatable :: costs_ns(:)
    integer(int64) :: recorded, bytes, begin, middle, end, rate
    integer :: rank, ranks

    call read_options()
    rank = from_environment([character(32) :: 'OMPI_COMM_WORLD_RANK', 'PMIX_RANK', 'PMI_RANK', 'SLURM_PROCID'], 0)
    ranks = from_environment([character(32) :: 'OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'SLURM_NTASKS'], 1)
    if (len_trim(options%endpoint) > 0) then
        call client%connect(trim(options%endpoint), program='chronolog_bench_write', keys=['rank'], values=[text_of(rank)])
    else
        call client%connect(program='chronolog_bench_write', keys=['rank'], values=[text_of(rank)])
    end if
    call acquire_stories()
    allocate (costs_ns(min(int(samples_max, int64), options%events*size(stories))))
    call system_clock(begin, rate)
    call write_events()
    call system_clock(middle)
    call release_stories()
    call system_clock(end)
    call report()
    call client%disconnect()

contains

    subroutine read_options()
        character(256) :: flag, value
        integer :: i
        i = 1
        do while (i <= command_argument_count())
            call get_command_argument(i, flag)
            if (flag == '-o') then
                options%is_shared = .true.
                i = i + 1
                cycle
            end if
            if (flag == '--help' .or. i == command_argument_count()) call usage(flag)
            call get_command_argument(i + 1, value)
            i = i + 2
            select case (flag)
            case ('-c'); options%endpoint = value
            case ('-p'); options%report = value
            case ('-h'); options%chronicles = number_of(flag, value, 1_int64, 1000_int64)
            case ('-t'); options%stories = number_of(flag, value, 1_int64, 1000_int64)
            case ('-a'); options%bytes_mean = number_of(flag, value, 0_int64, 1048576_int64)
            case ('-s'); options%bytes_min = number_of(flag, value, 0_int64, 1048576_int64)
            case ('-b'); options%bytes_max = number_of(flag, value, 0_int64, 1048576_int64)
            case ('-n'); options%events = number_of(flag, value, 1_int64, 10000000000_int64)
            case ('-g'); options%interval_us = number_of(flag, value, 0_int64, 1000000000_int64)
            case default; call usage(flag)
            end select
        end do
        ! One bound alone: the other one lies as far from the mean. None: all have the mean.
        if (options%bytes_min < 0 .and. options%bytes_max < 0) options%bytes_min = options%bytes_mean
        if (options%bytes_min < 0) options%bytes_min = max(0_int64, 2*options%bytes_mean - options%bytes_max)
        if (options%bytes_max < 0) options%bytes_max = 2*options%bytes_mean - options%bytes_min
        if (options%bytes_min > options%bytes_max) call usage('-s')
    end subroutine

    subroutine usage(flag)
        character(*), intent(in) :: flag
        integer :: unit
        unit = error_unit
        if (flag == '--help') unit = 6
        write (unit, '(a)') 'usage: chronolog_bench_write [-c ENDPOINT] [-h CHRONICLES] [-t STORIES] [-n EVENTS] [-o]'
        write (unit, '(a)') '    [-a MEAN_BYTES] [-s MIN_BYTES] [-b MAX_BYTES] [-g INTERVAL_US] [-p REPORT_FILE]'
        write (unit, '(a)') '  EVENTS per story and process; their sizes go evenly from MIN to MAX; -o: one set of stories for all'
        if (flag == '--help') stop
        write (unit, '(2a)') 'chronolog_bench_write: not understood: ', trim(flag)
        flush (unit)
        stop 2
    end subroutine

    integer(int64) function number_of(flag, value, least, most)
        character(*), intent(in) :: flag, value
        integer(int64), intent(in) :: least, most
        integer :: stat
        read (value, *, iostat=stat) number_of
        if (stat /= 0) call usage(trim(flag)//' '//value)
        if (number_of < least .or. number_of > most) call usage(trim(flag)//' '//value)
    end function

    ! The first variable that is a number.
    integer function from_environment(names, fallback)
        character(*), intent(in) :: names(:)
        integer, intent(in) :: fallback
        character(32) :: value
        integer :: i, stat, status
        do i = 1, size(names)
            call get_environment_variable(trim(names(i)), value, status=status)
            if (status /= 0) cycle
            read (value, *, iostat=stat) from_environment
            if (stat == 0) return
        end do
        from_environment = fallback
    end function

    function text_of(number) result(text)
        integer, intent(in) :: number
        character(12) :: text
        write (text, '(i0)') number
    end function

    subroutine acquire_stories()
        integer :: chronicle, story
        character(64) :: name
        allocate (stories(options%chronicles*options%stories))
        do chronicle = 0, int(options%chronicles) - 1
            do story = 0, int(options%stories) - 1
                name = 'story-'//text_of(story)
                if (.not. options%is_shared) name = trim(name)//'.rank-'//text_of(rank)
                call client%acquire('bench-'//text_of(chronicle), name, &
                    stories(chronicle*options%stories + story + 1), create_chronicle=.true.)
            end do
        end do
    end subroutine

    subroutine write_events()
        character(options%bytes_max) :: payload
        integer(int64) :: event, length, before, after, next
        integer :: story
        payload = repeat('x', int(options%bytes_max))
        recorded = 0
        bytes = 0
        call system_clock(next)
        after = next
        do event = 0, options%events - 1
            do story = 1, size(stories)
                length = options%bytes_min + mod(event, options%bytes_max - options%bytes_min + 1)
                call system_clock(before)
                call stories(story)%log_event(payload(1:length))
                call system_clock(after)
                recorded = recorded + 1
                bytes = bytes + length
                costs_ns(mod(recorded - 1, size(costs_ns, kind=int64)) + 1) = real(after - before, real64)*1d9/real(rate, real64)
            end do
            if (options%interval_us > 0) then
                next = next + options%interval_us*rate/1000000
                do while (after < next)
                    call system_clock(after)
                end do
            end if
        end do
    end subroutine

    subroutine release_stories()
        integer :: story
        do story = 1, size(stories)
            call stories(story)%release()
        end do
    end subroutine

    subroutine report()
        real(real64) :: seconds
        integer :: unit
        logical :: exists
        seconds = max(real(middle - begin, real64)/real(rate, real64), 1d-9)
        call sort(costs_ns)
        print '(a, i0, a, i0, a, i0, a, f0.0, a, f0.3, a, f0.0, a, f0.0, a, f0.3, a)', 'rank ', rank, ' of ', ranks, ': ', &
            recorded, ' events, ', real(recorded, real64)/seconds, ' events/s, ', real(bytes, real64)/seconds/1d9, &
            ' GB/s, log_event median ', at(0.5d0), ' ns, 99th percentile ', at(0.99d0), ' ns, release ', &
            real(end - middle, real64)/real(rate, real64), ' s'
        if (len_trim(options%report) == 0) return
        inquire (file=options%report, exist=exists)
        open (newunit=unit, file=options%report, position='append', action='write')
        if (.not. exists) write (unit, '(a)') 'rank,ranks,events,bytes,seconds,release_seconds,median_ns,p99_ns'
        write (unit, '(2(i0, ","), 2(i0, ","), 2(f0.9, ","), f0.1, ",", f0.1)') rank, ranks, recorded, bytes, seconds, &
            real(end - middle, real64)/real(rate, real64), at(0.5d0), at(0.99d0)
        close (unit)
    end subroutine

    real(real64) function at(part)
        real(real64), intent(in) :: part
        at = costs_ns(min(size(costs_ns), 1 + int(part*size(costs_ns))))
    end function

    ! Heap sort: the standard has none.
    subroutine sort(values)
        real(real64), intent(inout) :: values(:)
        integer :: i
        real(real64) :: last
        do i = size(values)/2, 1, -1
            call sink(values, i, size(values))
        end do
        do i = size(values), 2, -1
            last = values(i)
            values(i) = values(1)
            values(1) = last
            call sink(values, 1, i - 1)
        end do
    end subroutine

    subroutine sink(values, from, count)
        real(real64), intent(inout) :: values(:)
        integer, intent(in) :: from, count
        integer :: place, child
        real(real64) :: value
        place = from
        value = values(from)
        do
            child = 2*place
            if (child > count) exit
            if (child < count) then
                if (values(child + 1) > values(child)) child = child + 1
            end if
            if (values(child) <= value) exit
            values(place) = values(child)
            place = child
        end do
        values(place) = value
    end subroutine
end program
