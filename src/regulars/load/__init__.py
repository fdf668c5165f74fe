"""Load a shop's files into the canonical tables.

The steps, in order:
    files.py      expand paths, folders and archives to input files
    inputs/       digest, encoding and header of a file
    formats/      readers of CSV, XLSX, JSON and Parquet
    read.py       records of a file as text columns in DuckDB
    stage.py      the text columns parsed to the types that the source declares (fields/, parse.py)
    evaluate.py   a mapping's expressions over the parsed lines: rows of a canonical table
    validate.py   rejected lines
    rows/         orders that lines belong to, duplicate keys, orders that wait for an exchange rate
    completion/   changes to rows that depend on what earlier loads stored
    run.py        all steps of one load in one transaction
    checks/       warnings about rows that were loaded
    rejects.py    storage, listing and export of rejected lines
"""
