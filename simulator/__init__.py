"""A made-up city with known truth, for the demo, the benchmarks and the tests."""
