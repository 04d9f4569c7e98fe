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
  return import(address(path));
}

function address(path) {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const source = readFileSync(new URL(`../../static/${path}`, import.meta.url), "utf8").replace(
    /from "\.\/([\w./-]+)"/g,
    (_, name) => `from "${address(folder + name)}"`,
  );
  return `data:text/javascript;base64,${Buffer.from(source).toString("base64")}`;
}
