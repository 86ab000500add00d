! Without stat= a failure ends the program: exit status 1, and the message on standard error.
program stops
    use chronolog
    implicit none
    type(chronolog_client) :: client
    call client%connect()
    call client%destroy_chronicle('no such chronicle')
    print '(a)', 'went on'
end program
