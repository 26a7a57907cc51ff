"""``python -m fuelbreak.synthetic OUT``: write a set of synthetic tiles."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from fuelbreak.errors import LandscapeError
from fuelbreak.synthetic import REGIONS
from fuelbreak.synthetic.files import write_set


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments without the program's name; None = those of the process.

    Returns:
        0, or 2 where the target is occupied or cannot be written.
    """
    options = _parser().parse_args(argv)
    try:
        write_set(
            options.out,
            options.seed,
            options.count,
            options.size,
            region=options.region,
            existing="overwrite" if options.overwrite else "refuse",
        )
    except (LandscapeError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    sys.stdout.write(f"Wrote {options.count} tiles of {options.size}x{options.size} cells to {options.out}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m fuelbreak.synthetic",
        description="Write synthetic landscapes as GeoTIFF tiles. The same arguments give the same bytes.",
    )
    parser.add_argument("out", help="folder for cropped_raster/, made where it is not there")
    parser.add_argument("--count", type=_at_least(1), default=8, help="number of tiles (default %(default)s)")
    parser.add_argument(
        "--size", type=_at_least(8), default=50, help="cells along each side (default %(default)s)"
    )
    parser.add_argument("--seed", type=_at_least(0), default=0, help="of the whole set (default %(default)s)")
    parser.add_argument("--region", choices=sorted(REGIONS), help="all tiles alike (default: drawn for each)")
    parser.add_argument("--overwrite", action="store_true", help="replace the tiles that are in OUT")
    return parser


def _at_least(least: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{value} is below {least}")
        return value

    return whole_number


if __name__ == "__main__":
    sys.exit(main())
