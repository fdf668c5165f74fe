"""Deliberate faults in how a load reads files: formats/, inputs/, and what is built on them."""

from __future__ import annotations

from mutants.running import Mutant

_LOAD = "tests/load"
_LONG_JSON = "test_a_line_of_json_that_is_too_long_is_one_reject_and_the_others_load"

MUTANTS: tuple[Mutant, ...] = (
    # formats
    Mutant(
        "a line as long as the limit is too long",
        "load/formats/text_lines.py",
        "elif size + end > self._longest:",
        "elif size + end >= self._longest:",
        (f"{_LOAD}/formats/test_text_lines.py",),
    ),
    Mutant(
        "a carriage return at the end of a file ends no line",
        "load/formats/text_lines.py",
        '    if waiting:\n        yield b"\\n"',
        '    if not waiting:\n        yield b""',
        (f"{_LOAD}/formats/test_text_lines.py",),
    ),
    Mutant(
        "a field with a line break is written without quotes",
        "load/formats/csv_records.py",
        'or delimiter in field or "\\n" in field else',
        "or delimiter in field else",
        (f"{_LOAD}/formats/test_csv_records.py",),
    ),
    Mutant(
        "a quoted field of a broken record ends at any quote",
        "load/formats/csv_records.py",
        'rf\'"(.*?)"(?={mark}|\\Z)|',
        'rf\'"(.*?)"|',
        (f"{_LOAD}/formats/test_csv_records.py::test_likely_fields_of_broken_records",),
    ),
    Mutant(
        "the first row of a copy is taken for its header",
        "load/read.py",
        "header = {self.header}",
        "header = true",
        (f"{_LOAD}/test_read.py",),
    ),
    Mutant(
        "the first row has the number of the header",
        "load/formats/delimited.py",
        "return self.preamble + 1 + self.has_header",
        "return self.preamble + 1",
        (f"{_LOAD}/test_read.py",),
    ),
    Mutant(
        "columns whose names differ in case alone share a name",
        "load/formats/delimited.py",
        "while candidate.lower() in taken:",
        "while candidate in taken:",
        (f"{_LOAD}/formats/test_delimited.py",),
    ),
    Mutant(
        "an archive of as many files as are allowed is refused",
        "load/formats/packed.py",
        "if count > MOST_FILES:",
        "if count >= MOST_FILES:",
        (f"{_LOAD}/test_limits.py::test_more_files_than_the_limit_are_refused",),
    ),
    Mutant(
        "a large packed file may unpack to anything",
        "load/formats/packed.py",
        "return min(MOST_BYTES, max(FREE_BYTES, MOST_RATIO * packed))",
        "return max(FREE_BYTES, MOST_RATIO * packed)",
        (f"{_LOAD}/test_limits.py::test_the_limits_leave_room_for_any_export",),
    ),
    Mutant(
        "numbers of Parquet have more digits than they carry",
        "load/formats/typed.py",
        "digits = 15 if",
        "digits = 17 if",
        (f"{_LOAD}/formats/test_typed.py::test_a_floating_number_has_the_digits_that_its_type_carries",),
    ),
    Mutant(
        "the columns of a JSON file are those of its first record",
        "load/formats/typed.py",
        "for record in records[:_JSON_HEADER_RECORDS]:",
        "for record in records[:1]:",
        (f"{_LOAD}/formats/test_typed.py::test_the_columns_of_json_lines_are_those_of_all_records",),
    ),
    Mutant(
        "a field beyond the last column is dropped",
        "load/formats/normalize.py",
        "if any(fields[width:]):",
        "if any(fields[width + 1 :]):",
        (f"{_LOAD}/formats/test_normalize.py::test_a_record_of_two_columns_is_copied_whole_or_broken_alone",),
    ),
    Mutant(
        "a quote that is never closed takes following lines with it",
        "load/formats/normalize.py",
        "if fields is not None and len(fields) <= width:",
        "if fields is not None:",
        (f"{_LOAD}/formats/test_normalize.py::test_a_record_of_two_columns_is_copied_whole_or_broken_alone",),
    ),
    Mutant(
        "an empty row of a sheet counts as none",
        "load/formats/xlsx.py",
        "for _ in range(expected, number):",
        "for _ in range(expected + 1, number):",
        (f"{_LOAD}/test_files.py::test_a_spreadsheet_keeps_its_row_numbers_dates_and_numbers",),
    ),
    Mutant(
        "a number that a spreadsheet has shortened is taken",
        "load/formats/xlsx.py",
        "if not 10**_EXACT_DIGITS <= abs(number)",
        "if not 10**_EXACT_DIGITS * 10 <= abs(number)",
        (f"{_LOAD}/test_xlsx.py",),
    ),
    Mutant(
        "a number below zero takes the section of those above",
        "load/formats/xlsx.py",
        "place = 1 if number < 0",
        "place = 0 if number < 0",
        (f"{_LOAD}/test_xlsx.py::test_what_a_format_puts_around_the_digits_of_an_id_is_loaded",),
    ),
    # inputs
    Mutant(
        "the same file with another decimal mark is nothing new",
        "load/inputs/content.py",
        "            source.decimal,\n",
        "",
        (f"{_LOAD}/test_mapping.py::test_the_same_file_read_otherwise_is_loaded_again",),
    ),
    Mutant(
        "a header on top is said to be below others",
        "load/inputs/header.py",
        "if line is not None and line > top:",
        "if line is not None:",
        ("tests/sources/test_header.py::test_a_hidden_sheet_is_not_read",),
    ),
    # files and lines
    Mutant(
        "files of one name in two folders are not told apart",
        "load/files.py",
        "long if name in twice else name",
        "name",
        (f"{_LOAD}/test_files.py::test_files_of_one_name_are_told_apart_by_their_paths",),
    ),
    Mutant(
        "hidden files are loaded",
        "load/files.py",
        'part.startswith((".", "__MACOSX", "~$"))',
        'part.startswith(("__MACOSX", "~$"))',
        (f"{_LOAD}/test_files.py",),
    ),
    Mutant(
        "blank lines do not count in line numbers",
        "load/file_lines.py",
        "{index} + {self.first} + coalesce(s.shift, 0)",
        "{index} + {self.first}",
        (f"{_LOAD}/test_read.py",),
    ),
    Mutant(
        "a zero byte is loaded",
        "load/stage.py",
        "stage.lines_may_hold_zeros = profile is not None and",
        "stage.lines_may_hold_zeros = profile is None and",
        (f"{_LOAD}/test_read.py::test_a_zero_byte_rejects_its_line",),
    ),
    Mutant(
        "the rows of small files are those of the file before",
        "load/read.py",
        "        start += count\n",
        "        start += count - 1\n",
        (f"{_LOAD}/test_many_files.py::test_the_later_of_two_small_files_wins_and_lines_count_from_each_file_s_top",),
    ),
    Mutant(
        "what a load unpacked stays",
        "load/workspace.py",
        "        shutil.rmtree(self._folder)\n",
        "        pass\n",
        (f"{_LOAD}/test_workspace.py",),
    ),
    Mutant(
        "the zone of a source stays with the connection",
        "load/workspace.py",
        "        self.timezone(self._original_timezone)\n",
        "        pass\n",
        (f"{_LOAD}/test_workspace.py",),
    ),
    # long lines of JSON, and files that are read twice
    Mutant(
        "a line of JSON may have a tenth of the bytes",
        "load/read.py",
        "_LONGEST_JSON_LINE = 16_000_000",
        "_LONGEST_JSON_LINE = 1_600_000",
        (f"{_LOAD}/test_broken_lines.py::{_LONG_JSON}",),
    ),
    Mutant(
        "a line of JSON that is too long takes no number",
        "load/read.py",
        'out.write("\\n" if isinstance(line, LongLine) else f"{line}\\n")',
        'out.write("" if isinstance(line, LongLine) else f"{line}\\n")',
        (f"{_LOAD}/test_broken_lines.py::{_LONG_JSON}",),
    ),
    Mutant(
        "a line of JSON that is too long counts as no record",
        "load/read.py",
        'WHERE NOT {blank}") + len(too_long)',
        'WHERE NOT {blank}")',
        (f"{_LOAD}/test_broken_lines.py::{_LONG_JSON}",),
    ),
    Mutant(
        "a file that was changed while it was loaded is read on",
        "load/inputs/content.py",
        "return bool(self.stamp) and self.stamp != _stamp(self.path)",
        "return False",
        (f"{_LOAD}/test_typed_reading.py::test_a_file_that_changes_while_it_is_loaded_is_refused",),
    ),
)
