"""``napari-udt train``: train a model as a configuration says."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from napari_udt.cli.exit_codes import INTERRUPTED, SUCCESS
from napari_udt.cli.metadata_arguments import add_names_argument
from napari_udt.cli.progress_line import ProgressLine
from napari_udt.errors import TrainingError
from napari_udt.models.store import SPEC
from napari_udt.outgoing_text import printable
from napari_udt.training.config import TrainingConfig, load_config, packaged_configs
from napari_udt.training.fine_tuning import begun_with

if TYPE_CHECKING:
    from napari_udt.models import TransferModel

COMPONENTS = "pat_components"  # no transfer: what distinguishes skin, tissue and vessels


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to a parser."""
    parser.add_argument(
        "config",
        help=f"TOML file or the name of a packaged configuration: {', '.join(packaged_configs())}; or {COMPONENTS}, which "
        "splits photoacoustic pictures into skin, tissue and vessels and needs --simulated of `napari-udt simulate components` alone",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder of the model to be written")
    parser.add_argument(
        "--simulated",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="cubes of the simulated domain, with labels: files, folders and collections of any format, or one data set file",
    )
    parser.add_argument(
        "--target",
        "--second",
        dest="target",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="of the target domain",
    )
    add_names_argument(parser)
    parser.add_argument(
        "--minutes",
        type=_minutes,
        metavar="M",
        help="how long to train, for cubes of your own; by default as configured",
    )
    parser.add_argument(
        "--from",
        dest="parent",
        metavar="NAME|FOLDER",
        help="begin with the weights of a model of the same wavelengths and classes",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a value in place of the configuration's, such as optimisation.learning_rate=1e-4; may be repeated",
    )
    parser.add_argument(
        "--no-install", action="store_true", help="do not list a model of cubes of your own among the models"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="only say what is found in cubes of your own, and what the training would cost",
    )
    parser.add_argument("--resume", action="store_true", help="continue from the checkpoint in OUTPUT.run")
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda, cuda:0, ... (default: cpu)")
    parser.add_argument(
        "--devices",
        type=_count,
        default=1,
        metavar="N",
        help="train on N devices of that kind, in N processes with a batch each (needs napari-udt[train])",
    )


def run(args: argparse.Namespace) -> int:
    """Train; the exit status is 0, or 130 after Ctrl-C.

    Raises
    ------
    TrainingError
        When the configuration or the data do not fit, or the training fails.
    """
    if args.config == COMPONENTS:
        return _train_components(args)
    given = {"simulated": args.simulated, "second": args.target}
    config = load_config(
        args.config, args.set, **{key: str(paths[0]) for key, paths in given.items() if paths}
    )
    if args.parent is not None:
        config = begun_with(config, args.parent)
    # torch takes seconds to import: report a wrong configuration before that
    from napari_udt.inference.devices import choose
    from napari_udt.training.findings import reached_lines
    from napari_udt.training.installing import require_free_name
    from napari_udt.training.loop import TrainingInterrupted
    from napari_udt.training.run import require_new, train

    own = _own_cubes(args)
    if args.resume and own and (args.output / SPEC).is_file():  # it was ended after the last step
        return _listed(args)
    require_new(args.output)
    if own and not args.no_install:
        require_free_name(args.output)
    device = choose(args.device).key
    if args.resume and own and (args.set or args.parent):
        raise TrainingError(
            f"{args.output}: --resume goes on with the values that the run was begun with; leave --set and --from out, or start anew "
            "in another folder."
        )
    if args.check and not own:
        raise TrainingError(
            f"{args.config}: --check is for cubes of your own; give --simulated and --target."
        )
    if args.check:
        with tempfile.TemporaryDirectory(prefix="napari-udt-") as scratch:
            _prepared(args, config, device, Path(scratch) / args.output.name)
        return SUCCESS
    if own:
        config = _prepared(args, config, device, args.output)
    try:
        model = train(config, args.output, resume=args.resume, device=device, devices=args.devices)
    except TrainingInterrupted as stop:
        print(printable(str(stop)))
        return INTERRUPTED
    for line in reached_lines(model.spec.training["metrics"]):
        print(printable(line))
    print(printable(f"{args.output}: the model is written."))
    if own:
        _judge(config, model, args.output)
    return _listed(args) if own else SUCCESS


def _train_components(args: argparse.Namespace) -> int:
    """Train the network of components and write its one file."""
    from napari_udt.dataset import load_dataset
    from napari_udt.models.components import save_components
    from napari_udt.training.components import STEPS, train_components

    unused = {
        "--target": args.target,
        "--from": args.parent,
        "--resume": args.resume,
        "--minutes": args.minutes,
    }
    if wrong := [name for name, value in unused.items() if value]:
        raise TrainingError(f"{COMPONENTS}: takes no {wrong[0]}; leave it out.")
    if not args.simulated or len(args.simulated) != 1:
        raise TrainingError(
            f"{COMPONENTS}: give the one file of `napari-udt simulate components` with --simulated."
        )
    settings = dict(text.partition("=")[::2] for text in args.set)
    if set(settings) - {"steps", "seed"} or not all(value.isdecimal() for value in settings.values()):
        raise TrainingError(f"{COMPONENTS}: --set is {' '.join(args.set)}; expected steps=N or seed=N.")
    if args.output.exists():
        raise TrainingError(f"{args.output}: exists; choose another file for the network.")
    numbers = {name: int(value) for name, value in settings.items()}
    line = ProgressLine("training")
    path = args.simulated[0]
    network, record = train_components(
        load_dataset(path), path, progress=line, **({"steps": STEPS} | numbers)
    )
    line.clear()
    save_components(network, args.output, record)
    for name, value in record["held_out"].items():
        print(f"held-out pictures, {name}: {value:.3f}")
    print(printable(f"{args.output}: the network is written."))
    return SUCCESS


def _judge(config: TrainingConfig, model: TransferModel, folder: Path) -> None:
    """Put what the model is worth on test or held-out subjects into its card; the model is written whatever becomes of that."""
    from napari_udt.training.held_out_judgement import judge_held_out, keep, lines_of
    from napari_udt.training.run import run_folder
    from napari_udt.training.untouched import load_untouched

    try:
        judgement = judge_held_out(config, model, load_untouched(run_folder(folder)))
        keep(judgement, model.spec, folder)
    except Exception as error:  # hours of training are worth more than numbers about them
        print(printable(f"not judged: {error}"))
        return
    for line in lines_of(judgement):
        print(printable(line))


def _listed(args: argparse.Namespace) -> int:
    """List the finished model among the user's, unless that is not wanted."""
    from napari_udt.training.installing import install

    if not args.no_install:
        print(printable(f"{install(args.output)}: listed among the models."))
    return SUCCESS


def _own_cubes(args: argparse.Namespace) -> bool:
    """Whether there is anything but one data set file of each domain."""
    from napari_udt.training.preparation import is_dataset, prepared_config

    given = [paths for paths in (args.simulated, args.target) if paths]
    if args.resume and prepared_config(args.output) is not None:
        return True
    return any(len(paths) > 1 or not (paths[0].exists() and is_dataset(paths[0])) for paths in given)


def _prepared(args: argparse.Namespace, config: TrainingConfig, device: str, folder: Path) -> TrainingConfig:
    """Return the configuration of a run on cubes, and print what was found in them."""
    from napari_udt.training.preparation import prepare, prepared_config

    earlier = prepared_config(folder) if args.resume else None
    if earlier is not None:
        return earlier
    line = ProgressLine("reading")

    def report(text: str) -> None:
        line.clear()
        print(printable(text), flush=True)

    return prepare(
        config,
        args.simulated or [Path(config.data.simulated)],
        args.target or [Path(config.data.second)],
        folder,
        structures=dict(args.map),
        minutes=args.minutes,
        device=device,
        progress=line,
        report=report,
    )


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} devices; expected 1 or more")
    return value


def _minutes(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} minutes; expected more than 0")
    return value
