// Loads a script of static/ as the module that it is in a page, with just enough of a page for it to begin. By its text:
// Node would ask a package.json what the file is, and none is shipped.

import { readFileSync } from "node:fs";

globalThis.document = {
  hidden: true, // whatever would look at the page waits
  documentElement: { style: {} },
  addEventListener() {},
  querySelector: () => null,
};
globalThis.setInterval = () => {}; // nothing ticks
globalThis.location = { origin: "http://builder.test" };

export function load(path) {
  const source = readFileSync(new URL(`../../static/${path}`, import.meta.url));
  return import(`data:text/javascript;base64,${source.toString("base64")}`);
}
