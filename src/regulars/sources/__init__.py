"""What the columns of a shop's files mean. One source = one file here and one entry in `catalogue.SOURCES`."""
