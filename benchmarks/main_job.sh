#!/usr/bin/env bash
# The main job on real recordings: the numbers of docs/results.md. An hour or two on two cores.
#   benchmarks/main_job.sh DATA OUT      DATA has utd_mhad/, wmft.npz and isl30.npz
set -euo pipefail
data=$(realpath "$1") out=$2
mkdir -p "$out"
cd "$out"
export OMP_NUM_THREADS=1   # two runs side by side use two cores better than one run with two threads

edgcn prepare utd_mhad "$data/utd_mhad" --out stores/utd
edgcn prepare clips_npz "$data/wmft.npz" --out stores/wmft
edgcn prepare clips_npz "$data/isl30.npz" --out stores/isl30

pretrain() { edgcn pretrain "stores/$2" --out "runs/$1" --encoder edgcn-s --knn-every 10 "${@:3}"; }
score() {
    for protocol in linear logistic knn; do
        edgcn evaluate "runs/$1" "stores/$2" --protocol "$protocol"
    done
}
job() { pretrain "$@" && score "$@"; }
export -f pretrain score job

xargs -P 2 -L 1 bash -c 'job "$@"' job <<'JOBS'
utd-s0 utd --seed 0
wmft-s0 wmft --seed 0
utd-s1 utd --seed 1
wmft-s1 wmft --seed 1
isl30-s0 isl30 --seed 0
utd-s2 utd --seed 2
utd-moments-s0 utd --moments --seed 0
utd-moments-s1 utd --moments --seed 1
wmft-s2 wmft --seed 2
utd-moments-s2 utd --moments --seed 2
utd-lr1e-5 utd --lr 1e-5
wmft-lr1e-5 wmft --lr 1e-5
JOBS

edgcn report runs/* --out report
