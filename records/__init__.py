"""The nouns: codes, money, periods, the input contract as data, readers, the snapshot. Imports nothing of ours."""
