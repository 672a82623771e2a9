"""The console's views in a browser: overlays to half a pixel, cameras side by side, cases, geometry, saved runs."""

import base64
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from skimage.registration import phase_cross_correlation

from fluoropose.drr.cpu import CpuRenderer
from fluoropose.geometry.camera import camera_from_intrinsics
from fluoropose.io.frames import npy_bytes
from fluoropose.io.pose_export.csv_poses import CSV_COLUMNS
from fluoropose.io.pose_export.itk_transforms import pose_from_tfm
from fluoropose.transports.http.schemas import camera_json
from support.browsers import until, wait_for
from support.dicom import series
from support.wire import send

pytestmark = pytest.mark.browser


@pytest.fixture
def skew_camera():
    """Unequal focal lengths, and a principal point off the centre."""
    matrix = np.array([[735.0, 0.0, 71.5], [0.0, 687.0, 41.0], [0.0, 0.0, 1.0]])
    return camera_from_intrinsics(96, 128, matrix)


@pytest.fixture
def skew_frame(small_case, skew_camera, pose):
    lines = CpuRenderer(small_case.volume, 1.0).render(skew_camera, pose)
    return np.round(50000.0 * np.exp(-lines) + 200.0).astype(np.uint16)


def watched(page, served, opening):
    """Open a session that the page watches."""
    session = served.post("/v1/sessions", json=opening).json()["session"]
    until(page, "document.querySelector('.left select').value !== ''")
    page.wait_for_timeout(500)
    return session


def canvas_of(page, selector=".drawing"):
    """The pixels of a canvas, (rows, columns, 3)."""
    address = page.evaluate(f"document.querySelector({json.dumps(selector)}).toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))).convert("RGB")).astype(float)


def at_frame_size(page, rows, columns):
    """What is drawn, brought to the frame's pixels: each is the mean of what lies on it."""
    seen = canvas_of(page)
    scale = float(page.locator(".pane").get_attribute("data-scale"))
    height, width = seen.shape[:2]
    u = ((np.arange(width) + 0.5 - width / 2) / scale + columns / 2).astype(int)
    v = ((np.arange(height) + 0.5 - height / 2) / scale + rows / 2).astype(int)
    inside = ((v >= 0) & (v < rows))[:, None] & ((u >= 0) & (u < columns))[None]
    index = (v[:, None] * columns + u[None])[inside]
    counts = np.bincount(index, minlength=rows * columns)
    sums = [np.bincount(index, seen[..., channel][inside], rows * columns) for channel in range(3)]
    return (np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]).reshape(rows, columns, 3)


def overlay_of(served, camera, pose, frame, kind):
    request = {"case": "small", "camera": camera_json(camera), "camera_from_volume": pose, "kind": kind}
    encoded = base64.b64encode(npy_bytes(frame)).decode()
    answer = served.post("/v1/overlay", json=request | {"frame": encoded})
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB")).astype(float)


def drawn_share(picture, kind):
    """What an overlay adds to the grey frame: its line, its colour, or its greys."""
    if kind in ("checkerboard", "difference"):
        return picture.mean(axis=2)
    return np.ptp(picture, axis=2)


