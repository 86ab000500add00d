program consumer
    use, intrinsic :: iso_fortran_env, only: int64
    use chronolog
    implicit none
    type(chronolog_client) :: client
    type(chronolog_story) :: story
    type(chronolog_replay) :: replay
    type(chronolog_event) :: event
    character(100) :: chronicle
    integer(int64) :: tick
    logical :: found
    call get_command_argument(1, chronicle)
    call client%connect()
    call client%acquire(chronicle, 'story', story, create_chronicle=.true.)
    call story%log_event('hello', tick)
    call client%replay(chronicle, 'story', replay, tick, tick + 1)
    call replay%next_event(event, found)
    if (found) print '(a)', event%text()
    call replay%close()
    call story%release()
    call client%disconnect()
end program
