"""How a worker in Python is told what to do: a line of JSON in, a line of JSON out."""

import json
import os
import sys
import time
import traceback

import numpy as np

threads = int(os.environ["BENCH_THREADS"])

# what libraries print must not come between
_out = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)


def _say(message):
    _out.write("@" + json.dumps(message) + "\n")


def _hear():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)


def serve(versions, train):
    """Trains whatever is asked for, until standard input ends.

    `train(task, pause)` trains epoch by epoch. After each it calls `pause(loss, parameters)`, which reports the time since
    the last pause and holds until told; False: no more epochs.
    """
    _say({"versions": versions})
    while True:
        task = _hear()
        if task["do"] != "train":
            continue
        since = time.perf_counter()

        def pause(loss, parameters):
            nonlocal since
            _say({"seconds": time.perf_counter() - since, "loss": float(loss), "parameters": int(parameters)})
            go = _hear()["do"] == "run"
            since = time.perf_counter()
            return go

        try:
            train(task, pause)
            _say({"stopped": True})
        except Exception:
            _say({"error": traceback.format_exc()})


def read_samples(task):
    """[samples, ...] as the net takes them."""
    shape = task["net"]["shape"]
    count = task["samples"] * int(np.prod(shape))
    return np.fromfile(task["file"], dtype=np.float32, count=count).reshape(-1, *shape)
