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

// An entry that nobody has filled in yet is the next one: there is no second.
document.addEventListener("htmx:beforeRequest", (event) => {
  const button = event.detail.elt;
  if (!button?.matches("[data-next]")) return;
  const entries = button.closest("[data-place]").querySelectorAll(":scope > [data-place]");
  const controls = [...(entries[entries.length - 1]?.querySelectorAll("[data-at]") ?? [])];
  if (!controls.length || controls.some((control) => control.value)) return;
  event.preventDefault();
  controls[0].focus();
});

// Whoever asked for a field wants to fill it in.
document.addEventListener("htmx:afterSettle", (event) => {
  const asked = event.detail.requestConfig?.elt;
  if (!asked?.matches("[name=at]:not([data-refetch])")) return;
  const places = document.querySelectorAll("#further [data-at]");
  const within = [...places].filter((control) => control.dataset.at.startsWith(asked.value.replace(/-$/, "")));
  const wanted = asked.matches("[data-next]") ? within.find((control) => !control.value) : within[0];
  wanted?.focus();
  wanted?.closest(".field, fieldset").scrollIntoView({ block: "nearest" });
});
