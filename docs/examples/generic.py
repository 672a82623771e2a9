"""Make the weights that every training starts from, a stage at a time: taught random objects only.

python docs/examples/generic.py --out models/generic --stage fine --subjects 100 --iterations 3500
python docs/examples/generic.py --out models/generic --stage coarse --subjects 250 --pictures 80 --iterations 6000
python docs/examples/generic.py --out models/generic --stage coarse --subjects 250 --pictures 80 --iterations 12000 \
    --seed 78 --go-on       (other objects, from the weights that are there)
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from fluoropose.cli.console import progress_bar
from fluoropose.io.weights import load_weights, store_weights
from fluoropose.train.fit import fit_stage
from fluoropose.train.generic import random_subject
from fluoropose.train.profiles import STAGES, Profile


def main() -> None:
    """Draw the objects, train on all of them, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--stage", choices=[stage.name for stage in STAGES], required=True)
    parser.add_argument("--subjects", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--iterations", type=int, default=3500)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=77, help="Of the objects.")
    parser.add_argument("--go-on", action="store_true", help="From the stage's weights in --out.")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    stage = replace(next(stage for stage in STAGES if stage.name == options.stage), peak_rate=2e-3)
    subjects = []
    with progress_bar("random objects") as report:
        for n in range(options.subjects):
            subjects.append(random_subject(np.random.default_rng([options.seed, n]), options.pictures))
            report(n + 1, options.subjects)
    profile = Profile("generic", round(options.iterations / stage.effort), 0)
    kept = load_weights(options.out) if options.out.is_dir() else {}
    first = {name: torch.from_numpy(value) for name, value in kept[stage.name].items()} if options.go_on else None
    checkpoint = options.out.with_name(options.out.name + ".checkpoints") / f"{stage.name}.pt"
    with progress_bar("training") as report:
        net, _ = fit_stage(
            stage, profile, subjects, checkpoint, seed=options.seed, initial=first,
            watch=lambda done, total, loss: report(done, total, f"loss {loss:.3f} % of size"),
        )  # fmt: skip
    store_weights(options.out, kept | {stage.name: {name: value.numpy() for name, value in net.state_dict().items()}})


if __name__ == "__main__":
    main()
