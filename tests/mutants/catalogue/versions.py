"""Deliberate faults in warehouse/versions/."""

from __future__ import annotations

from mutants.running import Mutant

_DISK = (
    "tests/warehouse/test_disk.py::test_each_thing_is_on_disk_before_what_names_it",
    "tests/warehouse/test_disk.py::test_a_version_that_is_not_what_was_written_is_not_published",
    "tests/warehouse/test_disk.py::test_after_a_power_cut_at_any_step_the_shop_opens",
)

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "a published version is not synced",
        "warehouse/versions/folder.py",
        "            disk.seal(file)\n        sync(built)\n",
        "            file.chmod(file.stat().st_mode & ~0o222)\n        sync(built)\n",
        _DISK,
    ),
    Mutant(
        "the names of a version's files are not synced",
        "warehouse/versions/folder.py",
        "            disk.seal(file)\n        sync(built)\n",
        "            disk.seal(file)\n",
        _DISK,
    ),
    Mutant(
        "the pointer is not synced before it replaces",
        "warehouse/versions/folder.py",
        "        sync(file)\n        return file\n",
        "        return file\n",
        _DISK,
    ),
    Mutant(
        "the name of a version is not synced before the pointer names it",
        "warehouse/versions/folder.py",
        '        built = disk.rename(built, self.path / f"v{number:06d}")\n        sync(self.path)\n',
        '        built = disk.rename(built, self.path / f"v{number:06d}")\n',
        _DISK,
    ),
    Mutant(
        "a new version is published unchecked",
        "warehouse/versions/folder.py",
        "        check(built, number)\n",
        "        pass\n",
        _DISK,
    ),
    Mutant(
        "a new version's blocks are not read before it is published",
        "warehouse/versions/verify.py",
        "    for file in own_files(folder):\n",
        "    for file in []:\n",
        _DISK,
    ),
    Mutant(
        "connections reach what lies outside",
        "warehouse/versions/connection.py",
        '"enable_external_access": False',
        '"enable_external_access": True',
        ("tests/warehouse/test_connection.py",),
    ),
    Mutant(
        "the pointer names a version before it is checked",
        "warehouse/versions/folder.py",
        "        check(built, number)\n        disk.replace(staged, self.current)\n",
        "        disk.replace(staged, self.current)\n        check(built, number)\n",
        _DISK,
    ),
    Mutant(
        "the name of the pointer is not synced",
        "warehouse/versions/folder.py",
        "        sync(self.path)\n        with suppress(OSError):  # what",
        "        with suppress(OSError):  # what",
        ("tests/warehouse/test_disk.py::test_what_was_published_stays_published", *_DISK),
    ),
    Mutant(
        "a version that was written as another one is published",
        "warehouse/versions/verify.py",
        'if version_properties(con).get("number") != str(number):',
        'if not version_properties(con).get("number"):',
        _DISK,
    ),
    Mutant(
        "a file shorter than its headers is whole",
        "warehouse/versions/verify.py",
        'return "" if position >= 3 * _HEADER else',
        'return "" if position >= 0 else',
        ("tests/warehouse/test_damage.py::test_a_file_cut_off_within_its_headers_is_no_database",),
    ),
    Mutant(
        "a writer that waits does not say for whom",
        "warehouse/versions/lock.py",
        "        write_note(descriptor, _who(purpose))\n",
        "",
        ("tests/warehouse/test_versions.py::test_the_second_writer_waits_and_is_told_for_whom",),
    ),
    Mutant(
        "a writer does not wait for the lock",
        "system/locking.py",
        "        busy(descriptor)\n    lock_descriptor(descriptor)\n",
        "        busy(descriptor)\n",
        ("tests/warehouse/test_versions.py::test_the_second_writer_waits_and_is_told_for_whom",),
    ),
    Mutant(
        "a full disk of the reader's own is said to be ours",
        "warehouse/versions/limits.py",
        "error_types = (duckdb.Error, OSError) if writing else (duckdb.Error,)",
        "error_types = (duckdb.Error, OSError)",
        ("tests/warehouse/test_limits.py::test_other_errors_stay_what_they_are",),
    ),
    Mutant(
        "after a rollback a number is used twice",
        "warehouse/versions/warehouse.py",
        "        number = pointer.highest + 1\n",
        "        number = (pointer.number or 0) + 1\n",
        ("tests/warehouse/test_versions.py::test_after_a_rollback_the_next_version_takes_a_new_number",),
    ),
    Mutant(
        "a rollback goes to a version that is not whole",
        "warehouse/versions/warehouse.py",
        "            if not self.fault(candidate):\n",
        "            if candidate:\n",
        ("tests/warehouse/test_versions.py::test_going_back_passes_over_versions_that_are_not_whole",),
    ),
    Mutant(
        "a file of the version before is changed in its place",
        "warehouse/versions/groups.py",
        "        copy(file, own)\n",
        "        own = file\n",
        ("tests/warehouse/test_groups.py",),
    ),
    Mutant(
        "a group that is no more stays attached",
        "warehouse/versions/groups.py",
        "    for group in attached(con).keys() - set(groups):\n",
        "    for group in ():\n",
        ("tests/warehouse/test_groups.py::test_a_group_that_is_no_more_is_left_out",),
    ),
)
