"""Commands of those who run the service: serve, keys, stream, bench."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fluoropose.cli.console import console, plain_errors, progress_bar
from fluoropose.cli.settings import Settings, available_cores

if TYPE_CHECKING:
    from fluoropose.serving.case_cache import CaseCache

__all__ = ["operate_app", "shipped_cases"]

operate_app = typer.Typer()
keys_app = typer.Typer(no_args_is_help=True, help="API keys of the service, kept as hashes in one file.")
operate_app.add_typer(keys_app, name="keys")

Threads = Annotated[int, typer.Option("--threads", min=0, help="ONNX Runtime's CPU threads; 0: as set, else 1.")]
CudaGraphs = Annotated[bool, typer.Option("--cuda-graphs", help="Replay steps as CUDA graphs; not measured yet.")]
Json = Annotated[Path | None, typer.Option("--json", help="Write the figures here.")]
Transport = Annotated[str, typer.Option("--transport", help="http, ws or grpc.")]
Address = Annotated[str, typer.Option("--address", help="The service's HTTP address.")]
GrpcAddress = Annotated[str, typer.Option("--grpc-address", help="Its gRPC address.")]
Key = Annotated[str | None, typer.Option("--key", help="An API key.")]


@operate_app.command()
def serve(
    cases: Annotated[
        Path | None, typer.Option("--cases", help="Folder of cases; the shipped objects if not given.")
    ] = None,
    models: Annotated[
        Path | None, typer.Option("--models", help="Folder of models; the shipped ones if not given.")
    ] = None,
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="HTTP and WebSocket.")] = 8000,
    grpc_port: Annotated[int, typer.Option("--grpc-port", help="gRPC; -1 for none.")] = 8001,
    metrics_port: Annotated[int, typer.Option("--metrics-port", help="Scrapes on loopback; -1 for none.")] = -1,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda; cuda fails rather than fall back.")] = "",
    threads: Threads = 0,
    cuda_graphs: CudaGraphs = False,
    budget_mb: Annotated[float | None, typer.Option("--budget-mb", help="Most bytes of resident cases.")] = None,
    keys: Annotated[Path | None, typer.Option("--keys", help="File of API keys; see `fluoropose keys`.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="The server's private key, PEM.")] = None,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="Its certificate chain, PEM.")] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option("--tls-client-ca", help="Clients must have a certificate of this authority, PEM.")
    ] = None,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy guards this address.")] = False,
    grace_s: Annotated[float, typer.Option("--grace-s", help="For frames in flight at the end.")] = 10.0,
    log_level: Annotated[str, typer.Option("--log-level")] = "info",
) -> None:
    """Serve the cases until stopped.

    Example: fluoropose serve --cases cases --models models
    """
    with plain_errors():
        from fluoropose.transports.server import ServePlan, run_server

        settings = Settings()
        run_server(
            ServePlan(
                cases or shipped_cases(settings), models or settings.models_root(), host, port, grpc_port,
                metrics_port, device or settings.device, min(threads or settings.threads, available_cores()),
                cuda_graphs or settings.cuda_graphs, None if budget_mb is None else int(1e6 * budget_mb),
                keys or settings.keys, tls_key, tls_cert, tls_client_ca, behind_proxy, grace_s, log_level,
            )
        )  # fmt: skip


@keys_app.command("add")
def keys_add(
    name: Annotated[str, typer.Argument(help="Whose key it is: lower-case letters, digits, hyphens.")],
    file: Annotated[Path, typer.Option("--file", help="The file of keys; made if it is not there.")],
    scope: Annotated[list[str], typer.Option("--scope", help="infer, manage, metrics; may be given again.")],
    days: Annotated[int | None, typer.Option("--days", min=1, help="Until it expires; never if not given.")] = None,
) -> None:
    """Make a key and print it: this is the only time it is seen.

    Example: fluoropose keys add console-1 --file keys.json --scope infer
    """
    with plain_errors():
        from fluoropose.serving.api_keys import add_key

        typer.echo(add_key(file, name, scope, days))


@keys_app.command("remove")
def keys_remove(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    file: Annotated[Path, typer.Option("--file", help="The file of keys.")],
) -> None:
    """Remove a key; a running service notices within a second.

    Example: fluoropose keys remove console-1 --file keys.json
    """
    with plain_errors():
        from fluoropose.serving.api_keys import remove_key

        remove_key(file, name)
        console.print(f"removed {name}")


@operate_app.command()
def stream(
    source: Annotated[str, typer.Argument(help="A folder or file of frames; or knee, plate, probe: a simulated run.")],
    case: Annotated[
        str | None, typer.Option("--case", help="The service's case; a simulated object's own name.")
    ] = None,
    camera: Annotated[Path | None, typer.Option("--camera", help="The camera's JSON file.")] = None,
    initial_pose: Annotated[Path | None, typer.Option("--initial-pose", help="JSON; without it, a search.")] = None,
    pixel_meaning: Annotated[str, typer.Option("--pixel-meaning")] = "intensity",
    inverted: Annotated[bool, typer.Option("--inverted", help="Dense is bright.")] = False,
    places: Annotated[
        Path | None, typer.Option("--places", help="JSON: where the camera stood for each frame, if it moves.")
    ] = None,
    second: Annotated[Path | None, typer.Option("--second", help="Frames of a second camera, same instants.")] = None,
    second_camera: Annotated[Path | None, typer.Option("--second-camera", help="Its JSON; both with a place.")] = None,
    fps: Annotated[float | None, typer.Option("--fps", help="The file's own, else 15.")] = None,
    frames: Annotated[int, typer.Option("--frames", min=2, help="Of a simulated run.")] = 100,
    repeat: Annotated[int, typer.Option("--repeat", min=1, help="How often the run is sent, there and back.")] = 1,
    max_age_ms: Annotated[
        float | None, typer.Option("--max-age-ms", help="No pose for a frame older than this.")
    ] = None,
    transport: Transport = "ws",
    address: Address = "http://127.0.0.1:8000",
    grpc_address: GrpcAddress = "127.0.0.1:8001",
    key: Key = None,
    json_file: Json = None,
) -> None:
    """Send frames to a service at their rate, as a console does, and show what comes back.

    Example: fluoropose stream plate --transport grpc
    """
    with plain_errors():
        from fluoropose.cli.inputs import read_pose
        from fluoropose.cli.stream import StreamPlan, file_source, run_stream, simulated_source
        from fluoropose.errors import InputError
        from fluoropose.io.files import write_json
        from fluoropose.objects.catalogue import OBJECTS

        plan = StreamPlan(address, grpc_address, transport, key, pixel_meaning, inverted, max_age_ms, repeat)
        start = None if initial_pose is None else read_pose(initial_pose)
        if source in OBJECTS and not Path(source).exists():
            sent = simulated_source(shipped_cases(Settings()) / source, frames, fps or 15.0, available_cores())
        else:
            if (second is None) != (second_camera is None):
                raise InputError("expected both --second and --second-camera, or neither, got one")
            beside = None if second is None or second_camera is None else (second, second_camera)
            sent = file_source(Path(source), case, camera, start, fps, places, beside)
        facts = run_stream(sent, plan)
        console.print_json(data=facts)
        if json_file is not None:
            write_json(json_file, facts)


@operate_app.command()
def bench(
    object_name: Annotated[str, typer.Option("--object", help="knee, plate or probe.")] = "plate",
    runs: Annotated[int, typer.Option("--runs", min=1)] = 200,
    seed: Annotated[int, typer.Option("--seed")] = 0,
    load: Annotated[
        list[str] | None,
        typer.Option("--load", help="TRANSPORT:SESSIONS:FPS instead, for example ws:1:30; may be given again."),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=2, help="How long each load lasts.")] = 60.0,
    size: Annotated[int, typer.Option("--size", help="Side of the load's frames: 256, 512, 1024 or 2048.")] = 512,
    objects: Annotated[
        bool, typer.Option("--objects", help="Also two and four shipped objects in one frame, beside one.")
    ] = False,
    address: Annotated[str, typer.Option("--address", help="Load this service, not one of our own.")] = "",
    grpc_address: GrpcAddress = "127.0.0.1:8001",
    device: Annotated[str, typer.Option("--device")] = "",
    threads: Threads = 0,
    cuda_graphs: CudaGraphs = False,
    json_file: Json = None,
) -> None:
    """Measure renderers and registration on this machine, or a service under load.

    Example: fluoropose bench --load ws:1:30 --load grpc:4:30 --json load.json
    """
    with plain_errors():
        from fluoropose.evaluation.load import LoadPlan, run_loads
        from fluoropose.evaluation.speed import bench as run_bench
        from fluoropose.inference.onnx_runtime import open_device
        from fluoropose.io.bundles import load_bundle
        from fluoropose.io.cases import load_case
        from fluoropose.io.files import write_json
        from fluoropose.objects.catalogue import shipped_object
        from fluoropose.serving.case_cache import CaseCache

        settings = Settings()
        count = threads or settings.threads
        name = shipped_object(object_name).name
        cases = shipped_cases(settings)
        graphs = cuda_graphs or settings.cuda_graphs
        case_cache = CaseCache(open_device(device or settings.device, count, graphs))
        resident = case_cache.add(load_case(cases / name), load_bundle(settings.models_root() / name))
        if load:
            plan = LoadPlan(
                load, seconds, size, seed, cases, settings.models_root(), count, device or settings.device,
                graphs, address, grpc_address, available_cores(),
            )  # fmt: skip
            figures = run_loads(resident, plan)
        else:
            figures = run_bench(resident, runs=runs, seed=seed, threads=count, cores=available_cores())
            if objects:
                figures["objects_ms"] = _objects(case_cache, cases, settings.models_root(), runs, seed)
            console.print_json(data=figures)
        if json_file is not None:
            write_json(json_file, figures)


def _objects(case_cache: "CaseCache", cases: Path, models: Path, runs: int, seed: int) -> list[dict[str, Any]]:
    """Return what registering two and four objects of one frame takes; a case that is there is used as it is."""
    from fluoropose.evaluation.overlapping_objects import overlap_times
    from fluoropose.io.bundles import load_bundle
    from fluoropose.io.cases import load_case

    names = ("knee", "plate", "probe", "plate")
    for name in sorted(set(names) - set(case_cache.names())):
        case_cache.add(load_case(cases / name), load_bundle(models / name))
    return overlap_times([case_cache.case(name) for name in names], runs, seed, 512, available_cores())


def shipped_cases(settings: Settings) -> Path:
    """Prepare the shipped objects in the cache once and return their folder."""
    from fluoropose.cli.inputs import prepare_shipped
    from fluoropose.io.cases import list_cases
    from fluoropose.objects.catalogue import OBJECTS

    root = settings.cache / "cases-1"
    for name in sorted(set(OBJECTS) - set(list_cases(root))):
        with progress_bar(f"preparing {name}") as report:
            prepare_shipped(OBJECTS[name], root / name, replace=True, progress=report)
    return root
