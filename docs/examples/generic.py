"""Make the weights that every training starts from: both stages, taught random objects only.

python docs/examples/generic.py --out models/generic [--subjects 100] [--iterations 3500]
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from fluoropose.cli.console import progress_bar
from fluoropose.io.weights import store_weights
from fluoropose.train.fit import fit_stage
from fluoropose.train.generic import random_subject
from fluoropose.train.profiles import STAGES, Profile

SEED = 77


def main() -> None:
    """Draw the objects, train both stages on all of them, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--subjects", type=int, default=100)
    parser.add_argument("--iterations", type=int, default=3500)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    subjects, weights = [], {}
    with progress_bar("random objects") as report:
        for n in range(options.subjects):
            subjects.append(random_subject(np.random.default_rng([SEED, n])))
            report(n + 1, options.subjects)
    for stage in STAGES:
        checkpoint = options.out.with_name(options.out.name + ".checkpoints") / f"{stage.name}.pt"
        profile = Profile("generic", options.iterations, 0, batch=32)
        with progress_bar(f"{stage.name}: training") as report:
            net, _ = fit_stage(
                stage, profile, subjects, checkpoint,
                watch=lambda done, total, loss, report=report: report(done, total, f"loss {loss:.3f} % of size"),
            )  # fmt: skip
        weights[stage.name] = {name: value.numpy() for name, value in net.state_dict().items()}
    store_weights(options.out, weights)


if __name__ == "__main__":
    main()
