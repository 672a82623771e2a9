"""The kinds of inputs that users of such programs report, and the tests that hold each: one list, which is kept true.

A kind whose test is renamed or deleted fails here, and so does the list when it holds fewer than 60 inputs.
"""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

SILENTLY_WRONG = {
    "NIfTI in metres or micrometres": ["io/test_nifti.py::test_lengths_are_in_the_headers_unit"],
    "NRRD with space units": [
        "io/test_nrrd.py::test_space_units_are_honoured",
        "io/test_nrrd.py::test_the_letter_of_micro_is_read",
        "io/test_nrrd.py::test_an_unknown_unit_is_refused",
    ],
    "a slice that is empty or cut": [
        "io/test_dicom_series.py::test_a_slice_that_cannot_be_read_is_refused_by_name",
        "io/test_dicom_series.py::test_a_cut_slice_is_refused_by_name",
    ],
    "slices without a preamble": ["io/test_dicom_series.py::test_files_without_a_preamble_are_read"],
    "Pixel Padding Range Limit": [
        "io/test_dicom_pixels.py::test_padding_is_a_value_or_a_range",
        "io/test_dicom_series.py::test_padding_is_air",
    ],
    "NIfTI with both form codes 0": ["io/test_nifti.py::test_a_header_without_a_placement_is_refused"],
    "TIFF of int16 and of uint32": ["io/test_tiff_pages.py::test_numbers_are_those_that_were_stored"],
    "TIFF with white as zero": ["io/test_tiff_pages.py::test_white_is_zero_is_turned_round"],
    "MONOCHROME1, Presentation LUT Shape, Pixel Intensity Relationship Sign": [
        "io/test_xray_pixels.py::test_the_open_beam_is_bright_whatever_the_attributes_say",
        "io/test_xray_pixels.py::test_signed_pixels_are_turned_within_their_range",
    ],
    "Rescale of frames": ["io/test_xray_pixels.py::test_a_rescale_is_applied_and_turned_in_its_own_range"],
    "overlay bits in the pixels": [
        "io/test_overlay_planes.py::test_overlay_bits_in_unused_bits_of_the_pixels_are_taken_off"
    ],
    "PALETTE COLOR": ["io/test_xray_pixels.py::test_indices_of_colours_are_refused_in_words"],
    "HU + 1024": [
        "imaging/test_volume_findings.py::test_hu_plus_1024_is_noticed",
        "io/test_preparation.py::test_hu_plus_1024_is_refused_unless_the_offset_is_said",
    ],
    "the isocentre's spacing for the detector's": [
        "geometry/conversion/test_findings.py::"
        "test_spacing_at_the_isocentre_is_found_from_the_detectors_size_and_guessed_without_it",
        "geometry/conversion/test_distances.py::test_notes_on_spacing_and_on_the_side_that_a_picture_is_seen_from",
        "registration/test_explanation.py::test_a_principal_point_at_the_corner_is_unlikely",
    ],
    "times in ms for s": ["serving/test_frame_request.py::test_headers_that_cannot_be_meant"],
}

HANG_OR_TRACEBACK = {
    "empty RescaleIntercept or ImagePositionPatient": [
        "io/test_reader_faults.py::test_a_damaged_volume_is_refused",
        "io/test_dicom_series.py::test_an_empty_attribute_is_named_with_its_file",
    ],
    "JPEG Lossless and JPEG-LS": [
        "io/test_dicom_series.py::test_compressed_slices_are_those_that_were_compressed",
        "io/test_volume_agreement.py::test_a_compressed_series",
    ],
    "4-D NRRD, encrypted zip, truncated pixels, bad deflate": [
        "io/test_reader_faults.py::test_a_damaged_volume_is_refused",
        "cli/test_check.py::test_damaged_files_are_errors_of_the_report",
    ],
    "a damaged upload: `preparing` for ever, DELETE 409": [
        "transports/http/test_case_routes.py::test_a_damaged_series_fails_says_why_and_is_deleted",
        "transports/http/test_case_routes.py::test_a_truncated_volume_fails",
        "serving/test_case_preparation.py::test_whatever_fails_is_said_discarded_and_stops_no_other",
    ],
    "a file that ends the library that reads it": [
        "io/test_stored_pixels.py::test_data_that_ends_gdcm_is_an_error_and_the_next_image_is_decoded",
        "cli/test_check.py::test_a_file_that_ends_gdcm_is_an_error_and_the_next_is_checked",
        "transports/http/test_check_routes.py::test_a_file_that_ends_gdcm_is_a_report",
    ],
    "damaged meshes": [
        "io/test_reader_faults.py::test_a_damaged_mesh_is_refused",
        "transports/http/test_case_routes.py::test_a_mesh_that_is_cut_fails_and_says_why",
    ],
    "damaged frames": [
        "io/test_reader_faults.py::test_a_damaged_frame_is_refused",
        "transports/grpc/test_servicer.py::test_a_damaged_frame_of_any_kind_is_a_problem_and_the_next_is_registered",
    ],
    "a deflated file that inflates beyond its header": [
        "io/test_dicom_bounds.py::test_a_deflated_bomb_is_refused_before_it_is_inflated",
        "io/test_dicom_bounds.py::test_a_deflated_bomb_in_a_series_is_refused_before_it_is_inflated",
    ],
    "JSON of numbers beyond all, or nested too deeply": [
        "io/test_geometry_files.py::test_other_files_are_refused_by_name",
        "transports/http/test_geometry_routes.py::test_what_cannot_be_converted",
        "geometry/test_rigid.py::test_what_is_not_rigid_is_refused_with_the_number",
    ],
    "mutated files of every reader": ["io/test_fuzz_readers.py::test_nothing_but_our_errors"],
}

