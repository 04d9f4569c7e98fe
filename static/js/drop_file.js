// Opens a file that is chosen or dropped, by sending the form around it.

/** @type {HTMLFormElement | null} */
const form = document.querySelector("form[data-drop-file]");
/** @type {HTMLInputElement | null | undefined} */
const input = form?.querySelector("input[type=file]");

if (form && input) {
  const open = form.querySelector("button");
  input.addEventListener("change", () => {
    if (input.files?.length) form.requestSubmit(open);
  });
  for (const kind of /** @type {const} */ (["dragover", "dragleave", "drop"])) {
    form.addEventListener(
      kind,
      (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        event.stopPropagation();
        form.classList.toggle("dropping", kind === "dragover");
        if (kind !== "drop" || !event.dataTransfer.files.length) return;
        input.files = event.dataTransfer.files;
        form.requestSubmit(open);
      },
      true, // before the text area, which would show the file's name
    );
  }
}
