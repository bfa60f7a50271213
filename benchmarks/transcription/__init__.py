"""What the library does, one clip at a time in plain numpy or PyTorch loops: slow and obvious.

The benchmarks time it beside the library, and the tests compare the library's numbers with it.
"""
