// A document as text, and changes to it that touch nothing but what they mean: a value, a member, an entry. Layout,
// order, comments, long numbers and doubled keys stay as someone wrote them. Offsets are those of the text.

import { parseTree } from "jsonc-parser";

/** @import { ParseError } from "jsonc-parser" */
/**
 * @import { ArrayNode, Edit, JsonNode, JsonValue, Layout, ObjectNode, Operation, Path, PropertyNode, Surroundings, ValueNode }
 *   from "./types.js"
 */

const COMMENT_OR_STRING = /"(?:[^"\\\r\n]|\\[^\r\n])*"?|(\/\/|#)[^\r\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;
const COMMENT_STRING_OR_BRACKET = new RegExp(`${COMMENT_OR_STRING.source}|[[{\\]}]`, "g");
const MAX_INLINE_LENGTH = 80; // a list or an object without others in it stays on its line up to this length
const MAX_DEPTH = 200;

/**
 * Replace comments by blanks, so that all offsets stay.
 * @param {string} text
 */
export function blankComments(text) {
  if (!/\/[/*]|#/.test(text)) return text;
  return text.replace(COMMENT_OR_STRING, (match) => (match[0] === '"' ? match : match.replace(/[^\r\n]/g, " ")));
}

/** @typedef {{root: ValueNode | undefined, error: {offset: number, length: number} | null}} ParseResult */

/** @type {{text: string, result: ParseResult}} */
let cache = { text: "", result: { root: undefined, error: null } };

/**
 * Parse a text. Everything on a page reads the same one after a change: the last tree is kept, and only an Editing
 * changes it, together with the text.
 * @param {string} text
 * @returns {ParseResult}
 */
export function parse(text) {
  if (text !== cache.text) cache = { text, result: parseAnew(text) };
  return cache.result;
}

/**
 * @param {string} text
 * @returns {ParseResult}
 */
function parseAnew(text) {
  if (isTooDeep(text)) return { root: undefined, error: { offset: 0, length: 0 } };
  const result = parsePlain(text);
  // A comment is an error. To look for comments first takes as long as parsing.
  const plain = result.error ? blankComments(text) : text;
  return plain === text ? result : parsePlain(plain);
}

/**
 * @param {string} plain
 * @returns {ParseResult}
 */
function parsePlain(plain) {
  /** @type {ParseError[]} */
  const errors = [];
  const tree = parseTree(plain, errors, { disallowComments: true, allowTrailingComma: false, allowEmptyContent: true });
  const root = /** @type {ValueNode | undefined} */ (tree); // jsonc-parser does not tell types of nodes apart
  return { root, error: errors[0] ?? null };
}

/** @param {string} text */
function isTooDeep(text) {
  let depth = 0;
  for (const [token] of text.matchAll(COMMENT_STRING_OR_BRACKET)) {
    if (token === "[" || token === "{") depth += 1;
    else if (token === "]" || token === "}") depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/**
 * Move the nodes of a tree along with edits, each of which replaces the text of one node.
 * @param {ValueNode} root
 * @param {Edit[]} edits in the order of the text
 */
function moveNodes(root, edits) {
  let next = 0; // edit
  let shift = 0;
  /** @param {number} offset */
  const pass = (offset) => {
    for (; next < edits.length && edits[next].from < offset; next += 1) {
      shift += edits[next].insert.length - (edits[next].to - edits[next].from);
    }
  };
  /** @param {JsonNode} node */
  const move = (node) => {
    const { offset } = node;
    const last = end(node);
    pass(offset);
    if (!shift && (next === edits.length || edits[next].from >= last)) return;
    node.offset += shift;
    if (node.type === "property" && node.colonOffset !== undefined) node.colonOffset += shift;
    node.children?.forEach(move);
    pass(last);
    node.length = last + shift - node.offset;
  };
  move(root);
}

/** JSON to insert into a text as it is. */
export class Raw {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
  }
}

// -- Pointers and paths
/**
 * @param {string} pointer
 * @returns {string[]}
 */
export const split = (pointer) =>
  pointer === "" ? [] : pointer.slice(1).split("/").map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
/** @param {Path} path */
export const join = (path) => path.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/**
 * The node at a path of keys and positions. Of a key that stands twice the last one counts, as for most readers.
 * @param {ValueNode | undefined} root
 * @param {Path} path
 * @returns {ValueNode | undefined}
 */
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

/**
 * @param {ObjectNode} object
 * @param {string} key
 */
export function propertyOf(object, key) {
  for (let index = object.children.length - 1; index >= 0; index -= 1) {
    const property = object.children[index];
    if (property.children[0].value === key && property.children[1]) return property;
  }
  return undefined;
}

/** @param {ValueNode | undefined} node */
export const members = (node) => (node?.type === "object" ? node.children.filter((property) => property.children[1]) : []);
/** @param {ValueNode | undefined} node */
export const entries = (node) => (node?.type === "array" ? node.children : []);
/**
 * @param {ValueNode | undefined} node
 * @param {string} key
 */
export const textAt = (node, key) => {
  const value = node?.type === "object" ? propertyOf(node, key)?.children[1] : undefined;
  return value?.type === "string" ? value.value : undefined;
};
/** @param {JsonNode} node */
const end = (node) => node.offset + node.length;

/**
 * Return a node as Python's json prints it in one line, with numbers as they are in the text.
 * @param {string} text
 * @param {ValueNode} node
 * @returns {string}
 */
export function singleLine(text, node) {
  switch (node.type) {
    case "object":
      return `{${members(node).map((property) => `${quote(property.children[0].value)}: ${singleLine(text, property.children[1])}`).join(", ")}}`;
    case "array":
      return `[${node.children.map((entry) => singleLine(text, entry)).join(", ")}]`;
    case "string":
      return quote(node.value);
    default:
      return text.slice(node.offset, end(node));
  }
}

/** @param {string} text */
export const quote = (text) => JSON.stringify(text);

/**
 * Return a plain value, or a Raw one, as one line of JSON.
 * @param {JsonValue} value
 * @returns {string}
 */
export function serialize(value) {
  if (value instanceof Raw) return value.text;
  if (Array.isArray(value)) return `[${value.map(serialize).join(", ")}]`;
  if (value && typeof value === "object") {
    return `{${Object.entries(value).map(([key, member]) => `${quote(key)}: ${serialize(member)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

// -- Changes
/** Changes to one text, one after the other. `steps` has them as lists of {from, to, insert}, each list on the text
 *  that the one before has made. */
export class Editing {
  /** @type {ReturnType<typeof parse> | undefined} */
  #parsed;
  /** @type {Path} */
  #base = [];

  /** @param {string} text */
  constructor(text) {
    this.text = text;
    /** @type {Edit[][]} */
    this.steps = [];
    if (!parse(text).root && !blankComments(text).trim()) this.#apply([{ from: text.length, to: text.length, insert: `${/[^\n]$/.test(text) ? "\n" : ""}{}\n` }]);
  }

  /** The value that paths start from: the document, or a part of it inside `within`. */
  get root() {
    return nodeAt(this.#document, this.#base);
  }

  get #document() {
    this.#parsed ??= parse(this.text);
    return this.#parsed.root;
  }

  /**
   * Let `work` see the value at `base` as the whole document, and return what it returns.
   * @template T
   * @param {Path} base
   * @param {() => T} work
   */
  within(base, work) {
    const outer = this.#base;
    this.#base = base;
    try {
      return work();
    } finally {
      this.#base = outer;
    }
  }

  /** @param {Path} path */
  node(path) {
    return nodeAt(this.root, path);
  }

  /**
   * Write a value and create missing objects on the way. Return false if something else is in the way.
   * @param {Path} path
   * @param {JsonValue} value
   */
  set(path, value) {
    const existing = this.node(path);
    if (existing) return this.#replace(existing, value);
    let length = path.length - 1;
    while (length > 0 && !this.node(path.slice(0, length))) length -= 1;
    const owner = this.node(path.slice(0, length));
    let newValue = value;
    // No object of a document has numbers for keys; what is counted is a list.
    for (const key of path.slice(length + 1).reverse()) newValue = isIndex(key) ? [newValue] : { [key]: newValue };
    if (owner?.type === "array" && isIndex(path[length])) this.entry(owner, owner.children.length, newValue);
    else if (owner?.type === "object") this.member(owner, owner.children.length, String(path[length]), newValue);
    else return false;
    return true;
  }

  /**
   * Remove a value, and with `prune` every object or list on the way that is empty without it.
   * @param {Path} path
   */
  remove(path, { prune = true } = {}) {
    if (!path.length) return false;
    let isRemoved = false;
    for (let node = this.node(path); node; node = this.node(path)) {
      this.#delete(node);
      isRemoved = true;
      if (node.parent?.type === "array") break;
    }
    if (isRemoved && prune) this.prune(path.slice(0, -1));
    return isRemoved;
  }

  /**
   * Remove the entry of a list or the member of an object at `index`.
   * @param {Path} path
   * @param {number} index
   */
  removeChild(path, index) {
    const child = this.node(path)?.children?.[index];
    if (child) this.#delete(child.type === "property" ? child.children[1] : child);
  }

  /** @param {Path} path */
  prune(path) {
    const node = this.node(path);
    if (!path.length || !node || (node.type !== "object" && node.type !== "array") || node.children.length) return;
    // Entries after it would come to stand where others are meant.
    if (node.parent?.type === "array" && node.parent.children.at(-1) !== node) return;
    this.remove(path);
  }

  /**
   * @param {ValueNode} node
   * @param {JsonValue} value
   */
  replaceValue(node, value) {
    return this.#replace(node, value);
  }

  /**
   * Change parts of the text, each as a text of its own: a large document is parsed once for all.
   * @param {Path[]} paths of objects, none of which is in another
   * @param {(part: Editing, index: number) => void} change
   */
  inParts(paths, change) {
    const edits = paths.flatMap((path, index) => {
      const node = this.node(path);
      if (!node) return [];
      const indent = indentAt(this.text, node.offset);
      const before = this.text.slice(node.offset, end(node));
      const part = new Editing(indent + before);
      change(part, index);
      const after = part.text.slice(indent.length);
      return after === before ? [] : [difference(node.offset, before, after)];
    });
    if (edits.length) this.#apply(edits.sort((first, second) => first.from - second.from));
  }

  /**
   * Replace the texts at several paths at once: a large document is parsed once for all.
   * @param {{path: Path, value: string}[]} values
   */
  replaceTexts(values) {
    const changes = values.flatMap(({ path, value }) => {
      const node = this.node(path);
      return node && node.value !== value ? [{ node, value }] : [];
    });
    this.#replaceTexts(changes.sort((first, second) => first.node.offset - second.node.offset));
  }

  /**
   * Replace values by texts. Of texts the tree stays, so that a large document isn't parsed again for each letter.
   * @param {{node: ValueNode, value: string}[]} changes in the order of the text
   */
  #replaceTexts(changes) {
    const parsed = this.#parsed;
    const edits = changes.map(({ node, value }) => ({ from: node.offset, to: end(node), insert: quote(value) }));
    if (edits.length) this.#apply(edits);
    if (!parsed?.root || parsed.error || changes.some(({ node }) => node.type !== "string")) return;
    for (const { node, value } of changes) node.value = value;
    moveNodes(parsed.root, edits);
    cache = { text: this.text, result: parsed };
    this.#parsed = parsed;
  }

  /**
   * @param {PropertyNode} property
   * @param {string} key
   */
  rename(property, key) {
    const name = property.children[0];
    if (name.value !== key) this.#apply([{ from: name.offset, to: end(name), insert: quote(key) }]);
  }

  /**
   * Insert a member into an object before `index`.
   * @param {ObjectNode} object
   * @param {number} index
   * @param {string} key
   * @param {JsonValue} value
   */
  member(object, index, key, value) {
    this.#insert(object, index, (around) => `${quote(key)}: ${this.#format(value, around)}`);
  }

  /**
   * Insert an entry into a list before `index`.
   * @param {ArrayNode} list
   * @param {number} index
   * @param {JsonValue} value
   */
  entry(list, index, value) {
    this.#insert(list, index, (around) => this.#format(value, around));
  }

  /**
   * Append entries to a list that has some.
   * @param {ArrayNode} list
   * @param {JsonValue[]} values
   */
  append(list, values) {
    const glue = (/** @type {string} */ indent) => (beginsLine(this.text, list.children[0].offset) ? `,\n${indent}` : ", ");
    this.#insert(list, list.children.length, (around) => values.map((value) => this.#format(value, around)).join(glue(around.indent)));
  }

  /**
   * Apply one operation of a JSON Patch (RFC 6902), as the fixes of problems have them.
   * @param {Operation} operation
   */
  patch(operation) {
    const path = split(operation.path);
    switch (operation.op) {
      case "add":
      case "replace":
        return this.#put(path, operation.value ?? null, operation.op === "add");
      case "remove":
        return this.remove(path, { prune: false });
      case "move": {
        const from = split(operation.from ?? "");
        const node = this.node(from);
        if (!node) return false;
        const value = new Raw(this.text.slice(node.offset, end(node)));
        return this.remove(from, { prune: false }) && this.#put(path, value, true);
      }
      default:
        return false;
    }
  }

  /**
   * @param {Path} path
   * @param {JsonValue} value
   * @param {boolean} insert
   */
  #put(path, value, insert) {
    if (!path.length) return false;
    const owner = this.node(path.slice(0, -1));
    const last = path.at(-1);
    if (owner?.type === "array") {
      const index = last === "-" ? owner.children.length : Number(last);
      if (!insert) return owner.children[index] ? this.#replace(owner.children[index], value) : false;
      if (!(index >= 0 && index <= owner.children.length)) return false;
      this.entry(owner, index, value);
      return true;
    }
    return owner?.type === "object" && this.set(path, value);
  }

  /**
   * @param {ValueNode} node
   * @param {JsonValue} value
   */
  #replace(node, value) {
    const old = this.text.slice(node.offset, end(node));
    if (serialize(value) === singleLine(this.text, node)) return true; // it says so already, in its own layout
    if (node.type === "string" && typeof value === "string") {
      this.#replaceTexts([{ node, value }]);
      return true;
    }
    const { indent, unit } = this.#style(node);
    const spread = old.includes("\n") || undefined;
    const insert = format(value, { indent, unit, spread: spread ?? (this.text.trim().includes("\n") ? undefined : false) });
    if (insert !== old) this.#apply([{ from: node.offset, to: end(node), insert }]);
    return true;
  }

  /** @param {ValueNode} node */
  #style(node) {
    return { indent: indentAt(this.text, node.offset), unit: unitOf(this.text, this.#document) };
  }

  /**
   * @param {JsonValue} value
   * @param {Surroundings} surroundings
   */
  #format(value, { indent, unit, sibling }) {
    const oneLine = !this.text.trim().includes("\n");
    const spread = sibling && /[[{]/.test(sibling[0]) ? sibling.includes("\n") || undefined : undefined;
    return format(value, { indent, unit, spread: oneLine ? false : spread });
  }

  /**
   * @param {ObjectNode | ArrayNode} owner
   * @param {number} index
   * @param {(surroundings: Surroundings) => string} content
   */
  #insert(owner, index, content) {
    const { text } = this;
    const unit = unitOf(text, this.#document);
    const children = owner.children;
    if (!children.length) {
      const inside = text.slice(owner.offset + 1, end(owner) - 1);
      const outer = indentAt(text, owner.offset);
      const spread = inside.includes("\n") || (text.trim().includes("\n") && this.#startsNewLine(owner)) || owner === this.root;
      const from = end(owner) - 1 - (inside.length - inside.trimEnd().length);
      const inserted = content({ indent: spread ? outer + unit : outer, unit });
      const insert = spread ? `\n${outer}${unit}${inserted}\n${outer}` : inserted;
      this.#apply([{ from, to: end(owner) - 1, insert }]);
      return;
    }
    const neighbour = children[Math.min(index, children.length - 1)];
    const ownLine = beginsLine(text, neighbour.offset);
    const indent = indentAt(text, neighbour.offset);
    const value = neighbour.type === "property" ? neighbour.children[1] : neighbour;
    const sibling = text.slice(value.offset, end(value));
    const inserted = content({ indent, unit, sibling });
    if (index < children.length) {
      this.#apply([{ from: neighbour.offset, to: neighbour.offset, insert: ownLine ? `${inserted},\n${indent}` : `${inserted}, ` }]);
      return;
    }
    const at = end(neighbour);
    // What is said behind the last one, after its line, is said of it: the new one goes below.
    const [rest] = text.slice(at).split(/[\r\n]/, 1);
    const hasTrailingComment = rest.trim() && !blankComments(text).slice(at, at + rest.length).trim();
    if (ownLine && hasTrailingComment) {
      const below = at + rest.length;
      this.#apply([
        { from: at, to: at, insert: "," },
        { from: below, to: below, insert: `\n${indent}${inserted}` },
      ]);
    } else {
      this.#apply([{ from: at, to: at, insert: ownLine ? `,\n${indent}${inserted}` : `, ${inserted}` }]);
    }
  }

  /**
   * Return whether what is inserted into an empty object or list starts a new line.
   * @param {ObjectNode | ArrayNode} owner
   */
  #startsNewLine(owner) {
    return owner.type === "object" || owner.children.length === 0;
  }

  /** @param {ValueNode} value */
  #delete(value) {
    const { text } = this;
    const node = value.parent?.type === "property" ? value.parent : value;
    const owner = node.parent;
    if (!owner) return;
    /** @type {JsonNode[]} */
    const siblings = owner.children;
    const index = siblings.indexOf(node);
    const plain = blankComments(text);
    const from = node.offset;
    const to = end(node);
    if (siblings.length === 1) {
      const isAlone = !text.slice(owner.offset + 1, from).trim() && !text.slice(to, end(owner) - 1).trim();
      this.#apply([isAlone ? { from: owner.offset + 1, to: end(owner) - 1, insert: "" } : this.#deletedRange(from, to)]);
    } else if (index < siblings.length - 1) {
      const comma = plain.indexOf(",", to) + 1;
      this.#apply([this.#deletedRange(from, comma)]);
    } else {
      const comma = plain.indexOf(",", end(siblings[index - 1]));
      if (!text.slice(comma + 1, from).trim()) this.#apply([{ from: comma, to, insert: "" }]);
      else this.#apply([{ from: comma, to: comma + 1, insert: "" }, this.#deletedRange(from, to)]);
    }
  }

  /**
   * Return the edit that deletes a range: with its line if nothing else is on it, else with the blanks behind it.
   * @param {number} from
   * @param {number} to
   * @returns {Edit}
   */
  #deletedRange(from, to) {
    const { text } = this;
    const blanks = leadingBlanks(text.slice(to));
    const lineEnd = /^\r?\n/.exec(text.slice(to + blanks.length))?.[0];
    if (beginsLine(text, from) && lineEnd) {
      return { from: text.lastIndexOf("\n", from - 1) + 1, to: to + blanks.length + lineEnd.length, insert: "" };
    }
    return { from, to: to + blanks.length, insert: "" };
  }

  /** @param {Edit[]} edits */
  #apply(edits) {
    for (const edit of [...edits].reverse()) {
      this.text = this.text.slice(0, edit.from) + edit.insert + this.text.slice(edit.to);
    }
    this.steps.push(edits);
    this.#parsed = undefined;
  }
}

/**
 * The edit that makes one text of another, without what both begin and end with.
 * @param {number} offset of the text
 * @param {string} before
 * @param {string} after
 * @returns {Edit}
 */
function difference(offset, before, after) {
  const most = Math.min(before.length, after.length);
  let same = 0;
  while (same < most && before[same] === after[same]) same += 1;
  let last = 0;
  while (last < most - same && before[before.length - 1 - last] === after[after.length - 1 - last]) last += 1;
  return { from: offset + same, to: offset + before.length - last, insert: after.slice(same, after.length - last) };
}

/** @param {string | number} key */
const isIndex = (key) => /^\d+$/.test(String(key));

/**
 * @param {string} text
 * @param {number} offset
 */
function beginsLine(text, offset) {
  return !text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset).trim();
}

