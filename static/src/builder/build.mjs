// Makes the bundles: `make assets` runs this in a copy of the folder, with static/src/workflow and static/src/log in it. What each is made of
// is written beside it.

import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { build } from "esbuild";

const [out] = process.argv.slice(2);

/** style-mod puts its rules into a <style> of the page, which a strict Content-Security-Policy forbids. Sheets that are
 *  made by script are not forbidden; style-mod knows them, and uses them in shadow trees only. */
const sheets = {
  name: "constructed sheets",
  setup(made) {
    made.onLoad({ filter: /style-mod[/\\]src[/\\]style-mod\.js$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const before = "!root.head && root.adoptedStyleSheets";
      if (source.split(before).length !== 2) throw new Error("style-mod is not what it was: see to its sheets anew.");
      return { contents: source.replace(before, "root.adoptedStyleSheets"), loader: "js" };
    });
  },
};

/** CodeMirror parses in the background for up to 100 ms at once, in which no frame is drawn. */
const slices = {
  name: "short slices",
  setup(made) {
    made.onLoad({ filter: /@codemirror[/\\]language[/\\]dist[/\\]index\.js$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const before = "100 /* Work.Slice */, deadline";
      if (source.split(before).length !== 2) throw new Error("@codemirror/language has changed. Update its slices.");
      return { contents: source.replace(before, "30, deadline"), loader: "js" };
    });
  },
};

/** Modules that the pages load too, from static/js. */
const shared = {
  name: "shared modules",
  setup(made) {
    made.onResolve({ filter: /^\.\.\/\.\.\/js\// }, ({ path }) => ({ path: resolve("../static", path.slice("../../".length)) }));
  },
};

/** The bundles: of `builder` the editor, of `workflow` the picture of a workflow and the worker that lays it out,
 *  of `log` the viewer of logs. */
const bundles = {
  builder: [{ entryPoints: ["main.js"], format: "esm", outfile: "builder.min.js" }],
  workflow: [
    { entryPoints: ["workflow/main.js"], format: "esm", outfile: "workflow.min.js" },
    { entryPoints: ["workflow/layout_worker.js"], format: "iife", outfile: "workflow_layout.min.js" },
  ],
  log: [{ entryPoints: ["log/main.js"], format: "esm", outfile: "log.min.js" }],
};

for (const [name, outputs] of Object.entries(bundles)) {
  const inputs = [];
  for (const { outfile, ...options } of outputs) {
    const made = await build({
      bundle: true,
      minify: true,
      target: "es2022",
      mainFields: ["module", "main"],
      legalComments: "none",
      metafile: true,
      outfile: `${out}/${outfile}`,
      plugins: [sheets, slices, shared],
      ...options,
    });
    inputs.push(...Object.keys(Object.values(made.metafile.outputs)[0].inputs));
  }
  writeNotices(name, inputs);
}

/** Write what a bundle contains, and the licences of that. */
function writeNotices(bundle, inputs) {
  const names = [...new Set(inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean))].sort();
  const packages = names.map((name) => {
    const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
    const text = ["LICENSE", "LICENSE.md", "LICENCE", "license"].map((file) => read(`node_modules/${name}/${file}`)).find(Boolean);
    if (!text) throw new Error(`${name} comes without its licence.`);
    return { name, version, license, text };
  });
  const notices = packages.map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`);
  writeFileSync(`${out}/${bundle}.licences.txt`, notices.join(`\n${"-".repeat(72)}\n\n`));
  writeFileSync(`${out}/${bundle}.packages.json`, JSON.stringify(packages.map(({ name, version, license }) => ({ name, version, licence: license }))));
}

function read(path) {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
