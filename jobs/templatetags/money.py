"""Filters for money, always marked as an estimate or as AWS's."""

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from jobs.pricing import exact_sum

register = template.Library()

CENT = Decimal("0.01")
TENTH = Decimal("0.1")
MAX_USD_SHOWN = Decimal(10**15)
UNITS = {
    "vcpu": "vCPU",
    "memory": "GiB memory",
    "gpu": "GPU",
    "storage": "GiB storage above 20",
    "instance": "Instance",
}


@register.filter
def money(usd: Decimal | None, cents: Decimal | None = None) -> SafeString | str:
    """Show `cents`, if given, in place of the amount rounded alone."""
    if usd is None:
        return "—"
    text = "<$0.01" if cents == 0 < usd else usd_text(usd if cents is None else cents)
    return format_html('<span class="num" title="Estimate: ${}">{}</span>', exact(usd), text)


@register.filter
def money_billed(usd: Decimal, cents: Decimal | None = None) -> SafeString:
    """Show an amount of AWS's bill as `money` does an estimate."""
    text = "<$0.01" if cents == 0 < usd else usd_text(usd if cents is None else cents)
    return format_html('<span class="num" title="AWS: ${}">{}</span>', exact(usd), text)


@register.filter
def money_up(usd: Decimal | None) -> SafeString | str:
    """Round up: a limit is never shown lower than it is."""
    if usd is None:
        return "—"
    return format_html('<span class="num" title="At most ${}">{}</span>', exact(usd), usd_text_up(usd))


@register.filter
def usd_of_units(units: int) -> Decimal:
    return exact_sum.usd(units)


@register.filter
def dollars(text: str | None) -> Decimal | None:
    return Decimal(text) if text else None


@register.filter
def usd_text(usd: Decimal) -> str:
    cents = usd.quantize(CENT, ROUND_HALF_UP)
    if usd > 0 and not cents:
        return "<$0.01"
    return f"−${-cents:,}" if cents < 0 else f"${cents:,}"


@register.filter
def signed_usd(usd: Decimal) -> str:
    """Return a difference with every digit that counts, such as +$0.055."""
    return f"{'−' if usd < 0 else '+' if usd else ''}${exact(abs(usd))}"


@register.filter
def usd_range(low: Decimal, high: Decimal | None) -> str:
    """Return “$0.40–0.55”, or one amount if both look alike."""
    texts = [usd_text(low), usd_text(low if high is None else high)]
    return texts[0] if texts[0] == texts[1] else f"{texts[0]}–{texts[1].removeprefix('$')}"


@register.filter
def money_range(low: Decimal | None, high: Decimal | None) -> SafeString | str:
    """Return an expected amount: the median, and what nine of ten runs cost at most."""
    if low is None:
        return "—"
    title = (
        f"Estimate: ${exact(low)}"
        if high is None
        else f"Estimate: half cost up to ${exact(low)}, 90% up to ${exact(high)}"
    )
    return format_html('<span class="num" title="{}">{}</span>', title, usd_range(low, high))


@register.filter
def usd_text_up(usd: Decimal) -> str:
    return usd_text(usd.quantize(CENT, ROUND_CEILING)) if usd < MAX_USD_SHOWN else f"over ${MAX_USD_SHOWN:,}"


@register.filter
def shown_cost(usd: Decimal | None) -> str:
    """Return a maximum cost as pages show it."""
    return "unknown" if usd is None else usd_text_up(usd)


@register.filter
def hours_up(hours: Decimal) -> str:
    return f"{hours.quantize(TENTH, ROUND_CEILING):,}".removesuffix(".0")


@register.filter
def exact(usd: Decimal) -> str:
    integer, _, decimals = f"{usd:f}".partition(".")
    return f"{integer}.{decimals.rstrip('0'):0<2}"


@register.filter
def per_cent(number: Decimal | None) -> str:
    if number is None:
        return "—"
    if abs(number) < 10:
        return f"{number.quantize(Decimal('0.1'), ROUND_HALF_UP)} %".replace("-", "−")
    return f"{number.quantize(Decimal(1), ROUND_HALF_UP):,} %".replace("-", "−")


@register.filter
def change(number: Decimal | None) -> str:
    return f"+{per_cent(number)}" if number is not None and number > 0 else per_cent(number)


@register.filter
def unit(resource: str) -> str:
    return UNITS.get(resource, resource)


@register.simple_tag
def estimate(href: str = "#how") -> SafeString:
    return format_html('<a class="estimate" href="{}" title="How costs are computed">estimate</a>', href)
