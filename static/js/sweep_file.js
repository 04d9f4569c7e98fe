// A CSV file that is chosen for a sweep goes into the field of values, so that it can be read and edited. A file that is
// too large or no text stays as it is: the portal says so.

import { find } from "./dom.js";

const MAX_BYTES = 1_000_000;
const form = find(document, "form[data-sweep]", HTMLFormElement);
const input = find(form, "input[type=file]", HTMLInputElement);
const area = find(form, "textarea", HTMLTextAreaElement);
const csv = find(form, "input[name=format][value=csv]", HTMLInputElement);

input.addEventListener(
  "change",
  async (event) => {
    const file = input.files?.[0];
    if (!file || file.size > MAX_BYTES) return;
    event.stopPropagation(); // the form looks at the values once they are there
    try {
      area.value = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
      csv.checked = true;
      input.value = "";
    } catch {
      // no UTF-8
    }
    area.dispatchEvent(new Event("change", { bubbles: true }));
  },
  true,
);
