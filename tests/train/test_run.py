"""The training of a case: which weights it starts from, what it makes, and profiles that train nothing."""

import numpy as np
import pytest
import torch

from fluoropose.errors import InputError
from fluoropose.imaging.sampling import normalised_homography
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.inference.stepper import OrtStepper
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.io.weights import load_weights
from fluoropose.registration.regression.residual import residual_units
from fluoropose.train.network import EquationNet, build_net
from fluoropose.train.profiles import STAGES, profile
from fluoropose.train.run import initial_tensors, train_case


def test_a_case_starts_from_weights_that_fit_and_leaves_others():
    shape = STAGES[1].shape
    given = {name: value.numpy() for name, value in EquationNet(shape, 128).state_dict().items()}
    assert initial_tensors({"fine": given}, STAGES[1], 128).keys() == given.keys()
    assert initial_tensors({"fine": given}, STAGES[1], 64) is None
    assert initial_tensors({"fine": given}, STAGES[0], 128) is None
    assert initial_tensors(None, STAGES[1], 128) is None


def test_the_universal_weights_are_a_start_of_every_network():
    """A training on any case, in a body or not, begins with what the universal networks know."""
    weights = load_weights(shipped_models_root() / "universal")
    for stage in STAGES:
        start = initial_tensors(weights, stage, 128)
        assert start is not None, stage.name
        np.testing.assert_array_equal(start["stem.weight"].numpy(), weights[stage.name]["stem.weight"])


def test_without_training_the_universal_weights_are_the_model(small_case, tmp_path):
    size_px = small_case.atlas.view.size_px

    def random_weights(seed):
        torch.manual_seed(seed)
        nets = {stage.name: build_net(stage.shape, size_px) for stage in STAGES}
        return {name: {key: value.numpy() for key, value in net.state_dict().items()} for name, net in nets.items()}

    made = [
        train_case(
            small_case, profile("instant"), tmp_path / str(n), threads=1, seed=seed, initial=random_weights(weights)
        )
        for n, (weights, seed) in enumerate([(1, 0), (1, 5), (2, 0)])
    ]
    assert [report.iterations for report in made[0].reports.values()] == [0, 0]
    assert made[0].models == made[1].models
    assert made[0].models != made[2].models
    with pytest.raises(
        InputError, match=f"universal weights of every network for views of {size_px} px .*none for coarse"
    ):
        train_case(small_case, profile("instant"), tmp_path / "x", initial={"fine": random_weights(1)["fine"]})


@pytest.mark.parametrize("in_body", [False, True], ids=["alone", "body"])
def test_untrained_they_step_as_the_universal_bundle_does(small_case, surrounded_case, tmp_path, camera, rng, in_body):
    """A case's own graphs give mm and rad, the universal ones units of the field and the range; the steps are one."""
    case, root = surrounded_case if in_body else small_case, shipped_models_root()
    trained = train_case(case, profile("instant"), tmp_path, threads=1, initial=load_weights(root / "universal"))
    universal = load_bundle(universal_bundle_folder(root, in_body=in_body))
    pictures = np.array(case.atlas.pictures[list(case.atlas.picture_indices(case.atlas.grid.count // 2))])
    closer = pictures.copy()  # the views 2 degrees away, as the universal networks want them
    closer[:5] = pictures[0] + case.atlas.grid.per_step * (pictures[:5] - pictures[0])
    frame = rng.random((camera.rows, camera.columns)).astype(np.float32)
    homography = normalised_homography(np.diag([0.7, 0.7, 1.0]), *frame.shape)
    units, device = residual_units(case.atlas.view), open_device("cpu", 1)
    steppers = [OrtStepper(trained.models, pictures, device), OrtStepper(universal.models, closer, device, units)]
    for stage in STAGES:
        seen = []
        for stepper in steppers:
            stepper.put_frames(frame[None])
            seen.append(
                stepper.step(stage.name, homography[None], np.arange(len(pictures))[None], np.zeros(1, np.int64))
            )
        np.testing.assert_allclose(seen[0].residuals / units, seen[1].residuals / units, atol=0.01)  # float16 views
        np.testing.assert_allclose(seen[0].sigmas, seen[1].sigmas, rtol=0.01)


def test_a_bundle_carries_what_every_runtime_must_reproduce(small_case, models_root):
    bundle = load_bundle(models_root / "small")
    assert set(bundle.models) == {"coarse", "fine"}
    assert bundle.case_digest == small_case.digest
    assert all(model.size_bytes < 4_000_000 for model in bundle.models.values())
