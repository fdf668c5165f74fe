"""Models of purchases, spend and renewals, one file each, with paper and equation at each formula. Letters are the
papers'.
"""
