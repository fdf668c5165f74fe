"""Changes to a load's rows that depend on rows of earlier loads: one module per kind of row."""
