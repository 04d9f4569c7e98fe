// Fields that were asked for: where they come and go. What they hold is bound to the text by the builder.

const say = (words) => document.dispatchEvent(new CustomEvent("say", { detail: words }));

// The builder has taken it out of the text by now: a click reaches the form before the page.
document.addEventListener("click", (event) => {
  const take = event.target.closest("[data-take]");
  if (!take) return;
  const place = take.closest("[data-place]");
  const list = place.parentElement.closest("[data-place]");
  const again = list?.querySelector(":scope > [data-refetch]");
  say(`Took ${place.querySelector("legend").textContent.trim()} away.`);
  if (again) again.click(); // the entries after it have other numbers now
  else {
    const part = place.closest("[data-part]");
    (part?.dataset.part === place.dataset.place ? part : place).remove();
  }
  document.getElementById("further-words").focus();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const button = event.detail.elt;
  if (event.detail.successful && button?.matches("[data-once]")) button.remove();
});

// Whoever asked for a field wants to fill it in.
document.addEventListener("htmx:afterSettle", (event) => {
  const asked = event.detail.requestConfig?.elt;
  if (!asked?.matches("[name=at]:not([data-refetch])")) return;
  const places = document.querySelectorAll("#further [data-at]");
  const wanted = [...places].find((control) => control.dataset.at.startsWith(asked.value)) ?? places[places.length - 1];
  wanted?.focus();
  wanted?.closest(".field, fieldset").scrollIntoView({ block: "nearest" });
});
