// A document as text, and changes to it that touch nothing but what they mean: a value, a member, an entry. Layout,
// order, comments, long numbers and doubled keys stay as someone wrote them. Offsets are those of the text.

import { parseTree } from "jsonc-parser";

const COMMENT_OR_STRING = /"(?:[^"\\\r\n]|\\[^\r\n])*"?|(\/\/|#)[^\r\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const INLINE = 80; // a list or an object without others in it stays on its line up to this length
const DEEPEST = 200;

/** The text with comments as blanks, so that everything else still stands where it stood. */
export function bare(text) {
  if (!/\/[/*]|#/.test(text)) return text;
  return text.replace(COMMENT_OR_STRING, (found) => (found[0] === '"' ? found : found.replace(/[^\r\n]/g, " ")));
}

/** What a text holds: {root, error}. `root` is a tree of nodes (type, offset, length, children, value), or undefined. */
export function parse(text) {
  const plain = bare(text);
  const errors = [];
  let root;
  if (tooDeep(plain)) return { root, error: { offset: 0, length: 0 } };
  root = parseTree(plain, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: true });
  return { root, error: errors[0] ?? null };
}

function tooDeep(plain) {
  let depth = 0;
  for (const found of plain.matchAll(/"(?:[^"\\\r\n]|\\[^\r\n])*"?|[[{]|[\]}]/g)) {
    if (found[0] === "[" || found[0] === "{") depth += 1;
    else if (found[0][0] !== '"') depth -= 1;
    if (depth > DEEPEST) return true;
  }
  return false;
}

/** JSON as someone wrote it, to be put into a text as it is. */
export class Raw {
  constructor(text) {
    this.text = text;
  }
}

// -- Pointers and paths
export const split = (pointer) =>
  pointer === "" ? [] : pointer.slice(1).split("/").map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
export const join = (path) => path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** The node at a path of keys and positions. Of a key that stands twice the last one counts, as for most readers. */
export function nodeAt(root, path) {
  let node = root;
  for (const step of path) {
    if (!node) return undefined;
    if (node.type === "object") node = propertyOf(node, String(step))?.children[1];
    else if (node.type === "array" && /^(0|[1-9]\d*)$/.test(String(step))) node = node.children[Number(step)];
    else return undefined;
  }
  return node;
}

export function propertyOf(object, key) {
  for (let at = (object.children ?? []).length - 1; at >= 0; at -= 1) {
    const property = object.children[at];
    if (property.children[0].value === key && property.children[1]) return property;
  }
  return undefined;
}

export const members = (node) => (node?.type === "object" ? node.children.filter((each) => each.children[1]) : []);
export const entries = (node) => (node?.type === "array" ? node.children : []);
export const textAt = (node, key) => {
  const found = node?.type === "object" ? propertyOf(node, key)?.children[1] : undefined;
  return found?.type === "string" ? found.value : undefined;
};
const end = (node) => node.offset + node.length;

/** The text of a node as Python's json would print it in one line, numbers as they were written. */
export function inLine(text, node) {
  switch (node.type) {
    case "object":
      return `{${members(node).map((each) => `${quoted(each.children[0].value)}: ${inLine(text, each.children[1])}`).join(", ")}}`;
    case "array":
      return `[${node.children.map((each) => inLine(text, each)).join(", ")}]`;
    case "string":
      return quoted(node.value);
    default:
      return text.slice(node.offset, end(node));
  }
}

export const quoted = (words) => JSON.stringify(words);

/** A plain value, or a Raw one, as one line of JSON. */
export function written(value) {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(written).join(", ")}]`;
  if (value && typeof value === "object") {
    return `{${Object.entries(value).map(([key, each]) => `${quoted(key)}: ${written(each)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

// -- Changes
/** Changes to one text, one after the other. `steps` has them as lists of {from, to, insert}, each list on the text
 *  that the one before has made. */
export class Editing {
  constructor(text) {
    this.text = text;
    this.steps = [];
    if (!bare(text).trim()) this.#apply([{ from: text.length, to: text.length, insert: `${/[^\n]$/.test(text) ? "\n" : ""}{}\n` }]);
  }

  get root() {
    this.parsed ??= parse(this.text);
    return this.parsed.root;
  }

  node(path) {
    return nodeAt(this.root, path);
  }

  /** Write a value, and make the objects on the way that are not there. What is no object is left alone. */
  set(path, value) {
    const there = this.node(path);
    if (there) return this.#replace(there, value);
    let length = path.length - 1;
    while (length > 0 && !this.node(path.slice(0, length))) length -= 1;
    const owner = this.node(path.slice(0, length));
    let made = value;
    // No object of a document has numbers for keys; what is counted is a list.
    for (const key of path.slice(length + 1).reverse()) made = /^\d+$/.test(key) ? [made] : { [key]: made };
    if (owner?.type === "array" && /^\d+$/.test(path[length])) this.entry(owner, owner.children.length, made);
    else if (owner?.type === "object") this.member(owner, owner.children.length, path[length], made);
    else return false;
    return true;
  }

  /** Take a value away, and with `prune` every object or list on the way that is empty without it. */
  remove(path, { prune = true } = {}) {
    let gone = false;
    for (let node = this.node(path); node; node = this.node(path)) {
      this.#take(node);
      gone = true;
      if (node.parent.type === "array") break;
    }
    if (gone && prune) this.prune(path.slice(0, -1));
    return gone;
  }

  /** Take away the entry of a list or the member of an object that stands at `index`. */
  removeChild(path, index) {
    const child = this.node(path).children[index];
    this.#take(child.type === "property" ? child.children[1] : child);
  }

  prune(path) {
    const node = this.node(path);
    if (!path.length || !node || (node.type !== "object" && node.type !== "array") || node.children.length) return;
    // Entries after it would come to stand where others are meant.
    if (node.parent.type === "array" && node.parent.children.at(-1) !== node) return;
    this.remove(path);
  }

  replaceValue(node, value) {
    return this.#replace(node, value);
  }

  rename(property, key) {
    const name = property.children[0];
    if (name.value !== key) this.#apply([{ from: name.offset, to: end(name), insert: quoted(key) }]);
  }

  /** A new member of an object, before the one at `index`. */
  member(object, index, key, value) {
    this.#insert(object, index, (around) => `${quoted(key)}: ${this.#laidOut(value, around)}`);
  }

  /** A new entry of a list, before the one at `index`. */
  entry(list, index, value) {
    this.#insert(list, index, (around) => this.#laidOut(value, around));
  }

  /** One operation of a JSON Patch (RFC 6902), as the fixes of problems have them. */
  patch(operation) {
    const path = split(operation.path);
    switch (operation.op) {
      case "add":
      case "replace":
        return this.#put(path, operation.value, operation.op === "add");
      case "remove":
        return this.remove(path, { prune: false });
      case "move": {
        const from = split(operation.from);
        const node = this.node(from);
        if (!node) return false;
        const value = new Raw(this.text.slice(node.offset, end(node)));
        return this.remove(from, { prune: false }) && this.#put(path, value, true);
      }
      default:
        return false;
    }
  }

  #put(path, value, insert) {
    if (!path.length) return false;
    const owner = this.node(path.slice(0, -1));
    const last = path.at(-1);
    if (owner?.type === "array") {
      const at = last === "-" ? owner.children.length : Number(last);
      if (!insert) return owner.children[at] ? this.#replace(owner.children[at], value) : false;
      if (!(at >= 0 && at <= owner.children.length)) return false;
      this.entry(owner, at, value);
      return true;
    }
    return owner?.type === "object" && this.set(path, value);
  }

  #replace(node, value) {
    const old = this.text.slice(node.offset, end(node));
    if (written(value) === inLine(this.text, node)) return true; // it says so already, in its own layout
    const { indent, unit } = this.#style(node);
    const spread = old.includes("\n") || undefined;
    const insert = layout(value, { indent, unit, spread: spread ?? (this.text.trim().includes("\n") ? undefined : false) });
    if (insert !== old) this.#apply([{ from: node.offset, to: end(node), insert }]);
    return true;
  }

  #style(node) {
    return { indent: indentAt(this.text, node.offset), unit: unitOf(this.text, this.root) };
  }

  #laidOut(value, { indent, unit, sibling }) {
    const oneLine = !this.text.trim().includes("\n");
    const like = sibling && /[[{]/.test(sibling[0]) ? sibling.includes("\n") || undefined : undefined;
    return layout(value, { indent, unit, spread: oneLine ? false : like });
  }

  #insert(owner, index, content) {
    const { text } = this;
    const unit = unitOf(text, this.root);
    const children = owner.children;
    if (!children.length) {
      const inside = text.slice(owner.offset + 1, end(owner) - 1);
      const outer = indentAt(text, owner.offset);
      const spread = inside.includes("\n") || (text.trim().includes("\n") && this.#wantsLines(owner)) || owner === this.root;
      const blank = /\s*$/.exec(inside)[0].length;
      const from = end(owner) - 1 - blank;
      const made = content({ indent: spread ? outer + unit : outer, unit });
      const insert = spread ? `\n${outer}${unit}${made}\n${outer}` : made;
      this.#apply([{ from, to: end(owner) - 1, insert }]);
      return;
    }
    const beside = children[Math.min(index, children.length - 1)];
    const ownLine = beginsLine(text, beside.offset);
    const indent = indentAt(text, beside.offset);
    const value = beside.type === "property" ? beside.children[1] : beside;
    const sibling = text.slice(value.offset, end(value));
    const made = content({ indent, unit, sibling });
    if (index < children.length) {
      this.#apply([{ from: beside.offset, to: beside.offset, insert: ownLine ? `${made},\n${indent}` : `${made}, ` }]);
      return;
    }
    const at = end(beside);
    // What is said behind the last one, after its line, is said of it: the new one goes below.
    const rest = /^[^\r\n]*/.exec(text.slice(at))[0];
    const said = rest.trim() && !bare(text).slice(at, at + rest.length).trim();
    if (ownLine && said) {
      const below = at + rest.length;
      this.#apply([
        { from: at, to: at, insert: "," },
        { from: below, to: below, insert: `\n${indent}${made}` },
      ]);
    } else {
      this.#apply([{ from: at, to: at, insert: ownLine ? `,\n${indent}${made}` : `, ${made}` }]);
    }
  }

  /** Whether what is put into an empty object or list begins a line of its own. */
  #wantsLines(owner) {
    return owner.type === "object" || owner.children.length === 0;
  }

  #take(value) {
    const { text } = this;
    const node = value.parent.type === "property" ? value.parent : value;
    const siblings = node.parent.children;
    const at = siblings.indexOf(node);
    const plain = bare(text);
    const from = node.offset;
    const to = end(node);
    if (siblings.length === 1) {
      const owner = node.parent;
      const alone = !text.slice(owner.offset + 1, from).trim() && !text.slice(to, end(owner) - 1).trim();
      this.#apply([alone ? { from: owner.offset + 1, to: end(owner) - 1, insert: "" } : this.#line(from, to)]);
    } else if (at < siblings.length - 1) {
      const comma = plain.indexOf(",", to) + 1;
      this.#apply([this.#line(from, comma)]);
    } else {
      const comma = plain.indexOf(",", end(siblings[at - 1]));
      if (!text.slice(comma + 1, from).trim()) this.#apply([{ from: comma, to, insert: "" }]);
      else this.#apply([{ from: comma, to: comma + 1, insert: "" }, this.#line(from, to)]);
    }
  }

  /** A range to be taken away: with its line where nothing else stands on it, else with the blanks behind it. */
  #line(from, to) {
    const { text } = this;
    const rest = /^[ \t]*(\r?\n)?/.exec(text.slice(to))[0];
    if (beginsLine(text, from) && rest.endsWith("\n")) {
      return { from: text.lastIndexOf("\n", from - 1) + 1, to: to + rest.length, insert: "" };
    }
    return { from, to: to + /^[ \t]*/.exec(rest)[0].length, insert: "" };
  }

  #apply(edits) {
    for (const edit of [...edits].reverse()) {
      this.text = this.text.slice(0, edit.from) + edit.insert + this.text.slice(edit.to);
    }
    this.steps.push(edits);
    this.parsed = undefined;
  }
}

