"""`fluoropose igtlink`: a bridge between OpenIGTLink clients, such as 3D Slicer, and a running service."""

from pathlib import Path
from typing import Annotated

import typer

from fluoropose.cli.console import plain_errors, print_dim
from fluoropose.cli.options import GrpcAddress, Inverted, PixelMeaning

__all__ = ["igtlink"]


def igtlink(
    case: Annotated[list[str], typer.Option("--case", help="The service's case; may be repeated: several objects.")],
    camera: Annotated[
        list[str],
        typer.Option("--camera", help="Its JSON: FILE, of any IMAGE; or DEVICE=FILE, of that one. May be repeated."),
    ],
    initial_pose: Annotated[Path | None, typer.Option("--initial-pose", help="JSON; without it, a search.")] = None,
    pixel_meaning: PixelMeaning = "intensity",
    inverted: Inverted = False,
    separate: Annotated[
        bool, typer.Option("--separate", help="A session per camera; else several cameras see one instant together.")
    ] = False,
    max_age_ms: Annotated[float | None, typer.Option("--max-age-ms", help="No pose for an older frame.")] = None,
    host: Annotated[str, typer.Option("--host", help="Where OpenIGTLink clients connect.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Its port; 0 for any.")] = 18944,
    open_network: Annotated[
        bool, typer.Option("--open-network", help="Let a host beyond this machine in: it has no keys and no TLS.")
    ] = False,
    target: Annotated[str, typer.Option("--target", help="Poses in the camera or in the world.")] = "camera",
    axes: Annotated[str, typer.Option("--axes", help="ras, as 3D Slicer takes them, or lps.")] = "ras",
    transform_device: Annotated[
        str | None, typer.Option("--transform-device", help="Name of TRANSFORM; {case}, {camera} stand for theirs.")
    ] = None,
    status_device: Annotated[str | None, typer.Option("--status-device", help="Name of STATUS, likewise.")] = None,
    sure_only: Annotated[bool, typer.Option("--sure-only", help="No TRANSFORM of LOW_CONFIDENCE either.")] = False,
    header_version: Annotated[
        int, typer.Option("--header-version", min=0, max=2, help="Of what is sent; 0: that of each client's own.")
    ] = 0,
    check_crc: Annotated[bool, typer.Option("--crc/--no-crc", help="Refuse messages of another checksum.")] = True,
    clients: Annotated[int, typer.Option("--clients", min=1, max=256, help="Most at a time.")] = 16,
    transport: Annotated[str, typer.Option("--transport", help="To the service: ws or grpc.")] = "ws",
    address: Annotated[str, typer.Option("--address", help="The service's HTTP address.")] = "http://127.0.0.1:8000",
    grpc_address: GrpcAddress = "127.0.0.1:8001",
    key: Annotated[str | None, typer.Option("--key", help="An API key.")] = None,
) -> None:
    """Take frames as IMAGE from OpenIGTLink clients, send poses as TRANSFORM and states as STATUS, until stopped.

    Example: fluoropose igtlink --case plate --camera camera.json
    """
    with plain_errors():
        from fluoropose.cli.igtlink_plan import BridgeInputs, bridge_plan
        from fluoropose.cli.igtlink_run import ServiceAddress, require_guarded, run_bridge
        from fluoropose.igtlink.checksum import require_crc64

        require_crc64()
        require_guarded(host, open_network)
        plan = bridge_plan(
            BridgeInputs(
                tuple(case), tuple(camera), initial_pose, pixel_meaning, inverted, separate, max_age_ms, target, axes,
                transform_device, status_device, sure_only, header_version, check_crc, clients,
            )
        )  # fmt: skip
        run_bridge(plan, ServiceAddress(address, grpc_address, transport, key), (host, port), print_dim)
