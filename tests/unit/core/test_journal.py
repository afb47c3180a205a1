from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from steward.core.journal import GENESIS, Entry, seal, verify_chain


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(1, length + 1):
        previous = entries[-1].hash if entries else GENESIS
        entries.append(
            seal(number, f"2026-01-01T00:00:{number:02d}", "run.started", f"run {number}", "me", {"n": number}, previous)
        )
    return entries


def test_an_untouched_chain_has_no_breaks() -> None:
    entries = chain(5)
    assert verify_chain(entries, expected_head=(5, entries[-1].hash)) == ()


def test_an_empty_journal_is_whole() -> None:
    assert verify_chain([], expected_head=(0, GENESIS)) == ()


@given(st.integers(1, 8), st.sampled_from(["at", "kind", "subject", "actor", "detail"]))
def test_an_edited_entry_is_named(number: int, field: str) -> None:
    entries = chain(8)
    changed = {"n": -1} if field == "detail" else "changed"
    entries[number - 1] = replace(entries[number - 1], **{field: changed})
    assert [found.number for found in verify_chain(entries)] == [number]


@given(st.integers(1, 7))
def test_a_removed_entry_is_noticed_at_the_one_after_it(number: int) -> None:
    entries = chain(8)
    del entries[number - 1]
    assert verify_chain(entries)[0].number == number + 1


def test_swapped_entries_are_noticed() -> None:
    entries = chain(4)
    entries[1], entries[2] = entries[2], entries[1]
    assert verify_chain(entries)


def test_a_resealed_edit_breaks_the_link_after_it() -> None:
    entries = chain(3)
    forged = seal(2, entries[1].at, "run.started", "run 2", "somebody else", {"n": 2}, entries[0].hash)
    entries[1] = forged
    assert [found.number for found in verify_chain(entries)] == [3]


def test_a_cut_off_tail_is_noticed_by_the_head_kept_apart() -> None:
    entries = chain(4)
    found = verify_chain(entries[:3], expected_head=(4, entries[3].hash))
    assert "tail" in found[0].problem
