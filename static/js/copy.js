// Copies an id, the whole text of an element, or what another script made of it (the event "copy-text"). Says so in words
// as well, for those who do not see the button change.

const say = (words) => document.dispatchEvent(new CustomEvent("say", { detail: words }));

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-of]");
  if (button) copy(button, button.dataset.copy ?? document.getElementById(button.dataset.copyOf).textContent);
});
document.addEventListener("copy-text", ({ detail: { button, text } }) => copy(button, text));

async function copy(button, text) {
  const copied = await put(text);
  button.classList.toggle("copied", copied);
  say(copied ? "Copied." : "Copying failed: mark the text and copy it yourself.");
  setTimeout(() => button.classList.remove("copied"), 1500);
}

async function put(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Over plain HTTP, other than on this machine, browsers hide the clipboard; the old way still works there.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
