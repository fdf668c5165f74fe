"""Theme of charts, and writers of chart files."""
