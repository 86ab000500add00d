! Prints the layout of every struct of the module chronolog_c, in the words of layouts.c; all integers have a sign here.
program layouts
    use, intrinsic :: iso_c_binding
    use chronolog_c
    implicit none
    interface field
        procedure :: field_int64, field_int32, field_pointer, field_text
    end interface
    type(chronolog_attribute), target :: attribute
    type(chronolog_options), target :: options
    type(chronolog_statistics), target :: statistics
    type(chronolog_record), target :: record
    type(chronolog_raw_event), target :: event
    type(chronolog_raw_batch), target :: batch
    type(chronolog_raw_gap), target :: gap
    type(c_ptr) :: base

    call begin('attribute', c_loc(attribute), storage_size(attribute))
    call field('attribute', 'key', attribute%key)
    call field('attribute', 'value', attribute%value)
    call begin('options', c_loc(options), storage_size(options))
    call field('options', 'struct_bytes', options%struct_bytes)
    call field('options', 'program', options%program)
    call field('options', 'attributes', options%attributes)
    call field('options', 'attribute_count', options%attribute_count)
    call field('options', 'placement', options%placement)
    call field('options', 'ring_bytes', options%ring_bytes)
    call field('options', 'full_timeout_ms', options%full_timeout_ms)
    call field('options', 'failover_after_ms', options%failover_after_ms)
    call field('options', 'call_timeout_ms', options%call_timeout_ms)
    call field('options', 'release_timeout_ms', options%release_timeout_ms)
    call field('options', 'page_bytes', options%page_bytes)
    call field('options', 'replay_timeout_ms', options%replay_timeout_ms)
    call field('options', 'connect_patience_ms', options%connect_patience_ms)
    call begin('statistics', c_loc(statistics), storage_size(statistics))
    call field('statistics', 'struct_bytes', statistics%struct_bytes)
    call field('statistics', 'events_recorded', statistics%events_recorded)
    call field('statistics', 'last_tick', statistics%last_tick)
    call field('statistics', 'stories_held', statistics%stories_held)
    call field('statistics', 'replays_open', statistics%replays_open)
    call field('statistics', 'clock_uncertainty_ns', statistics%clock_uncertainty_ns)
    call begin('record', c_loc(record), storage_size(record))
    call field('record', 'bytes', record%bytes)
    call field('record', 'length', record%length)
    call begin('event', c_loc(event), storage_size(event))
    call field('event', 'tick', event%tick)
    call field('event', 'client_id', event%client_id)
    call field('event', 'record', event%record)
    call field('event', 'index', event%index)
    call field('event', 'length', event%length)
    call begin('batch', c_loc(batch), storage_size(batch))
    call field('batch', 'count', batch%count)
    call field('batch', 'ticks', batch%ticks)
    call field('batch', 'client_ids', batch%client_ids)
    call field('batch', 'indexes', batch%indexes)
    call field('batch', 'offsets', batch%offsets)
    call field('batch', 'records', batch%records)
    call field('batch', 'events', batch%events)
    call begin('gap', c_loc(gap), storage_size(gap))
    call field('gap', 'start', gap%start)
    call field('gap', 'end', gap%end)
    call field('gap', 'reason', gap%reason)

contains

    subroutine begin(name, address, bits)
        character(*), intent(in) :: name
        type(c_ptr), intent(in) :: address
        integer, intent(in) :: bits
        base = address
        print '(2a, i0)', name, ' bytes ', bits/8
    end subroutine

    subroutine field_int64(name, its_name, value)
        character(*), intent(in) :: name, its_name
        integer(c_int64_t), intent(in), target :: value
        call tell(name, its_name, c_loc(value), 'i', 8)
    end subroutine

    subroutine field_int32(name, its_name, value)
        character(*), intent(in) :: name, its_name
        integer(c_int32_t), intent(in), target :: value
        call tell(name, its_name, c_loc(value), 'i', 4)
    end subroutine

    subroutine field_pointer(name, its_name, value)
        character(*), intent(in) :: name, its_name
        type(c_ptr), intent(in), target :: value
        call tell(name, its_name, c_loc(value), 'p', 8)
    end subroutine

    subroutine field_text(name, its_name, value)
        character(*), intent(in) :: name, its_name
        character(kind=c_char), intent(in), target :: value(:)
        call tell(name, its_name, c_loc(value), 'c', size(value))
    end subroutine

    subroutine tell(name, its_name, address, letter, bytes)
        character(*), intent(in) :: name, its_name
        type(c_ptr), intent(in) :: address
        character, intent(in) :: letter
        integer, intent(in) :: bytes
        integer(c_intptr_t) :: offset
        offset = transfer(address, 0_c_intptr_t) - transfer(base, 0_c_intptr_t)
        print '(4a, i0, 2a, i0)', name, ' ', its_name, ' ', offset, ' ', letter, bytes
    end subroutine
end program
