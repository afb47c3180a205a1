"""What must an answer's name be: unlike any other, and in the order of time."""

from uuid import RFC_4122, UUID

from steward.serving.ids import new_id


def test_a_name_is_a_uuid_of_version_7_that_tells_its_millisecond() -> None:
    name = UUID(hex=new_id(1_700_000_000_123))

    assert (name.version, name.variant) == (7, RFC_4122)
    assert name.int >> 80 == 1_700_000_000_123


def test_names_of_one_millisecond_differ_and_later_ones_sort_behind() -> None:
    names = [new_id(5) for _ in range(10_000)]

    assert len(set(names)) == 10_000
    assert max(names) < new_id(6)


def test_all_random_bits_are_used() -> None:
    held = 0
    missed = (1 << 128) - 1
    for _ in range(200):
        number = int(new_id(0), 16)
        held |= number
        missed &= number

    # Of 128 bits 48 tell the time, 6 say which kind of UUID it is, and 74 are chance.
    assert (held & ~missed).bit_count() == 74


def test_the_time_is_now_where_none_is_given() -> None:
    assert new_id(0) < new_id()
