// The schema of AWS Batch in the editor: names and values to complete, and AWS's descriptions.

import { findNodeAtOffset, getLocation } from "jsonc-parser";
import { blankComments, parse } from "./json_text.js";

/** @import { CompletionOption, JsonNode, Path, Schema } from "./types.js" */

/**
 * The schema at a path, its references followed; undefined where it says nothing.
 * @param {Schema} schema
 * @param {Path} path
 */
export function schemaAt(schema, path) {
  /** @type {Schema | undefined} */
  let shape = resolveReference(schema, schema);
  for (const step of path) {
    const next = shape?.properties?.[step] ?? (typeof step === "number" ? shape?.items : shape?.additionalProperties);
    if (!next || typeof next !== "object") return undefined;
    shape = resolveReference(schema, next);
  }
  return shape;
}

/**
 * @param {Schema} schema
 * @param {Schema} shape
 * @returns {Schema}
 */
function resolveReference(schema, shape) {
  if (!shape.$ref) return shape;
  const { $ref, ...own } = shape;
  return { ...schema.$defs?.[$ref.split("/").at(-1) ?? ""], ...own }; // a member's own description says more than its type's
}

/**
 * Return the completions at an offset, or null. `extraValues` gives further values for a path.
 * @param {Schema} schema
 * @param {string} text
 * @param {number} offset
 * @param {boolean} explicit
 * @param {(path: Path) => string[]} extraValues
 * @returns {{from: number, tail: number, options: CompletionOption[]} | null} `tail` characters after the offset, such as
 *   a closing quote, are replaced too
 */
export function completions(schema, text, offset, explicit, extraValues = () => []) {
  const plain = blankComments(text);
  const location = getLocation(plain, offset);
  const node = location.previousNode;
  const current = node && node.offset < offset && offset <= node.offset + node.length ? node : null;
  const typed = /["\w-]+$/.exec(plain.slice(0, offset))?.[0] ?? "";
  const from = current ? current.offset : offset - typed.length;
  const tail = current ? current.offset + current.length - offset : 0;
  if (!explicit && !typed && !current) return null;
  if (location.isAtPropertyKey) {
    const shape = schemaAt(schema, location.path.slice(0, -1));
    if (!shape?.properties) return null;
    const existingKeys = siblingKeys(plain, offset);
    const hasColon = /^\s*:/.test(plain.slice(offset + tail));
    const options = Object.entries(shape.properties)
      .filter(([key]) => !existingKeys.has(key))
      .map(([key, property]) => {
        const member = resolveReference(schema, property);
        return {
          label: JSON.stringify(key),
          type: "property",
          detail: kindOf(member) + (shape.required?.includes(key) ? ", required" : ""),
          info: truncate(member.description),
          insert: JSON.stringify(key) + (hasColon ? "" : `: ${valueTemplate(member)}`),
        };
      });
    return options.length ? { from, tail, options } : null;
  }
  const shape = schemaAt(schema, location.path);
  const values = [
    ...extraValues(location.path).map((value) => JSON.stringify(value)),
    ...(shape?.enum ?? []).map((value) => JSON.stringify(value)),
    ...(shape?.type === "boolean" ? ["true", "false"] : []),
  ];
  const options = [...new Set(values)].map((label) => ({ label, type: "enum", insert: label }));
  return options.length ? { from, tail, options } : null;
}

/**
 * @param {string} plain
 * @param {number} offset
 */
function siblingKeys(plain, offset) {
  let node = nodeAround(plain, offset, true);
  while (node && node.type !== "object") node = node.parent;
  const others = (node?.children ?? []).filter((property) => offset < property.offset || offset > property.offset + property.children[0].length);
  return new Set(others.map((property) => property.children[0].value));
}

/**
 * Return the innermost node around an offset.
 * @param {string} text
 * @param {number} offset
 * @param {boolean} includesEnd
 */
function nodeAround(text, offset, includesEnd) {
  const { root } = parse(text);
  return /** @type {JsonNode | undefined} */ (root && findNodeAtOffset(root, offset, includesEnd));
}

/**
 * Return the start of a value, with a NUL where the caret goes.
 * @param {Schema} shape
 */
function valueTemplate(shape) {
  switch (shape.type) {
    case "object":
      return "{\u0000}";
    case "array":
      return shape.items?.type === "string" || !shape.items ? '["\u0000"]' : "[\u0000]";
    case "string":
      return '"\u0000"';
    default:
      return "\u0000";
  }
}

/**
 * Describe the field at an offset, or return null.
 * @param {Schema} schema
 * @param {string} text
 * @param {number} offset
 */
export function describe(schema, text, offset) {
  let node = nodeAround(text, offset, false);
  if (node?.type !== "property" && node?.parent?.type === "property") node = node.parent;
  if (node?.type !== "property") return null;
  /** @type {(string | number)[]} */
  const path = [];
  /** @type {JsonNode | undefined} */
  let at = node;
  for (; at; at = at.parent) {
    if (at.type === "property") path.unshift(at.children[0].value);
    else if (at.parent?.type === "array") path.unshift(at.parent.children.indexOf(at));
  }
  const shape = schemaAt(schema, path);
  if (!shape) return null;
  const [key] = node.children;
  return {
    from: key.offset,
    to: node.offset + node.length,
    name: key.value,
    kind: kindOf(shape),
    help: truncate(shape.description),
    values: shape.enum ?? [],
  };
}

/** @type {Record<string, string>} */
const KINDS = { object: "object", array: "list", string: "text", integer: "integer", number: "number", boolean: "true or false" };
/** @type {[limit: "minimum" | "maximum" | "maxLength" | "maxItems", text: string, isSuffix?: boolean][]} */
const LIMITS = [["minimum", "at least"], ["maximum", "at most"], ["maxLength", "characters or fewer", true], ["maxItems", "at most"]];

/** @param {Schema} shape */
function kindOf(shape) {
  const limits = LIMITS.filter(([name]) => shape[name] !== undefined).map(([name, text, isSuffix]) =>
    isSuffix ? `${shape[name]} ${text}` : `${text} ${shape[name]}`,
  );
  return [KINDS[shape.type ?? ""] ?? "", ...limits].filter(Boolean).join(", ");
}

const MAX_HELP_LENGTH = 700;

function truncate(text = "") {
  return text.length > MAX_HELP_LENGTH ? `${text.slice(0, text.lastIndexOf(" ", MAX_HELP_LENGTH))} …` : text;
}
