!> chronolog-bench-fortran: the write phase of chronolog-bench by the Fortran module, with the same options. What it records,
!> sizes and bytes and names, is what chronolog-bench would, so that `chronolog-bench -r --verify` checks every event of it.
!>
!>   mpirun -n 4 chronolog-bench-fortran -t 2 -s 100 -n 100000 -p
!>
!> Takes rank and size from what mpirun or srun puts into the environment: MPI itself is not needed, and so one program serves
!> every MPI, and there is no barrier between the processes. Each prints a line of its own.
program chronolog_bench
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: int8, int64, real64, error_unit, output_unit
    use chronolog
    implicit none

    integer, parameter :: samples_max = 1000000, stories_max = 100000
    integer(int64), parameter :: record_bytes_max = 16777216, count_max = 4294967295_int64, interval_max = 3600000000_int64

    type :: bench_options
        character(1024) :: endpoint = '', prefix = 'bench', payload_file = ''
        integer(int64) :: chronicles = 1, stories = 1, events = 1, interval_us = 0, seed = 1
        integer(int64) :: bytes_min = -1, bytes_mean = -1, bytes_max = -1
        logical :: is_shared = .false., is_reported = .false.
    end type

    !> payload_source and payload of bench/parallel/payload.h: events are drawn by the same C as chronolog-bench's.
    type, bind(c) :: payload_source
        integer(c_int64_t) :: seed, size_min, size_average, size_max
    end type
    type, bind(c) :: payload
        type(c_ptr) :: bytes
        integer(c_int64_t) :: length
    end type

    !> A story, and what stands of it in the manifest.
    type :: written
        type(chronolog_story) :: handle
        character(160) :: name
        integer(int64) :: chronicle, index, events = 0, tick_hash = 0
    end type

    interface
        integer(c_int) function payload_prepare(file) bind(c)
            import :: c_int, c_ptr
            type(c_ptr), value :: file
        end function
        type(payload) function payload_of(source, rank, story, number) bind(c)
            import :: payload, payload_source, c_int64_t
            type(payload_source), intent(in) :: source
            integer(c_int64_t), value :: rank, story, number
        end function
        integer(c_int64_t) function payload_ring_bytes(size_max) bind(c)
            import :: c_int64_t
            integer(c_int64_t), value :: size_max
        end function
        integer(c_int64_t) function payload_file_mark() bind(c)
            import :: c_int64_t
        end function
        integer(c_int64_t) function payload_step(hash, tick) bind(c)
            import :: c_int64_t
            integer(c_int64_t), value :: hash, tick
        end function
    end interface

    type(bench_options) :: options
    type(payload_source) :: source
    type(chronolog_client) :: client
    type(written), allocatable :: stories(:)
    real(real64), allocatable :: costs_ns(:)
    integer(int64) :: bytes, begin, middle, end, rate
    integer :: rank, ranks

    call read_options()
    rank = from_environment([character(32) :: 'OMPI_COMM_WORLD_RANK', 'PMIX_RANK', 'PMI_RANK', 'SLURM_PROCID'], 0)
    ranks = from_environment([character(32) :: 'OMPI_COMM_WORLD_SIZE', 'PMI_SIZE', 'SLURM_STEP_NUM_TASKS'], 1)
    call prepare_payload()
    if (len_trim(options%endpoint) > 0) then
        call client%connect(trim(options%endpoint), program='chronolog-bench-fortran', &
                            ring_bytes=payload_ring_bytes(options%bytes_max))
    else
        call client%connect(program='chronolog-bench-fortran', ring_bytes=payload_ring_bytes(options%bytes_max))
    end if
    call acquire_stories()
    allocate (costs_ns(max(1_int64, min(int(samples_max, int64), options%events))))
    call system_clock(begin, rate)
    call write_events()
    call system_clock(middle)
    call release_stories()
    call system_clock(end)
    call leave_manifest()
    call client%disconnect()
    if (options%is_reported) call report()

