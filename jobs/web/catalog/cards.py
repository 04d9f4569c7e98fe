"""Cards of the catalog as templates show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.actions.form_prices import ExpectedCost, expected_costs
from jobs.models import Team
from jobs.reports.catalog import DefinitionCard
from jobs.reports.launch_forms import FormCard
from jobs.web.definitions.summary import DefinitionSize


@dataclass(frozen=True)
class DefinitionCardView:
    summary: DefinitionCard
    size: DefinitionSize

    @classmethod
    def of(cls, card: DefinitionCard) -> "DefinitionCardView":
        return cls(card, DefinitionSize.from_document(card.revision.document if card.revision else {}))


@dataclass(frozen=True)
class FormCardView:
    summary: FormCard
    cost: ExpectedCost | None
    """With the form's own values; None if it can't be estimated."""


def form_views(cards: Sequence[FormCard], team: Team) -> list[FormCardView]:
    costs = expected_costs([card.version for card in cards if not card.form.archived_at], team)
    return [FormCardView(card, costs.get(card.version.pk)) for card in cards]
