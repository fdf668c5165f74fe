"""What a load's rows take from what was stored before: one module per kind of row."""
