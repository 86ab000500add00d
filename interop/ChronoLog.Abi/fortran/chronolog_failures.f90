!> How a call of this library ends, and text on its way to C and back.
module chronolog_failures
    use, intrinsic :: iso_c_binding
    use, intrinsic :: iso_fortran_env, only: error_unit
    use chronolog_c
    implicit none
    private
    public :: conclude, refuse, text_at, with_zero, is_clean, pack_attributes

contains

    !> Success: stat is 0. A failure: stat is the status and errmsg the message; without stat the program ends with it.
    subroutine conclude(status, stat, errmsg)
        integer(c_int32_t), intent(in) :: status
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        if (status == chronolog_ok) then
            if (present(stat)) stat = chronolog_ok
        else
            call refuse(status, text_at(c_last_error()), stat, errmsg)
        end if
    end subroutine

    !> A failure with a message that does not come from C.
    subroutine refuse(status, message, stat, errmsg)
        integer(c_int32_t), intent(in) :: status
        character(*), intent(in) :: message
        integer, intent(out), optional :: stat
        character(*), intent(inout), optional :: errmsg
        if (present(errmsg)) errmsg = message
        if (present(stat)) then
            stat = status
        else
            write (error_unit, '(4a)') 'chronolog: ', text_at(c_status_name(status)), ': ', message
            flush (error_unit)
            error stop 'a call of chronolog without stat= failed'
        end if
    end subroutine

    !> A copy of the text at an address, which ends with a zero; empty for a null pointer.
    function text_at(address) result(text)
        type(c_ptr), intent(in) :: address
        character(:, c_char), allocatable :: text
        character(kind=c_char), pointer :: bytes(:)
        integer :: i
        if (.not. c_associated(address)) then
            text = ''
            return
        end if
        call c_f_pointer(address, bytes, [c_strlen(address)])
        allocate (character(size(bytes), c_char) :: text)
        do i = 1, size(bytes)
            text(i:i) = bytes(i)
        end do
    end function

    !> A name for C: without trailing blanks, as names are in Fortran, and with its zero.
    pure function with_zero(text) result(zero_terminated)
        character(*), intent(in) :: text
        character(len_trim(text) + 1, c_char) :: zero_terminated
        zero_terminated = trim(text)//c_null_char
    end function

    !> C would take a zero inside a text for its end, and so another name.
    pure logical function is_clean(text)
        character(*), intent(in) :: text
        is_clean = index(text, c_null_char) == 0
    end function

    !> Pairs of key and value as C wants them: they point into storage, which must live as long as they are used.
    subroutine pack_attributes(keys, values, storage, attributes, is_good)
        character(*), intent(in), optional :: keys(:), values(:)
        character(kind=c_char), allocatable, target, intent(inout) :: storage(:)
        type(chronolog_attribute), allocatable, intent(out) :: attributes(:)
        logical, intent(out) :: is_good
        integer :: i, used
        is_good = present(keys) .eqv. present(values)
        if (is_good .and. present(keys)) is_good = size(keys) == size(values)
        if (.not. is_good .or. .not. present(keys)) then
            allocate (attributes(0))
            return
        end if
        allocate (attributes(size(keys)), storage(sum(len_trim(keys)) + sum(len_trim(values)) + 2*size(keys)))
        used = 0
        do i = 1, size(keys)
            is_good = is_good .and. is_clean(keys(i)) .and. is_clean(values(i))
            attributes(i)%key = c_loc(storage(used + 1))
            call append(with_zero(keys(i)))
            attributes(i)%value = c_loc(storage(used + 1))
            call append(with_zero(values(i)))
        end do
    contains
        subroutine append(text)
            character(*, c_char), intent(in) :: text
            integer :: place
            do place = 1, len(text)
                storage(used + place) = text(place:place)
            end do
            used = used + len(text)
        end subroutine
    end subroutine
end module
