"""How rows are written in a file: delimited text, XLSX, Parquet, JSON. Nothing here knows a shop."""
