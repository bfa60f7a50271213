"""`python -m edgcn` is `edgcn`."""

from edgcn.cli import main

if __name__ == "__main__":
    main()