REFUSED_THOUGH_ORDINARY = {
    "enhanced and multi-frame CT": [
        "io/test_dicom_series.py::test_an_enhanced_ct_is_placed_frame_by_frame",
        "io/test_volume_agreement.py::test_an_enhanced_ct",
    ],
    "cone-beam CT": ["io/test_dicom_series.py::test_a_cone_beam_ct_of_an_angiography_system_is_read"],
    "a localizer in the folder": [
        "io/test_dicom_series.py::test_what_is_beside_the_slices_is_left_out_and_named",
        "io/test_dicom_series.py::test_only_a_localizer_is_no_ct",
    ],
    "gantry tilt": ["io/test_dicom_series.py::test_a_tilted_gantry_shears_the_place_of_the_slices"],
    "the same file twice": [
        "io/test_dicom_series.py::test_the_same_slice_twice_is_taken_once_and_said",
        "io/test_dicom_series.py::test_two_slices_of_one_place_that_differ_are_refused_by_name",
    ],
    "jitter of 0.05 mm": [
        "io/test_dicom_series.py::test_positions_that_jitter_by_a_twentieth_of_a_millimetre_are_taken"
    ],
    "MetaImage": [
        "io/test_metaimage.py::test_the_header_places_the_values",
        "io/test_volume_agreement.py::test_what_simpleitk_writes",
    ],
    "NIfTI-2 and MetaImage by upload": [
        "io/test_preparation.py::test_an_uploads_kind_is_told_by_its_first_bytes",
        "io/test_metaimage.py::test_an_upload_is_known_by_its_first_line",
    ],
    "cropped or flipped label maps": [
        "imaging/test_label_grid.py::test_a_map_on_another_grid_is_resampled",
        "io/test_preparation.py::test_a_cropped_and_flipped_label_map_selects_the_same",
    ],
    ".seg.nrrd": ["io/test_nrrd.py::test_a_segmentation_of_one_layer_is_a_volume"],
    "NaN background": [
        "io/test_nifti.py::test_nan_around_an_object_is_air",
        "imaging/test_volume_limits.py::test_nan_around_values_is_what_surrounds_them",
    ],
    "negative focal lengths": [
        "geometry/conversion/test_convert.py::test_an_intrinsic_matrix_in_every_convention",
        "geometry/conversion/test_imaging_geometry.py::test_turned_axes_give_the_same_pixels_and_one_physical_camera",
    ],
    "videos": ["io/test_video.py::test_a_video_comes_back_in_order_and_rate"],
    "XA compressed": ["io/test_stored_pixels.py::test_a_frame_by_number_is_decoded_without_the_others"],
    "grey pictures stored in colour": ["io/test_frames.py::test_a_grey_picture_stored_in_colour_is_read"],
    "bitmap shutters": ["io/test_xa_field.py::test_a_bitmap_shutter_is_covered_by_boxes"],
}