function beginsLine(text, offset) {
  return !text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset).trim();
}

function indentAt(text, offset) {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(start, offset))[0];
}

/** By what the text indents, seen at its first member. */
export function unitOf(text, root) {
  const first = root?.children?.[0];
  if (!first || !beginsLine(text, first.offset)) return "  ";
  const outer = indentAt(text, root.offset);
  const inner = indentAt(text, first.offset);
  return inner.startsWith(outer) && inner.length > outer.length ? inner.slice(outer.length) : "  ";
}

/** A value as it is laid out in a text: flat and short things in one line, others with a line for each part.
 *  `spread` says so of the outermost: true, false (and all within it), or as its length has it. */
function layout(value, { indent, unit, spread }) {
  const parts =
    value instanceof Raw || value === null || typeof value !== "object"
      ? null
      : Array.isArray(value)
        ? value.map((each) => ["", each])
        : Object.entries(value).map(([key, each]) => [`${quoted(key)}: `, each]);
  if (!parts) return written(value);
  const flat = parts.every(([, each]) => each instanceof Raw || each === null || typeof each !== "object");
  const line = written(value);
  if (!parts.length || spread === false || (spread === undefined && flat && line.length + indent.length <= INLINE)) return line;
  const inner = indent + unit;
  const lines = parts.map(([key, each]) => `${inner}${key}${layout(each, { indent: inner, unit })}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

