"""The models, one file each, with paper and equation beside each formula. Their letters are the papers' own."""
