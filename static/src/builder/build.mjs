// Makes the bundle: `make assets` runs this in a copy of the folder. What it is made of is written beside it.

import { readFileSync, writeFileSync } from "node:fs";
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

const made = await build({
  entryPoints: ["main.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  mainFields: ["module", "main"],
  legalComments: "none",
  metafile: true,
  outfile: `${out}/builder.min.js`,
  plugins: [sheets],
});

const inputs = Object.keys(Object.values(made.metafile.outputs)[0].inputs);
const names = [...new Set(inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]).filter(Boolean))].sort();
const packages = names.map((name) => {
  const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  const text = ["LICENSE", "LICENSE.md", "LICENCE", "license"].map((file) => read(`node_modules/${name}/${file}`)).find(Boolean);
  if (!text) throw new Error(`${name} comes without its licence.`);
  return { name, version, license, text };
});

function read(path) {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

const notices = packages.map(({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`);
writeFileSync(`${out}/builder.licences.txt`, notices.join(`\n${"-".repeat(72)}\n\n`));
writeFileSync(`${out}/builder.packages.json`, JSON.stringify(packages.map(({ name, version, license }) => ({ name, version, licence: license }))));
