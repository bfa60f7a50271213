"""Speed, measured on the machine at hand: `python -m benchmarks`, or `make bench`.

Every section measures in processes of its own (`benchmarks.worker`) and hands back plain JSON; its
`table` makes markdown of that.
"""
