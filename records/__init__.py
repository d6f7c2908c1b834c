"""The nouns: codes, money, periods, the input contract, readers, the snapshot. Imports nothing of ours."""
