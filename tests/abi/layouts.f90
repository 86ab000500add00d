! Prints the layout of every struct of the module chronolog_c, in the words of layouts.c.
program layouts
    use, intrinsic :: iso_c_binding
    use chronolog_c
    implicit none
    type(chronolog_attribute), target :: attribute
    type(chronolog_options), target :: options
    type(chronolog_statistics), target :: statistics
    type(chronolog_record), target :: record
    type(chronolog_raw_event), target :: event
    type(chronolog_raw_batch), target :: batch
    type(chronolog_raw_gap), target :: gap
    type(c_ptr) :: base

    call begin('attribute', c_loc(attribute), storage_size(attribute))
    call field('attribute', 'key', c_loc(attribute%key))
    call field('attribute', 'value', c_loc(attribute%value))
    call begin('options', c_loc(options), storage_size(options))
    call field('options', 'struct_bytes', c_loc(options%struct_bytes))
    call field('options', 'program', c_loc(options%program))
    call field('options', 'attributes', c_loc(options%attributes))
    call field('options', 'attribute_count', c_loc(options%attribute_count))
    call field('options', 'placement', c_loc(options%placement))
    call field('options', 'ring_bytes', c_loc(options%ring_bytes))
    call field('options', 'full_timeout_ms', c_loc(options%full_timeout_ms))
    call field('options', 'failover_after_ms', c_loc(options%failover_after_ms))
    call field('options', 'call_timeout_ms', c_loc(options%call_timeout_ms))
    call field('options', 'release_timeout_ms', c_loc(options%release_timeout_ms))
    call field('options', 'page_bytes', c_loc(options%page_bytes))
    call field('options', 'replay_timeout_ms', c_loc(options%replay_timeout_ms))
    call field('options', 'connect_patience_ms', c_loc(options%connect_patience_ms))
    call begin('statistics', c_loc(statistics), storage_size(statistics))
    call field('statistics', 'struct_bytes', c_loc(statistics%struct_bytes))
    call field('statistics', 'events_recorded', c_loc(statistics%events_recorded))
    call field('statistics', 'last_tick', c_loc(statistics%last_tick))
    call field('statistics', 'stories_held', c_loc(statistics%stories_held))
    call field('statistics', 'replays_open', c_loc(statistics%replays_open))
    call field('statistics', 'clock_uncertainty_ns', c_loc(statistics%clock_uncertainty_ns))
    call begin('record', c_loc(record), storage_size(record))
    call field('record', 'bytes', c_loc(record%bytes))
    call field('record', 'length', c_loc(record%length))
    call begin('event', c_loc(event), storage_size(event))
    call field('event', 'tick', c_loc(event%tick))
    call field('event', 'client_id', c_loc(event%client_id))
    call field('event', 'record', c_loc(event%record))
    call field('event', 'index', c_loc(event%index))
    call field('event', 'length', c_loc(event%length))
    call begin('batch', c_loc(batch), storage_size(batch))
    call field('batch', 'count', c_loc(batch%count))
    call field('batch', 'ticks', c_loc(batch%ticks))
    call field('batch', 'client_ids', c_loc(batch%client_ids))
    call field('batch', 'indexes', c_loc(batch%indexes))
    call field('batch', 'offsets', c_loc(batch%offsets))
    call field('batch', 'records', c_loc(batch%records))
    call field('batch', 'events', c_loc(batch%events))
    call begin('gap', c_loc(gap), storage_size(gap))
    call field('gap', 'start', c_loc(gap%start))
    call field('gap', 'end', c_loc(gap%end))
    call field('gap', 'reason', c_loc(gap%reason))

contains

    subroutine begin(name, address, bits)
        character(*), intent(in) :: name
        type(c_ptr), intent(in) :: address
        integer, intent(in) :: bits
        base = address
        print '(2a, i0)', name, ' bytes ', bits/8
    end subroutine

    subroutine field(name, its_name, address)
        character(*), intent(in) :: name, its_name
        type(c_ptr), intent(in) :: address
        print '(4a, i0)', name, ' ', its_name, ' ', transfer(address, 0_c_intptr_t) - transfer(base, 0_c_intptr_t)
    end subroutine
end program
