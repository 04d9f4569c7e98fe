// Values as people type them in a form, and as AWS has them: time spans, sizes of memory, command lines. The same as
// jobs/spec/forms/units.py; both are held to the cases of tests/builder/cases.

import { Raw, serialize, singleLine } from "./json_text.js";

/** @import { ArrayNode, ValueNode, ValueType } from "./types.js" */

export const WHOLE = /^(?:0|[1-9]\d{0,14})$/;
const SPAN = /(\d{1,15}(?:\.\d{1,4})?)\s*([a-z]+)/gi;
/** @type {[names: string, size: bigint][]} */
const UNITS = [
  ["s sec secs second seconds", 1n],
  ["m min mins minute minutes", 60n],
  ["h hr hrs hour hours", 3600n],
  ["d day days", 86400n],
];
const SECONDS = new Map(UNITS.flatMap(([names, size]) => names.split(" ").map((name) => /** @type {const} */ ([name, size]))));
const MEMORY = /^(\d{1,15}(?:\.\d{1,4})?)\s*(m|mb|mib|g|gb|gib|t|tb|tib)?$/i;
/** @type {Record<string, bigint>} */
const MIB = { m: 1n, g: 1024n, t: 1024n * 1024n };
/** @type {[unit: string, size: bigint][]} */
const PARTS = [["d", 86400n], ["h", 3600n], ["min", 60n], ["s", 1n]];
const SCALE = 10_000n; // counts have four decimals at most

/**
 * A decimal count in ten-thousandths, exactly.
 * @param {string} count
 */
function scaled(count) {
  const [whole, part = ""] = count.split(".");
  return BigInt(whole) * SCALE + BigInt(part.padEnd(4, "0"));
}

/** @param {bigint} total */
const whole = (total) => (total % SCALE ? null : String(total / SCALE));

/**
 * 2 h, 1 h 30 min, 45 s, from a whole number as text.
 * @param {string} text
 */
export function formatSeconds(text) {
  let rest = BigInt(text);
  if (rest < 60n) return `${rest} s`;
  const parts = [];
  for (const [unit, size] of PARTS) {
    if (rest / size) parts.push(`${rest / size} ${unit}`);
    rest %= size;
  }
  return parts.join(" ");
}

/**
 * The seconds of “2 h”, “1h 30m”, “90 minutes” or “5400” as text, or null.
 * @param {string} input
 */
export function parseSeconds(input) {
  const text = input.trim();
  if (WHOLE.test(text)) return text;
  const spans = [...text.matchAll(SPAN)];
  const rest = text.replace(SPAN, "").replaceAll("and", "").replaceAll(",", "").trim();
  if (!spans.length || rest) return null;
  let total = 0n;
  for (const [, count, unit] of spans) {
    const size = SECONDS.get(unit.toLowerCase());
    if (!size) return null;
    total += scaled(count) * size;
  }
  return whole(total);
}

/** @param {string} text */
export function formatMib(text) {
  const mib = BigInt(text);
  return mib && mib % 1024n === 0n ? `${mib / 1024n} GiB` : `${mib} MiB`;
}

/**
 * The MiB of “16 GiB”, “1.5 G” or “512” as text, or null.
 * @param {string} input
 */
export function parseMib(input) {
  const match = MEMORY.exec(input.trim());
  return match && whole(scaled(match[1]) * MIB[(match[2] ?? "m")[0].toLowerCase()]);
}

const SAFE = /^[\w@%+=:,./-]+$/; // ASCII only: what is not, is put in quotes
const UNTYPABLE = /[^\P{C}\n\t]|[^\P{Z} ]/u;

/**
 * A command as one line that a shell would split into the same words; as JSON where no line can express it.
 * @param {string} text
 * @param {ArrayNode} list
 */
export function formatCommand(text, list) {
  const words = list.children.flatMap((word) => (word.type === "string" && !UNTYPABLE.test(word.value) ? word.value : []));
  return words.length === list.children.length ? words.map(shellQuote).join(" ") : singleLine(text, list);
}

/** @param {string} word */
export function shellQuote(word) {
  return SAFE.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
}

/**
 * The words of a command line as a list, a JSON list as it was typed, or null where a quote has no end.
 * @param {string} input
 */
