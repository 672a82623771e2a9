"""A case becomes resident: golden outputs are asked for, and every bundle that does not fit is refused."""

from dataclasses import replace

import numpy as np
import pytest

from fluoropose.drr.atlas import default_step_mm
from fluoropose.drr.cpu import CpuRenderer
from fluoropose.drr.pictures import ViewPictures
from fluoropose.drr.renderer_maker import CpuRendererMaker
from fluoropose.drr.view_cache import CacheSettings
from fluoropose.errors import BundleError
from fluoropose.inference.case_loading import load_resident_case
from fluoropose.inference.onnx_runtime import Device, open_device
from fluoropose.inference.stepper import OrtStepper
from fluoropose.io.bundles import load_bundle
from fluoropose.registration.pipeline import register
from fluoropose.registration.plan import Plan
from fluoropose.registration.regression.bundle import NetworkGraphs
from support.steppers import RecordingStepper, Visit
from support.views import one_view


class KeepingStepper(OrtStepper):
    """Keeps to its first frames, as a CUDA graph might."""

    def put_frames(self, line_integrals):
        if not hasattr(self, "first"):
            self.first = line_integrals
        super().put_frames(self.first)


@pytest.fixture(scope="module")
def bundle(models_root):
    return load_bundle(models_root / "small")


@pytest.fixture(scope="module")
def device():
    return open_device("cpu", 1)


def test_a_case_is_resident_with_its_device_and_bytes(small_case, bundle, device):
    resident = load_resident_case(small_case, bundle, device)
    assert resident.case is small_case
    assert resident.device_label == device.label
    networks = sum(model.size_bytes for model in bundle.models.values())
    held = resident.size_bytes - networks
    assert resident.atlas.pictures.nbytes <= held <= 2 * resident.atlas.pictures.nbytes
    assert resident.atlas.pictures.nbytes <= CacheSettings().budget_bytes
    assert resident.stepper.fallback_nodes == 0


def test_the_golden_frame_is_looked_at_after_another_one(small_case, bundle, device):
    visits: list[Visit] = []

    def open_stepper(models, pictures, where, units):
        return RecordingStepper(OrtStepper(models, pictures, where, units), ", ".join(sorted(models)), visits)

    resident = load_resident_case(small_case, bundle, device, open_stepper)
    assert isinstance(resident.stepper, RecordingStepper)
    assert [(visit.label, visit.networks) for visit in visits] == [("fine", ["fine"])] * 2
    np.testing.assert_array_equal(visits[0].frames[0], bundle.golden.frame[::-1])
    np.testing.assert_array_equal(visits[1].frames[0], bundle.golden.frame)


def test_a_network_that_keeps_to_its_first_frame_is_refused(small_case, bundle, device):
    load_resident_case(small_case, bundle, device)
    with pytest.raises(BundleError, match="golden outputs"):
        load_resident_case(small_case, bundle, device, KeepingStepper)


def test_a_bundle_that_computes_otherwise_is_refused(small_case, bundle, device):
    golden = replace(bundle.golden, residuals=bundle.golden.residuals + bundle.golden.sigmas)
    with pytest.raises(BundleError, match="golden outputs"):
        load_resident_case(small_case, replace(bundle, golden=golden), device)


def test_a_bundle_of_another_case_is_refused(small_case, bundle, device):
    with pytest.raises(BundleError, match="another case"):
        load_resident_case(small_case, replace(bundle, case_digest="0" * 16), device)


def test_bytes_that_are_no_model_are_refused(small_case, bundle, device):
    with pytest.raises(BundleError, match="ONNX model that runs"):
        load_resident_case(
            small_case, replace(bundle, models=dict.fromkeys(("coarse", "fine"), NetworkGraphs(b"x", b"x", {}))), device
        )


class BesidePictures(ViewPictures):
    """Pretends that the host's pictures are on a device as well."""

    @property
    def address(self):
        return int(self.host.ctypes.data)

    @property
    def device_bytes(self):
        return int(self.host.nbytes)


class BesideMaker(CpuRendererMaker):
    """Renders on the CPU, beside a pretended device."""

    copies = 2

    def make_pictures(self, shape):
        return BesidePictures(np.zeros(shape, np.float16))


def test_pictures_that_are_on_the_networks_device_are_bound_there(small_case, bundle, device):
    told = []

    def open_stepper(models, pictures, where, units, on_device=None):
        told.append((len(models), on_device))
        return OrtStepper(models, pictures, device, units)

    pretended = Device("cuda", 1, renderers=BesideMaker())
    few = CacheSettings(budget_bytes=2**23)
    resident = load_resident_case(small_case, bundle, pretended, open_stepper, few)
    (golden, none), (both, memory) = told
    assert (golden, both, none) == (1, 2, None)
    pictures = resident.atlas.pictures
    assert (memory.address, memory.dtype, memory.device) == (pictures.ctypes.data, np.float16, "cuda")
    assert memory.shape == (len(pictures), 1, *pictures.shape[1:])
    assert memory.owner.host is pictures
    alone = load_resident_case(small_case, bundle, device, views=few)
    assert resident.size_bytes == alone.size_bytes
    assert len(alone.atlas.pictures) == 2 * len(pictures)


def test_networks_on_the_cpu_take_the_hosts_pictures(small_case, bundle):
    told = []

    def open_stepper(models, pictures, where, units):
        told.append(pictures)
        return OrtStepper(models, pictures, where, units)

    resident = load_resident_case(small_case, bundle, Device("cpu", 1, renderers=BesideMaker()), open_stepper)
    assert told[-1] is resident.atlas.pictures


def test_any_camera_is_rendered_by_what_the_device_has(small_case, bundle, device, camera, pose):
    resident = load_resident_case(small_case, bundle, device)
    expected = CpuRenderer(small_case.volume, default_step_mm(small_case.volume)).render(camera, pose)
    np.testing.assert_array_equal(resident.any_camera.render(camera, pose), expected)


@pytest.mark.gpu
def test_cuda_gives_the_cpus_poses(small_case, bundle, camera, frame, pose):
    found = [
        register(
            load_resident_case(small_case, bundle, open_device(name, 2)), [one_view(frame, camera)], Plan(pose, False)
        )
        for name in ("cpu", "cuda")
    ]
    np.testing.assert_allclose(found[0].camera_from_volume, found[1].camera_from_volume, atol=1e-2)
