!> ChronoLog's Fortran interface: record timestamped events into named stories, replay any time range in one total order.
!>
!>     use chronolog
!>     type(chronolog_client) :: client
!>     type(chronolog_story) :: story
!>     call client%connect()
!>     call client%acquire('simulation', 'rank-0', story, create_chronicle=.true.)
!>     call story%log_event('step 1 done')
!>     call story%log_event(temperature)          ! an array of any rank up to 7
!>     call story%release()
!>     call client%disconnect()
!>
!> Failures are told by the language's habit: with stat= a call returns and stat is chronolog_ok (0) or one of the negative
!> chronolog_err_..., errmsg= then says what went wrong and what to do; without stat= the program ends with that message.
module chronolog
    use chronolog_c, only: chronolog_ok, chronolog_err_unknown, chronolog_err_invalid_arg, chronolog_err_not_exist, &
        chronolog_err_acquired, chronolog_err_not_acquired, chronolog_err_chronicle_exists, chronolog_err_no_keepers, &
        chronolog_err_no_connection, chronolog_err_not_authorized, chronolog_err_no_players, &
        chronolog_err_not_reader_mode, chronolog_err_timed_out, chronolog_err_protocol_version_mismatch, &
        chronolog_err_partial, chronolog_err_limit_exceeded, chronolog_err_no_space, chronolog_err_corrupt, &
        chronolog_err_cancelled, chronolog_err_internal, chronolog_err_fenced, chronolog_err_not_supported, &
        chronolog_err_forked, chronolog_err_no_library, chronolog_local_first, chronolog_round_robin, &
        chronolog_level_of_chronicle, chronolog_accepted, chronolog_journaled, chronolog_synced, chronolog_replicated, &
        chronolog_archived, chronolog_ordered, chronolog_immediate, chronolog_forever, chronolog_record_bytes_max, &
        chronolog_statistics, chronolog_abi_version_built
    use chronolog_stories, only: chronolog_story
    use chronolog_replays, only: chronolog_replay, chronolog_batch, chronolog_event
    use chronolog_clients, only: chronolog_client, chronolog_version, chronolog_abi_version, chronolog_status_name, &
        chronolog_last_error
    implicit none
    public
end module
