"""The universal bundle: it needs both stages, and serves any case in the case's own units."""

import numpy as np
import pytest

from fluoropose.errors import InputError
from fluoropose.evaluation.universal.bundle import export_universal
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import open_device
from fluoropose.io.bundles import load_bundle, shipped_models_root, universal_bundle_folder
from fluoropose.io.weights import load_weights, store_weights
from fluoropose.registration.regression.residual import residual_units


def test_a_stage_without_weights_is_named(tmp_path):
    kept = load_weights(shipped_models_root() / "universal")
    store_weights(tmp_path / "half", {"coarse": kept["coarse"]})
    with pytest.raises(InputError, match="expected weights of the stage fine"):
        export_universal(tmp_path / "out", tmp_path / "half", {})


@pytest.mark.parametrize("in_body", [False, True])
def test_one_bundle_serves_cases_of_any_size(small_case, surrounded_case, in_body):
    bundle = load_bundle(universal_bundle_folder(shipped_models_root(), in_body=in_body))
    case = surrounded_case if in_body else small_case
    resident = load_resident_case(case, bundle, open_device("cpu", 1))
    golden = bundle.golden
    stepper = resident.stepper
    stepper.put_frames(golden.frame[None])
    index = resident.atlas.picture_indices(resident.atlas.expected_views(12.0)[0])
    resident.atlas.pictures[list(index)] = golden.cached
    seen = stepper.step("fine", golden.homography[None], np.array([index]), np.zeros(1, np.int64))
    units = residual_units(case.atlas.view)
    np.testing.assert_allclose(seen.residuals[0], golden.residuals * units, rtol=1e-3, atol=1e-4 * units.max())
    np.testing.assert_allclose(seen.sigmas[0], golden.sigmas * units, rtol=1e-3)
