"""Lists of jobs: tables of the paper, the open sets, sweeps, the demo."""
