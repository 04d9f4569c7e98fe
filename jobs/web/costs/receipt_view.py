"""A cost line as its receipt shows it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
"""Of one run."""
RUN_TEXTS = {
    Basis.INSTANCE: "by the instance on which {ran}",
    Basis.CHEAPEST_TYPE: (
        "by the cheapest instance type of the queue's compute environments that holds the job, because it is not "
        "known on which instance {ran}"
    ),
    Basis.FLAT_RATE: "by flat rates, because the instance type is unknown",
}
"""Of several runs."""


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
        if self._runs_by_basis:
            return " ".join(_runs_text(basis, runs) for basis, runs in self._runs_by_basis.items())
        return BASIS_TEXTS.get(self.line.receipt.get("basis", ""), "")

    @property
    def _runs_by_basis(self) -> dict[str, list[dict[str, Any]]]:
        """Return how the runs of an array are priced, the most exact first. Empty for a single run."""
        receipt = self.line.receipt
        groups = receipt.get("runs", ()) if not self.line.correction and self.line.runs > 1 else ()
        by_basis = {basis: [group for group in groups if group["basis"] == basis] for basis in RUN_TEXTS}
        return {basis: runs for basis, runs in by_basis.items() if runs}

    @property
    def sources(self) -> list[str]:
        shares = self.line.receipt.get("shares", ())
        return list(dict.fromkeys(filter(None, (share.get("source") for share in shares))))

    @property
    def is_several(self) -> bool:
        """Whether its runs were on several types, each with a row of its own."""
        return len([share for share in self.line.receipt.get("shares", ()) if "instance_type" in share]) > 1


def _runs_text(basis: str, groups: Sequence[Mapping[str, Any]]) -> str:
    """Return how many runs are priced so, with the types that were chosen for them."""
    number = sum(group["runs"] for group in groups)
    text = RUN_TEXTS[Basis(basis)].format(ran="it ran" if number == 1 else "they ran")
    names = [group["instance_type"] for group in groups if group["instance_type"]]
    type_text = f" ({', '.join(names)})" if names and basis == Basis.CHEAPEST_TYPE else ""
    return f"{number:,} {'run is' if number == 1 else 'runs are'} priced {text}{type_text}."


def receipt_views(lines: Iterable[CostLine]) -> Iterator[ReceiptLineView]:
    """Yield each line followed by its corrections."""
    ordered = sorted(lines, key=lambda line: (line.attempt % CORRECTION_STEP, line.attempt))
    return (ReceiptLineView(line) for line in ordered)