MISLEADING_WORDS = {
    "uneven gaps called a missing slice": [
        "io/test_dicom_series.py::test_uneven_gaps_are_called_uneven",
        "io/test_dicom_series.py::test_how_many_slices_are_missing_and_where_is_said",
        "io/test_check.py::test_a_series_that_is_two_or_has_a_gap_is_said",
    ],
    "a multi-frame image called one slice": [
        "io/test_dicom_series.py::test_a_multi_frame_image_without_places_is_not_called_one_slice"
    ],
    "gzip requests called invalid JSON": [
        "transports/http/test_media_rules.py::test_an_encoded_body_is_refused_in_words"
    ],
    "totals of `stream`": ["cli/test_stream_results.py::test_totals_add_up_whatever_became_of_the_frames"],
    "`--out pose.tfm` that wrote a PNG": [
        "cli/test_register.py::test_the_pose_is_written_by_ending_and_an_unknown_one_is_refused_first"
    ],
    "gRPC errors with HTTP's words": [
        "transports/grpc/test_decode.py::test_raw_pixels_without_their_type_are_refused_without_a_word_of_http"
    ],
    "complaints of libraries on standard error": ["cli/test_check.py::test_libraries_say_nothing_beside_the_report"],
}

EXPECTED_AND_NOT_THERE = {
    "a camera from XA tags": [
        "io/test_xa_attributes.py::test_attributes_are_those_of_the_kind",
        "geometry/conversion/test_convert.py::test_an_xa_image_holds_what_a_machine_shows",
    ],
    "the camera that a geometry was written as, drawn on a frame": [
        "cli/test_geometry_overlay.py::test_every_kind_is_seen_on_a_frame",
        "transports/http/test_geometry_routes.py::test_what_every_kind_says_is_seen_on_a_frame",
    ],
    "a frame by its number": [
        "io/test_xray_pixels.py::test_only_that_frame_is_decoded",
        "io/test_run_frame.py::test_the_middle_one_or_the_one_asked_for",
    ],
    "poses in `stream --json`": ["cli/test_stream.py::test_stream_sends_a_run_and_says_what_came_back"],
    "exit code 3 when LOST": ["cli/test_register.py::test_a_frame_without_the_object_ends_with_3"],
    "STL": ["io/test_preparation.py::test_a_mesh_is_the_object"],
    "transforms for 3D Slicer and ITK": ["io/pose_export/test_itk_transforms.py::test_files_come_back"],
    "DICOM registrations": ["io/pose_export/test_dicom_registration.py::test_a_pose_comes_back"],
    "OpenIGTLink": ["igtlink/test_bridge.py::test_two_clients_of_pyigtl_at_30_frames_per_second"],
    "`--version`": ["cli/test_main.py::test_the_version_is_printed"],
    "completion": ["cli/test_main.py::test_completion_can_be_installed"],
    "the contour in results": ["serving/test_included_parts.py::test_who_asks_gets_the_outline_at_the_pose_and_the_covariance"],
    "JointTrack's files": ["io/pose_export/test_jointtrack_poses.py::test_poses_come_back"],
    "MayaCam": [
        "geometry/conversion/test_mayacam.py::test_version_1_by_hand",
        "geometry/conversion/test_mayacam.py::test_version_2_by_hand",
    ],
}  # fmt: skip

GROUPS = (SILENTLY_WRONG, HANG_OR_TRACEBACK, REFUSED_THOUGH_ORDINARY, MISLEADING_WORDS, EXPECTED_AND_NOT_THERE)
LEAST_INPUTS = 60


@pytest.fixture(scope="module")
def collected():
    """How many inputs each test has that pytest finds in the files that are named, by the test's name."""
    files = sorted({one.split("::")[0] for group in GROUPS for tests in group.values() for one in tests})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-o",
        "addopts=--import-mode=importlib",
        "-p",
        "no:cacheprovider",
        *files,
    ]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=300)
    counts = {}
    for line in done.stdout.splitlines():
        name = line.split("[")[0].strip()
        name = name.removeprefix("tests/")
        if "::" in name:
            counts[name] = counts.get(name, 0) + 1
    assert counts, done.stdout[-2000:] + done.stderr[-2000:]
    return counts


def test_every_kind_has_tests_that_are_there(collected):
    named = {one for group in GROUPS for tests in group.values() for one in tests}
    assert all(tests for group in GROUPS for tests in group.values())
    assert named - collected.keys() == set()


def test_there_are_sixty_inputs_and_more(collected):
    named = {one for group in GROUPS for tests in group.values() for one in tests}
    assert sum(collected[one] for one in named) >= LEAST_INPUTS
