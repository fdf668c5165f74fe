"""SQL that parses fields, and the SQL expressions that a mapping may use."""
