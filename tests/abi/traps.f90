! Built with -ffpe-trap=invalid,zero,overflow: the library works under the program's traps, and leaves them as they are.
! Its last act is a division by zero, which must end it.
program traps
    use, intrinsic :: iso_fortran_env, only: int64, real64
    use, intrinsic :: ieee_exceptions
    use chronolog
    implicit none
    type(chronolog_client) :: client
    type(chronolog_story) :: story
    type(chronolog_replay) :: replay
    integer(int64), allocatable :: ticks(:)
    integer(int64) :: first
    real(real64) :: zero
    logical :: halts
    call client%connect()
    call client%acquire('fortran traps', 'story', story, create_chronicle=.true.)
    call story%log_event([1.0_real64, 2.0_real64], first)
    call client%replay('fortran traps', 'story', replay, first)
    call replay%read(ticks)
    call replay%close()
    call story%release()
    call client%disconnect()
    call ieee_get_halting_mode(ieee_divide_by_zero, halts)
    if (size(ticks) /= 1 .or. .not. halts) error stop 1
    print '(a)', 'ok'
    flush (6)
    read (*, *) zero
    print *, 1/zero
end program
