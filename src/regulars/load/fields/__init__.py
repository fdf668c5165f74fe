"""What the text of one field means: dates, and the SQL that all kinds are read with."""
