// Values as people write them in a form, and as AWS has them: time spans, sizes of memory, command lines. The same as
// jobs/spec/forms/units.py; both are held to the cases of tests/builder/cases.

import { Raw, inLine, written } from "./json_text.js";

export const WHOLE = /^(?:0|[1-9]\d{0,14})$/;
const SPAN = /(\d{1,15}(?:\.\d{1,4})?)\s*([a-z]+)/gi;
const SECONDS = {};
for (const [names, size] of [
  ["s sec secs second seconds", 1n],
  ["m min mins minute minutes", 60n],
  ["h hr hrs hour hours", 3600n],
  ["d day days", 86400n],
]) {
  for (const name of names.split(" ")) SECONDS[name] = size;
}
const MEMORY = /^(\d{1,15}(?:\.\d{1,4})?)\s*(m|mb|mib|g|gb|gib|t|tb|tib)?$/i;
const MIB = { m: 1n, g: 1024n, t: 1024n * 1024n };
const PARTS = [["d", 86400n], ["h", 3600n], ["min", 60n], ["s", 1n]];
const FINE = 10_000n; // counts have four decimals at most

/** A decimal count in ten-thousandths, exactly. */
function fine(count) {
  const [whole, part = ""] = count.split(".");
  return BigInt(whole) * FINE + BigInt(part.padEnd(4, "0"));
}

const whole = (total) => (total % FINE ? null : String(total / FINE));

/** 2 h, 1 h 30 min, 45 s, from a whole number as text. */
export function secondsInWords(text) {
  let rest = BigInt(text);
  if (rest < 60n) return `${rest} s`;
  const parts = [];
  for (const [unit, size] of PARTS) {
    if (rest / size) parts.push(`${rest / size} ${unit}`);
    rest %= size;
  }
  return parts.join(" ");
}

/** The seconds of “2 h”, “1h 30m”, “90 minutes” or “5400” as text, or null. */
export function secondsOf(typed) {
  const text = typed.trim();
  if (WHOLE.test(text)) return text;
  const found = [...text.matchAll(SPAN)];
  const left = text.replace(SPAN, "").replaceAll("and", "").replaceAll(",", "").trim();
  if (!found.length || left || found.some((span) => !SECONDS[span[2].toLowerCase()])) return null;
  return whole(found.reduce((sum, span) => sum + fine(span[1]) * SECONDS[span[2].toLowerCase()], 0n));
}

export function mibInWords(text) {
  const mib = BigInt(text);
  return mib && mib % 1024n === 0n ? `${mib / 1024n} GiB` : `${mib} MiB`;
}

/** The MiB of “16 GiB”, “1.5 G” or “512” as text, or null. */
export function mibOf(typed) {
  const found = MEMORY.exec(typed.trim());
  return found && whole(fine(found[1]) * MIB[(found[2] ?? "m")[0].toLowerCase()]);
}

const SAFE = /^[\w@%+=:,./-]+$/; // ASCII only: what is not, is put in quotes
const UNTYPABLE = /[^\P{C}\n\t]|[^\P{Z} ]/u;

/** A command as one line that a shell would split into the same words; as JSON where no line can announce it. */
export function commandInWords(text, list) {
  const words = list.children;
  if (words.every((word) => word.type === "string" && !UNTYPABLE.test(word.value))) {
    return words.map((word) => shellQuoted(word.value)).join(" ");
  }
  return inLine(text, list);
}

export function shellQuoted(word) {
  return SAFE.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** The words of a command line as a list, a JSON list as it was typed, or null where a quote has no end. */
export function commandOf(typed) {
  const text = typed.trim();
  if (text.startsWith("[")) {
    try {
      if (Array.isArray(JSON.parse(text))) return new Raw(text);
    } catch {
      // then it is a command line that begins with a bracket
    }
  }
  return shellWords(text);
}

/** As Python's shlex.split does it. */
function shellWords(text) {
  const words = [];
  let word = null;
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quote === "'") {
      if (character === "'") quote = "";
      else word += character;
    } else if (character === "\\") {
      at += 1;
      if (at >= text.length) return null;
      word = (word ?? "") + (quote && text[at] !== '"' && text[at] !== "\\" ? `\\${text[at]}` : text[at]);
    } else if (quote) {
      if (character === '"') quote = "";
      else word += character;
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (/[ \t\r\n]/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (quote) return null;
  if (word !== null) words.push(word);
  return words;
}

// -- Sorts: how a value is shown, and what is meant when it is typed. As jobs/spec/forms/value_types.py.
const text = (_, node) => (node.type === "string" ? node.value : null);
const isWhole = (all, node) => node.type === "number" && /^-?\d+$/.test(all.slice(node.offset, node.offset + node.length));
const raw = (all, node) => all.slice(node.offset, node.offset + node.length);

const SORTS = {
  text: { show: text, mean: (typed) => typed },
  whole: {
    show: (all, node) => (isWhole(all, node) ? raw(all, node) : text(all, node)),
    mean: (typed) => (WHOLE.test(typed.trim()) ? new Raw(typed.trim()) : typed),
  },
  seconds: {
    show: (all, node) => (isWhole(all, node) && raw(all, node)[0] !== "-" ? secondsInWords(raw(all, node)) : text(all, node)),
    mean: (typed) => {
      const found = secondsOf(typed);
      return found === null ? typed : new Raw(found);
    },
  },
  memory: {
    show: (all, node) => (node.type === "string" && WHOLE.test(node.value) ? mibInWords(node.value) : text(all, node)),
    mean: (typed) => mibOf(typed) ?? typed,
  },
  command: {
    show: (all, node) => (node.type === "array" ? commandInWords(all, node) : text(all, node)),
    mean: (typed) => commandOf(typed) ?? typed,
  },
  only: {
    show: (_, node) =>
      node.type === "array" && node.children.length === 1 && node.children[0].type === "string" ? node.children[0].value : null,
    mean: (typed) => [typed],
  },
  // Of controls that are made from the schema:
  number: {
    show: (all, node) => (node.type === "number" ? raw(all, node) : text(all, node)),
    mean: (typed) => (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(typed.trim()) ? new Raw(typed.trim()) : typed),
  },
  boolean: {
    show: (_, node) => (node.type === "boolean" ? String(node.value) : null),
    mean: (typed) => (typed === "true" || typed === "false" ? new Raw(typed) : typed),
  },
  lines: {
    show: (_, node) =>
      node.type === "array" && node.children.every((each) => each.type === "string" && !/[\r\n]/.test(each.value))
        ? node.children.map((each) => each.value).join("\n")
        : null,
    mean: (typed) => (isJson(typed, "[") ? new Raw(typed.trim()) : typed.split("\n").filter((line) => line.trim())),
  },
  json: {
    show: () => null,
    mean: (typed) => (isJson(typed) ? new Raw(typed.trim()) : typed),
  },
};

function isJson(typed, beginning = "") {
  if (!typed.trim().startsWith(beginning)) return false;
  try {
    JSON.parse(typed);
    return true;
  } catch {
    return false;
  }
}

export const sortOf = (name) => SORTS[name] ?? SORTS.text;

/** How a node is shown in a field. What its sort would not read as the same value is shown as the JSON it is. */
export function shown(sort, all, node) {
  const words = sortOf(sort).show(all, node);
  if (words !== null && written(sortOf(sort).mean(words)) === inLine(all, node)) return words;
  return inLine(all, node);
}