def apart_px(one, other):
    """How far two pictures lie apart, at most over their quarters that show something: (row, column) pixels."""
    shifts, (rows, columns) = [], one.shape
    for v in (slice(0, rows * 2 // 3), slice(rows // 3, rows)):
        for u in (slice(0, columns * 2 // 3), slice(columns // 3, columns)):
            a, b = one[v, u] - one[v, u].mean(), other[v, u] - other[v, u].mean()
            if a.std() > 1.0 and b.std() > 1.0:
                shifts.append(phase_cross_correlation(a, b, upsample_factor=20, normalization=None)[0])
    assert shifts
    return np.abs(shifts).max()


def test_each_overlay_lies_where_the_service_draws_it(page, served, skew_camera, skew_frame, pose):
    session = watched(
        page, served, {"case": "small", "camera": camera_json(skew_camera), "initial_pose": pose.tolist()}
    )
    answer = send(served, session, npy_bytes(skew_frame), seq=0).json()
    page.wait_for_selector(".pane[data-seq='0']")
    found = answer["camera_from_volume"]
    for kind in ("outline", "shaded", "checkerboard", "difference"):
        page.locator("select[aria-label=Overlay]").select_option(kind)
        page.wait_for_selector(f".pane[data-overlay='{'outline' if kind == 'outline' else 'blended'}']")
        page.wait_for_timeout(300)
        page.evaluate("document.querySelector('.drawing').focus()")
        ours, theirs = at_frame_size(page, 96, 128), overlay_of(served, skew_camera, found, skew_frame, kind)
        a, b = drawn_share(ours, kind), drawn_share(theirs, kind)
        assert apart_px(a, b) <= 0.5, kind
        # A wrong place is told: the same picture a pixel further on is further off.
        assert apart_px(np.roll(a, 1, axis=1), b) > 0.5, kind
        if kind in ("checkerboard", "difference"):
            rows, columns = np.ogrid[:96, :128]
            away = np.hypot(rows - 48, columns - 64) < 44
            assert np.corrcoef(a[away], b[away])[0, 1] > 0.95, kind


def test_stated_errors_are_the_ellipse_of_the_covariance_at_the_object(page, served, camera, pose, frame, small_case):
    session = watched(
        page,
        served,
        {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist(), "include": ["covariance"]},
    )
    answer = send(served, session, npy_bytes(frame), seq=0).json()
    page.wait_for_selector(".pane[data-seq='0']")
    page.locator(".drawing").focus()
    for _ in range(9):
        page.keyboard.press("+")
    page.wait_for_timeout(300)
    seen, scale = canvas_of(page), float(page.locator(".pane").get_attribute("data-scale"))
    rows, columns = np.nonzero(np.abs(seen - [240, 228, 66]).max(axis=2) < 60)
    x, y, z = (np.array(answer["camera_from_volume"]) @ np.append(small_case.atlas.view.centre_mm, 1.0))[:3]
    (fx, _, cx), (_, fy, cy), _ = camera.intrinsic_matrix
    jacobian = np.array([[fx / z, 0.0, -fx * x / z**2], [0.0, fy / z, -fy * y / z**2]])
    half = scale * np.sqrt(np.diag(jacobian @ np.array(answer["covariance"])[:3, :3] @ jacobian.T))
    assert (half > 14).all()  # beyond the cross at its middle
    assert np.abs(np.array([np.ptp(columns), np.ptp(rows)]) / 2 - half).max() < 2.5
    middle = (np.array(seen.shape[1::-1]) - 1) / 2
    centre = middle + scale * (np.array([fx * x / z + cx, fy * y / z + cy]) - [(128 - 1) / 2, (96 - 1) / 2])
    drawn = [(columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2]
    assert np.abs(drawn - centre).max() < 2.5


def test_a_blended_frame_is_shown_with_its_own_pose_alone(page, served, skew_camera, pose, small_case):
    """While frames come in, every drawn frame's picture of the object is that of this frame's result."""
    opening = {"case": "small", "camera": camera_json(skew_camera), "initial_pose": pose.tolist()}
    session = watched(page, served, opening)
    asked = []
    page.on("request", lambda one: asked.append(json.loads(one.post_data)) if one.url.endswith("/v1/render") else None)
    poses = {}
    renderer = CpuRenderer(small_case.volume, 1.0)
    page.locator("select[aria-label=Overlay]").select_option("shaded")
    for seq in range(6):
        moved = pose.copy()
        moved[0, 3] += 1.5 * seq
        frame = np.round(50000.0 * np.exp(-renderer.render(skew_camera, moved)) + 200.0).astype(np.uint16)
        answer = send(served, session, npy_bytes(frame), seq=seq).json()
        poses[seq] = answer["camera_from_volume"]
    page.wait_for_selector(".pane[data-seq='5'][data-overlay='blended']")
    assert asked[-1]["camera_from_volume"] == poses[5]
    assert all(one["camera_from_volume"] in poses.values() for one in asked)


def seen_from(degrees):
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, 0, s, 0], [0, 1, 0, 0], [-s, 0, c, 890.0], [0, 0, 0, 1]])


def test_two_cameras_lie_side_by_side_and_in_space(page, served, camera, small_case):
    world_from_volume = np.eye(4)
    world_from_volume[:3, :3] = small_case.atlas.view.base_rotation
    world_from_volume[:3, 3] = -world_from_volume[:3, :3] @ small_case.atlas.view.centre_mm
    places = {"frontal": seen_from(0), "oblique": seen_from(20)}
    cameras = {name: camera_json(camera) | {"camera_from_world": place.tolist()} for name, place in places.items()}
    opening = {"case": "small", "cameras": cameras, "initial_pose": world_from_volume.tolist()}
    session = watched(page, served, opening)
    renderer = CpuRenderer(small_case.volume, 1.0)
    for name, place in places.items():
        frame = np.round(50000.0 * np.exp(-renderer.render(camera, place @ world_from_volume)) + 200.0)
        answer = send(served, session, npy_bytes(frame.astype(np.uint16)), camera=name, seq=0, captured_at=1000.0)
        assert answer.json()["status"] != "LOST"
    wait_for(lambda: page.locator(".pane[data-seq='0']").count() == 2)
    assert all(
        int(one) > 0 for one in page.locator(".pane").evaluate_all("all => all.map((one) => one.dataset.polygons)")
    )
    assert page.locator(".pane .caption").all_text_contents() == ["camera frontal", "camera oblique"]
    left, right = (page.locator(".pane").nth(n).bounding_box() for n in (0, 1))
    assert left["x"] + left["width"] <= right["x"]
    page.keyboard.press("d")
    page.wait_for_selector(".space[data-triangles]")
    space = page.locator(".space")
    wait_for(lambda: (space.get_attribute("data-cameras"), space.get_attribute("data-objects")) == ("2", "1"))
    assert int(space.get_attribute("data-triangles")) > 300
    before = space.locator("canvas").screenshot()
    space.locator("canvas").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(300)
    assert np.asarray(Image.open(io.BytesIO(before)).convert("L")).std() > 5
    assert space.locator("canvas").screenshot() != before
    page.keyboard.press("d")
    page.wait_for_selector(".space", state="detached")


def saved(page, name):
    with page.expect_download() as waiting:
        page.get_by_role("button", name=name).click()
    return waiting.value


def test_a_run_is_saved_as_a_table_a_transform_a_picture_and_a_video(page, served, camera, pose, frame, rng):
    session = watched(
        page,
        served,
        {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist(), "include": ["covariance"]},
    )
    answer = send(served, session, npy_bytes(frame), seq=3).json()
    page.wait_for_selector(".pane[data-seq='3']")
    page.get_by_role("button", name="Record video").click()
    send(served, session, npy_bytes(rng.integers(20000, 40000, (96, 128)).astype(np.uint16)), seq=4)
    page.wait_for_selector(".pane[data-seq='4']")
    page.wait_for_timeout(1200)
    video = saved(page, "End video")
    assert video.suggested_filename.endswith((".webm", ".mp4"))
    assert len(video.path().read_bytes()) > 1000
    rows = saved(page, "Poses (CSV)").path().read_text().splitlines()
    names = rows[0].split(",")
    assert tuple(names[: len(CSV_COLUMNS)]) == CSV_COLUMNS
    first, second = (dict(zip(names, row.split(","), strict=True)) for row in rows[1:])
    found = np.array(answer["camera_from_volume"])
    assert np.allclose([float(first[f"m{n // 4}{n % 4}"]) for n in range(12)], found[:3].ravel(), atol=1e-5)
    assert (first["frame"], first["status"], second["status"], second["x_mm"]) == ("3", "TRACKING", "LOST", "")
    transform = saved(page, "Pose (.tfm)")
    assert transform.suggested_filename == "small-camera-3.tfm"
    assert np.allclose(pose_from_tfm(transform.path().read_text()), found, atol=1e-6)
    with Image.open(saved(page, "Picture (PNG)").path()) as picture:
        size = page.evaluate("(() => { const c = document.querySelector('.drawing'); return [c.width, c.height]; })()")
        assert list(picture.size) == size


def test_a_video_is_sent_frame_by_frame(page, served, camera, pose, frame, tmp_path):
    """It is one that the page has saved; whether anything is found on it does not matter here."""
    session = watched(page, served, {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()})
    send(served, session, npy_bytes(frame), seq=0)
    page.wait_for_selector(".pane[data-seq='0']")
    size = page.evaluate("(() => { const c = document.querySelector('.drawing'); return [c.height, c.width]; })()")
    page.get_by_role("button", name="Record video").click()
    page.locator(".drawing").focus()
    for _ in range(6):
        page.keyboard.press("+")
        page.wait_for_timeout(200)
    saved(page, "End video").save_as(tmp_path / "run.webm")
    page.locator(".sources input[type=file]").set_input_files(tmp_path / "run.webm")
    form = page.locator(".files")
    form.wait_for()
    words = form.locator("p").text_content()
    assert "of a video" in words and int(words.split()[0]) >= 10
    assert np.abs(np.array([int(form.locator("input").nth(n).input_value()) for n in (0, 1)]) - size).max() <= 1
    form.get_by_role("button", name="Send").click()
    wait_for(lambda: len(served.get("/v1/sessions").json()) == 2)
    wait_for(lambda: max(one["counters"]["received"] for one in served.get("/v1/sessions").json()) >= 5)


def test_a_camera_of_another_convention_is_checked_and_used(page, served, frame, tmp_path):
    until(page, "document.querySelector('.sources select').value === 'small'")
    page.keyboard.press("4")
    kind = page.locator(".geometry select").first
    pictures = []
    for name in kind.locator("option").evaluate_all("all => all.map((one) => one.value)"):
        kind.select_option(name)
        pictures.append(canvas_of(page, ".convention"))
        assert pictures[-1].std() > 5
    assert len({picture.tobytes() for picture in pictures[:5]}) == 5
    kind.select_option("distances")
    fields = page.locator(".geometry-fields")
    values = {
        "rows": 96,
        "columns": 128,
        "row_spacing_mm": 1.6,
        "column_spacing_mm": 1.5,
        "source_to_detector_mm": 1100,
    }
    for name, value in values.items():
        fields.get_by_label(name, exact=True).fill(str(value))
    fields.get_by_label("principal_point_px").fill("5 47.5")
    page.wait_for_selector(".findings [data-code='principal-point-far']")
    fields.get_by_label("principal_point_px").fill("63.5, 47.5")
    page.wait_for_selector(".findings .fine, .findings [data-code='pixels-not-square']")
    until(page, "document.querySelector('.result').textContent.includes('intrinsic_matrix')")
    shown = json.loads(page.locator(".result").text_content())
    assert np.allclose(np.diag(shown["intrinsic_matrix"]), [1100 / 1.5, 1100 / 1.6, 1.0])
    page.get_by_role("button", name="Use for my frames").click()
    np.save(tmp_path / "frame.npy", frame)
    page.locator(".sources input[type=file]").set_input_files(tmp_path / "frame.npy")
    page.locator(".files").get_by_role("button", name="Send").click()
    page.wait_for_selector(".pane[data-seq='0']")
    (session,) = served.get("/v1/sessions").json()
    assert session["counters"]["answered"] >= 1


def nifti(path, values, names=()):
    """Write a NIfTI-1 file with voxels of 2 mm, and the names of labels as Connectome Workbench writes them."""
    import nibabel

    image = nibabel.Nifti1Image(values, np.diag([-2.0, -2.0, 2.0, 1.0]))
    if names:
        labels = "".join(f'<Label Key="{key}" Red="1"><![CDATA[{name}]]></Label>' for key, name in names)
        image.header.extensions.append(
            nibabel.nifti1.Nifti1Extension(0, f"<CaretExtension>{labels}</CaretExtension>".encode())
        )
    nibabel.save(image, path)


def test_what_is_chosen_of_a_ct_is_seen_before_it_is_sent(page, tmp_path):
    values = np.full((30, 20, 40), -1000, np.int16)
    values[5:15, 5:15, 10:30] = 50
    values[8:12, 8:12, 12:28] = 900
    labels = np.zeros(values.shape, np.uint8)
    labels[8:12, 8:12, 12:20], labels[8:12, 8:12, 20:28] = 3, 7
    nifti(tmp_path / "ct.nii.gz", values)
    nifti(tmp_path / "labels.nii.gz", labels, [(3, "lower part"), (7, "upper part")])
    page.keyboard.press("2")
    files = page.locator(".upload input[type=file]")
    files.first.set_input_files(tmp_path / "ct.nii.gz")
    page.wait_for_selector(".preview:not([hidden])")
    kept = page.locator(".preview")
    assert kept.get_attribute("data-kept") == str(values.size)
    numbers = page.locator(".upload input[type=number]")
    numbers.nth(0).fill("300")
    numbers.nth(1).fill("2000")
    assert kept.get_attribute("data-kept") == str(4 * 4 * 16)
    assert [
        int(one) for one in page.locator(".preview canvas").evaluate_all("all => all.map((one) => one.dataset.dark)")
    ] == [64, 64, 16]
    files.nth(1).set_input_files(tmp_path / "labels.nii.gz")
    label = page.locator(".upload select").nth(1)
    until(page, "document.querySelector('.preview').dataset.kept === '128'")
    assert label.locator("option").all_text_contents() == ["lower part", "upper part"]
    # The upper part is drawn above the lower one, seen from the front.
    label.select_option("7")
    rows = np.flatnonzero((canvas_of(page, ".preview canvas") < 128).any(axis=(1, 2)))
    assert (rows.min(), rows.max()) == (12, 19)
    for n, value in enumerate((16, 16, 40, 20, 20, 50)):  # LPS mm, of the voxels 8 to 10 and 20 to 25
        numbers.nth(2 + n).fill(str(value))
    assert kept.get_attribute("data-kept") == str(3 * 3 * 6)
    page.get_by_role("button", name="Upload").click()
    until(page, "document.querySelector('.page > .note').textContent.includes('read-only')")


def ct_of(kind, folder):
    """A CT of 18 x 24 x 16 voxels with a block of 6 x 8 x 4 of 900 HU, as the kinds that a browser cannot read."""
    values = np.full((16, 24, 18), -1000, np.int16)  # slice, row, column
    values[4:8, 8:16, 7:13] = 900
    if kind == "zip":
        # Its columns run posterior, its rows down, its slices across; stored numbers are (HU + 1024) / 2.
        series(folder / "ct", (values.transpose(1, 0, 2) + 1024) // 2)
        return shutil.make_archive(str(folder / "ct"), "zip", folder / "ct")
    head = "ObjectType = Image\nNDims = 3\nDimSize = 18 24 16\nElementType = MET_SHORT\nElementSpacing = 1 1 1.5\n"
    (folder / "ct.mha").write_bytes((head + "ElementDataFile = LOCAL\n").encode() + values.tobytes())
    return folder / "ct.mha"


@pytest.mark.parametrize("kind", ["zip", "mha"])
def test_what_the_browser_cannot_read_the_service_does(page, tmp_path, kind):
    page.keyboard.press("2")
    page.locator(".upload input[type=file]").first.set_input_files(ct_of(kind, tmp_path))
    page.wait_for_selector(".preview:not([hidden])")
    numbers = page.locator(".upload input[type=number]")
    numbers.nth(0).fill("300")
    numbers.nth(1).fill("2000")
    assert page.locator(".preview").get_attribute("data-kept") == str(6 * 8 * 4)
    dark = page.locator(".preview canvas").evaluate_all("all => all.map((one) => one.dataset.dark)")
    assert [int(one) for one in dark] == [6 * 4, 8 * 4, 6 * 8]
    (tmp_path / "not.mha").write_bytes(b"nothing")
    page.locator(".upload input[type=file]").first.set_input_files(tmp_path / "not.mha")
    page.wait_for_selector(".preview", state="hidden")
    until(page, "document.querySelector('.page > .note').textContent.includes('expected')")


def test_the_service_view_has_the_times_of_the_stages(page, served, camera, pose, frame):
    session = watched(page, served, {"case": "small", "camera": camera_json(camera), "initial_pose": pose.tolist()})
    send(served, session, npy_bytes(frame), seq=0)
    page.wait_for_selector(".pane[data-seq='0']")
    page.keyboard.press("3")
    stages = page.locator("section", has=page.get_by_role("heading", name="Times of the stages")).locator("tbody tr")
    until(page, "document.querySelectorAll('.spark').length > 5")
    told = {row.locator("td").nth(0).text_content(): row.locator("td").nth(1).text_content() for row in stages.all()}
    assert int(told["frame age"]) >= 1 and int(told["decode"]) >= 1


def test_a_notebook_draws_the_same_picture(page, served, small_case, camera, pose, frame):
    """The widget's front end with a model as anywidget gives it one, on an empty element of a page."""
    from fluoropose.notebook import RunView
    from fluoropose.registration.assessment import Assessment, ErrorEstimate, Status
    from fluoropose.registration.result import Registration

    found = Registration(pose, Assessment(Status.TRACKING, 0.9, ErrorEstimate(0.2, 1.0, 0.3)), 0.9, {})
    view = RunView(small_case, [frame, frame], camera, [found, found])
    page.goto(f"{served.base_url}/livez")
    page.add_style_tag(content=view._css)
    page.evaluate(
        """async ([code, message]) => {
          const bytes = Uint8Array.from(atob(message), (one) => one.charCodeAt(0));
          const padded = new Uint8Array(bytes.length + 8);
          padded.set(bytes, 8);
          const values = { message: new DataView(padded.buffer, 8), index: 0, count: 2, inverted: false, outlined: true };
          window.changed = [];
          const model = { get: (name) => values[name], set: (name, value) => window.changed.push([name, value]), save_changes: () => {}, on: () => {}, off: () => {} };
          const { default: widget } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
          widget.render({ model, el: document.body });
        }""",
        [view._esm, base64.b64encode(view.message).decode()],
    )
    page.wait_for_selector(".pane[data-polygons='1']")
    page.wait_for_timeout(300)
    seen = at_frame_size(page, 96, 128)
    assert (
        np.corrcoef(seen.mean(axis=2).ravel(), np.clip(frame, *np.percentile(frame, [0.5, 99.5])).ravel())[0, 1] > 0.9
    )
    assert (np.ptp(seen, axis=2) > 40).sum() > 50
    page.locator("input[type=range]").fill("1")
    assert page.evaluate("window.changed") == [["index", 1]]