contains

    subroutine read_options()
        character(1024) :: flag
        integer :: i
        i = 1
        do while (i <= command_argument_count())
            call get_command_argument(i, flag)
            select case (flag)
            case ('--help'); call help()
            case ('-w', '--write') ! there is nothing else
            case ('-o', '--shared-story'); options%is_shared = .true.
            case ('-p', '--report'); options%is_reported = .true.
            case ('--endpoint'); options%endpoint = value_of(flag, i)
            case ('--prefix'); options%prefix = value_of(flag, i)
            case ('-f', '--payload-file'); options%payload_file = value_of(flag, i)
            case ('-h', '--chronicles'); options%chronicles = number_of(flag, i, 1_int64, 1000_int64)
            case ('-t', '--stories'); options%stories = number_of(flag, i, 1_int64, int(stories_max, int64))
            case ('-n', '--events'); options%events = number_of(flag, i, 0_int64, count_max)
            case ('-a', '--min-size'); options%bytes_min = number_of(flag, i, 0_int64, record_bytes_max)
            case ('-s', '--average-size'); options%bytes_mean = number_of(flag, i, 0_int64, record_bytes_max)
            case ('-b', '--max-size'); options%bytes_max = number_of(flag, i, 0_int64, record_bytes_max)
            case ('-g', '--interval'); options%interval_us = number_of(flag, i, 0_int64, interval_max)
            case ('--seed'); options%seed = number_of(flag, i, 0_int64, huge(0_int64))
            case default; call refuse("'"//trim(flag)//"' is no option")
            end select
            i = i + 1
        end do
        if (len_trim(options%prefix) == 0 .or. len_trim(options%prefix) > 100 .or. index(trim(options%prefix), ' ') > 0) &
            call refuse('--prefix: expected 1 .. 100 bytes without white space')
        call settle_sizes()
    end subroutine

    ! Sizes that were not given follow those that were, as in chronolog-bench.
    subroutine settle_sizes()
        if (options%bytes_mean < 0) then
            if (options%bytes_min >= 0 .and. options%bytes_max >= 0) then
                options%bytes_mean = (options%bytes_min + options%bytes_max)/2
            else
                options%bytes_mean = max(options%bytes_min, 256_int64)
                if (options%bytes_max >= 0) options%bytes_mean = min(options%bytes_max, options%bytes_mean)
            end if
        end if
        if (options%bytes_min < 0) options%bytes_min = options%bytes_mean
        if (options%bytes_max < 0) options%bytes_max = options%bytes_mean
        if (options%bytes_min > options%bytes_mean .or. options%bytes_mean > options%bytes_max) &
            call refuse('expected min-size <= average-size <= max-size')
    end subroutine

    subroutine help()
        write (output_unit, '(a)') &
            'usage: [mpirun -n N] chronolog-bench-fortran [OPTIONS]', &
            'Records events into a running deployment from every rank, as chronolog-bench -w does, by the Fortran module.', &
            'chronolog-bench -r --verify checks them.', '', &
            '  -w, --write            accepted: there is nothing else', &
            '      --endpoint E       tcp://ADDRESS:PORT of the Visor''s portal; default: $CHRONOLOG_ENDPOINT', &
            '  -h, --chronicles N     chronicles, 1..1000 (1)', &
            '  -t, --stories N        stories in each chronicle, for each process or shared ones (1)', &
            '  -o, --shared-story     all processes record into the same stories', &
            '  -n, --events N         events per process, over its stories in turn (1)', &
            '  -a, --min-size B       least, average and greatest bytes of an event, 0..16777216 (256, all the same)', &
            '  -s, --average-size B', &
            '  -b, --max-size B', &
            '  -f, --payload-file F   events are the lines of a file, in turn', &
            '  -g, --interval US      microseconds from one event to the next (0: as fast as it goes)', &
            '  -p, --report           every process prints a line: rates and latencies', &
            '      --seed N           of sizes and bytes (1)', &
            '      --prefix NAME      chronicles are NAME-0, NAME-1, ... (bench)', &
            '      --help', &
            'Exit status: 0 done, 1 failed, 2 usage.'
        stop
    end subroutine

    ! One process speaks for all, as they were all started with the same words.
    subroutine refuse(reason)
        character(*), intent(in) :: reason
        if (from_environment([character(32) :: 'OMPI_COMM_WORLD_RANK', 'PMIX_RANK', 'PMI_RANK', 'SLURM_PROCID'], 0) == 0) then
            write (error_unit, '(3a)') 'chronolog-bench-fortran: ', reason, '; see --help'
            flush (error_unit)
        end if
        call leave(2)
    end subroutine

    ! `stop 2` prints a line of its own.
    subroutine leave(status)
        integer, intent(in) :: status
        interface
            subroutine c_exit(status) bind(c, name='exit')
                import :: c_int
                integer(c_int), value :: status
            end subroutine
        end interface
        call c_exit(int(status, c_int))
    end subroutine

    function value_of(flag, i) result(value)
        character(*), intent(in) :: flag
        integer, intent(inout) :: i
        character(1024) :: value
        i = i + 1
        if (i > command_argument_count()) call refuse(trim(flag)//': its value is missing')
        call get_command_argument(i, value)
    end function

    integer(int64) function number_of(flag, i, least, most) result(number)
        character(*), intent(in) :: flag
        integer, intent(inout) :: i
        integer(int64), intent(in) :: least, most
        character(1024) :: value
        character(100) :: range
        integer :: stat
        value = value_of(flag, i)
        number = -1
        stat = verify(trim(value), '0123456789')
        if (stat == 0 .and. len_trim(value) > 0) read (value, *, iostat=stat) number
        write (range, '(a, i0, a, i0)') 'expected a number from ', least, ' to ', most
        if (stat /= 0 .or. number < least .or. number > most) call refuse(trim(flag)//" '"//trim(value)//"': "//trim(range))
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
        integer(int64), intent(in) :: number
        character(:), allocatable :: text
        character(20) :: digits
        write (digits, '(i0)') number
        text = trim(digits)
    end function

    subroutine prepare_payload()
        character(kind=c_char, len=:), allocatable, target :: file
        type(c_ptr) :: place
        place = c_null_ptr
        if (len_trim(options%payload_file) > 0) then
            file = trim(options%payload_file)//c_null_char
            place = c_loc(file)
        end if
        if (payload_prepare(place) /= 0) call leave(1)
        source = payload_source(options%seed, options%bytes_min, options%bytes_mean, options%bytes_max)
    end subroutine

    function chronicle_of(number) result(name)
        integer(int64), intent(in) :: number
        character(:), allocatable :: name
        name = trim(options%prefix)//'-'//text_of(number)
    end function

    subroutine acquire_stories()
        integer(int64) :: i
        allocate (stories(options%chronicles*options%stories))
        do i = 0, size(stories, kind=int64) - 1
            associate (story => stories(i + 1))
                story%index = i
                story%chronicle = i/options%stories
                story%name = 'story-'//text_of(mod(i, options%stories))
                if (.not. options%is_shared) story%name = trim(story%name)//'-rank-'//text_of(int(rank, int64))
                call client%acquire(chronicle_of(story%chronicle), story%name, story%handle, create_chronicle=.true.)
            end associate
        end do
    end subroutine

    subroutine write_events()
        type(payload) :: event
        integer(int8), pointer, contiguous :: record(:)
        integer(int64) :: number, before, after, next, tick
        bytes = 0
        call system_clock(next)
        do number = 0, options%events - 1
            associate (story => stories(mod(number, size(stories, kind=int64)) + 1))
                event = payload_of(source, int(rank, int64), story%index, story%events)
                call c_f_pointer(event%bytes, record, [event%length])
                call system_clock(before)
                call story%handle%log_event(record, tick)
                call system_clock(after)
                costs_ns(mod(number, size(costs_ns, kind=int64)) + 1) = real(after - before, real64)*1d9/real(rate, real64)
                story%tick_hash = payload_step(story%tick_hash, tick)
                story%events = story%events + 1
                bytes = bytes + event%length
            end associate
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
            call stories(story)%handle%release()
        end do
    end subroutine

    ! As manifest.c writes and reads it.
    subroutine leave_manifest()
        type(chronolog_story) :: manifest
        character(512) :: row
        integer :: i
        call client%acquire(chronicle_of(0_int64), 'manifest', manifest)
        do i = 1, size(stories)
            write (row, '(a, i0, 2a, 5(a, i0), 2(1x, i0), a, z0, a, i0, a, z0)') 'chronicle ', stories(i)%chronicle, &
                ' story ', trim(stories(i)%name), ' client ', client%id(), ' rank ', rank, ' index ', stories(i)%index, &
                ' seed ', source%seed, ' sizes ', source%size_min, source%size_average, source%size_max, &
                ' file ', payload_file_mark(), ' events ', stories(i)%events, ' ticks ', stories(i)%tick_hash
            call manifest%log_event(trim(row))
        end do
        call manifest%release()
    end subroutine

    subroutine report()
        character(*), parameter :: row = '(5(a, i0), a, f0.0, a, f0.6, 3(a, f0.0), a, f0.6, a)'
        real(real64) :: seconds
        integer(int64) :: samples
        seconds = max(real(middle - begin, real64)/real(rate, real64), 1d-9)
        samples = min(options%events, size(costs_ns, kind=int64))
        call sort(costs_ns(:samples))
        print row, 'rank ', rank, ' of ', ranks, ': ', options%events, ' events, ', bytes, ' bytes, ', size(stories), &
            ' stories, ', &
            real(options%events, real64)/seconds, ' events/s, ', real(bytes, real64)/seconds/1d6, ' MB/s, ns of an event: p50 ', &
            at(0.5d0, samples), ' p99 ', at(0.99d0, samples), ' max ', at(1d0, samples), ', release ', &
            real(end - middle, real64)/real(rate, real64), ' s'
    end subroutine

    real(real64) function at(part, samples)
        real(real64), intent(in) :: part
        integer(int64), intent(in) :: samples
        at = 0
        if (samples > 0) at = costs_ns(min(samples, 1 + int(part*samples, int64)))
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