/**
 * @param {string} text
 * @param {number} offset
 */
function indentAt(text, offset) {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return leadingBlanks(text.slice(start, offset));
}

/** @param {string} text */
const leadingBlanks = (text) => /^[ \t]+/.exec(text)?.[0] ?? "";

/**
 * By what the text indents, seen at its first member.
 * @param {string} text
 * @param {ValueNode | undefined} root
 */
export function unitOf(text, root) {
  const first = root?.children?.[0];
  if (!root || !first || !beginsLine(text, first.offset)) return "  ";
  const outer = indentAt(text, root.offset);
  const inner = indentAt(text, first.offset);
  return inner.startsWith(outer) && inner.length > outer.length ? inner.slice(outer.length) : "  ";
}

/**
 * A value as it is laid out in a text: flat and short things in one line, others with a line for each part.
 * `spread` says so of the outermost: true, false (and all within it), or as its length has it.
 * @param {JsonValue} value
 * @param {Layout} layout
 * @returns {string}
 */
function format(value, { indent, unit, spread }) {
  /** @type {[key: string, value: JsonValue][] | null} */
  const parts =
    value instanceof Raw || value === null || typeof value !== "object"
      ? null
      : Array.isArray(value)
        ? value.map((member) => ["", member])
        : Object.entries(value).map(([key, member]) => [`${quote(key)}: `, member]);
  if (!parts) return serialize(value);
  const flat = parts.every(([, member]) => member instanceof Raw || member === null || typeof member !== "object");
  const line = serialize(value);
  if (!parts.length || spread === false || (spread === undefined && flat && line.length + indent.length <= MAX_INLINE_LENGTH)) return line;
  const inner = indent + unit;
  const lines = parts.map(([key, member]) => `${inner}${key}${format(member, { indent: inner, unit })}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${lines.join(",\n")}\n${indent}${close}`;
}