export function parseCommand(input) {
  const text = input.trim();
  if (text.startsWith("[")) {
    try {
      if (Array.isArray(JSON.parse(text))) return new Raw(text);
    } catch {
      // then it is a command line that begins with a bracket
    }
  }
  return shellWords(text);
}

/**
 * As Python's shlex.split does it.
 * @param {string} text
 */
function shellWords(text) {
  const words = [];
  /** @type {string | null} */
  let word = null;
  let quote = "";
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quote === "'") {
      if (character === "'") quote = "";
      else word += character;
    } else if (character === "\\") {
      index += 1;
      if (index >= text.length) return null;
      word = (word ?? "") + (quote && text[index] !== '"' && text[index] !== "\\" ? `\\${text[index]}` : text[index]);
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

// -- Value types: how a value is shown and how input is parsed, as in jobs/spec/forms/value_types.py.
/** @type {ValueType["format"]} */
const stringValue = (_, node) => (node.type === "string" ? node.value : null);
/**
 * @param {string} source
 * @param {ValueNode} node
 */
const isWhole = (source, node) => node.type === "number" && /^-?\d+$/.test(source.slice(node.offset, node.offset + node.length));
/**
 * @param {string} source
 * @param {ValueNode} node
 */
const raw = (source, node) => source.slice(node.offset, node.offset + node.length);

/** @type {Record<string, ValueType>} */
const VALUE_TYPES = {
  text: { format: stringValue, parse: (input) => input },
  whole: {
    format: (source, node) => (isWhole(source, node) ? raw(source, node) : stringValue(source, node)),
    parse: (input) => (WHOLE.test(input.trim()) ? new Raw(input.trim()) : input),
  },
  seconds: {
    format: (source, node) => (isWhole(source, node) && raw(source, node)[0] !== "-" ? formatSeconds(raw(source, node)) : stringValue(source, node)),
    parse: (input) => {
      const seconds = parseSeconds(input);
      return seconds === null ? input : new Raw(seconds);
    },
  },
  memory: {
    format: (source, node) => (node.type === "string" && WHOLE.test(node.value) ? formatMib(node.value) : stringValue(source, node)),
    parse: (input) => parseMib(input) ?? input,
  },
  command: {
    format: (source, node) => (node.type === "array" ? formatCommand(source, node) : stringValue(source, node)),
    parse: (input) => parseCommand(input) ?? input,
  },
  only: {
    format: (_, node) =>
      node.type === "array" && node.children.length === 1 && node.children[0].type === "string" ? node.children[0].value : null,
    parse: (input) => [input],
  },
  // Of controls that are made from the schema:
  number: {
    format: (source, node) => (node.type === "number" ? raw(source, node) : stringValue(source, node)),
    parse: (input) => (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(input.trim()) ? new Raw(input.trim()) : input),
  },
  boolean: {
    format: (_, node) => (node.type === "boolean" ? String(node.value) : null),
    parse: (input) => (input === "true" || input === "false" ? new Raw(input) : input),
  },
  lines: {
    format: (_, node) =>
      node.type === "array" && node.children.every((item) => item.type === "string" && !/[\r\n]/.test(item.value))
        ? node.children.map((item) => item.value).join("\n")
        : null,
    parse: (input) => (isJson(input, "[") ? new Raw(input.trim()) : input.split("\n").filter((line) => line.trim())),
  },
  json: {
    format: () => null,
    parse: (input) => (isJson(input) ? new Raw(input.trim()) : input),
  },
};

/** @param {string} input */
function isJson(input, beginning = "") {
  if (!input.trim().startsWith(beginning)) return false;
  try {
    JSON.parse(input);
    return true;
  } catch {
    return false;
  }
}

/** @param {string} name */
export const valueType = (name) => VALUE_TYPES[name] ?? VALUE_TYPES.text;

/**
 * Return a node as a field shows it: by its value type, or as JSON if the type would not parse the same value again.
 * @param {string} typeName
 * @param {string} source
 * @param {ValueNode} node
 */
export function display(typeName, source, node) {
  const displayed = valueType(typeName).format(source, node);
  if (displayed !== null && serialize(valueType(typeName).parse(displayed)) === singleLine(source, node)) return displayed;
  return singleLine(source, node);
}

