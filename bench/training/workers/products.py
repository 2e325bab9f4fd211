"""The matrix products of a dense net's step and nothing else, the least a step can take. Argument: numpy | torch."""

import sys

import numpy as np
from protocol import serve, threads

if sys.argv[1] == "torch":
    import torch

    torch.set_num_threads(threads)
    version = torch.__version__
    convert = torch.from_numpy
else:
    version = np.__version__
    convert = np.asarray


def train(task, pause):
    random = np.random.default_rng(0)
    batch = task["batch"]
    pairs = []
    for i, (inputs, units) in enumerate(task["matrices"]):
        x, weights, gradient = (
            convert(random.random(shape, dtype=np.float32))
            for shape in ((batch, inputs), (inputs, units), (batch, units))
        )
        pairs += [(x, weights), (x.T, gradient)]
        if i > 0:
            pairs.append((gradient, weights.T))
    steps = -(-task["samples"] // batch)
    while True:
        for _ in range(steps):
            for a, b in pairs:
                a @ b
        if not pause(0, task["parameters"]):
            return


serve({sys.argv[1]: version}, train)
