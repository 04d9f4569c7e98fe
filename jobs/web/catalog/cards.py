"""Cards of the catalog as templates show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.access import Member
from jobs.actions.form_prices import ExpectedCost, expected_costs
from jobs.reports import form_presets
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
    is_favorite: bool


def form_views(cards: Sequence[FormCard], member: Member) -> list[FormCardView]:
    costs = expected_costs([card.version for card in cards if not card.form.archived_at], member.team)
    favorites = form_presets.favorite_keys(member.team, member.user)
    return [FormCardView(card, costs.get(card.version.pk), card.form.pk in favorites) for card in cards]
