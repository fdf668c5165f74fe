"""Sources: declarations of the files that Regulars recognises. Each is one module here and one entry of `catalogue.SOURCES`."""
