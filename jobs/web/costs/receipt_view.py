"""A cost line as its receipt shows it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from jobs.models import CostLine
from jobs.models.cost import CORRECTION_STEP
from jobs.pricing.receipt import Basis

BASIS_TEXTS = {
    Basis.INSTANCE: "Priced by the instance on which it ran.",
    Basis.CHEAPEST_TYPE: (
        "It is not known on which instance it ran, so it is priced by the cheapest instance type of the queue's "
        "compute environments that holds the job."
    ),
    Basis.FLAT_RATE: "The instance type is unknown, so it is priced by flat rates.",
}


@dataclass(frozen=True)
class ReceiptLineView:
    line: CostLine

    @property
    def attempt(self) -> int:
        """Return the attempt that the line charges or corrects."""
        return self.line.attempt % CORRECTION_STEP

    @property
    def basis_text(self) -> str:
        """Return "" for Fargate, and for lines from before instances were known."""
        return BASIS_TEXTS.get(self.line.receipt.get("basis", ""), "")

    @property
    def sources(self) -> list[str]:
        shares = self.line.receipt.get("shares", ())
        return list(dict.fromkeys(filter(None, (share.get("source") for share in shares))))

    @property
    def is_several(self) -> bool:
        """Whether its runs were on several types, each with a row of its own."""
        return len([share for share in self.line.receipt.get("shares", ()) if "instance_type" in share]) > 1


def receipt_views(lines: Iterable[CostLine]) -> Iterator[ReceiptLineView]:
    """Yield each line followed by its corrections."""
    ordered = sorted(lines, key=lambda line: (line.attempt % CORRECTION_STEP, line.attempt))
    return (ReceiptLineView(line) for line in ordered)
