// What the schema of AWS Batch knows at a place of a text: names and values to complete, and AWS's own words to show.

import { findNodeAtOffset, getLocation } from "jsonc-parser";
import { bare, parse } from "./json_text.js";

/** The schema at a path, its references followed; undefined where it says nothing. */
export function schemaAt(schema, path) {
  let shape = resolved(schema, schema);
  for (const step of path) {
    const next = shape?.properties?.[step] ?? (typeof step === "number" ? shape?.items : shape?.additionalProperties);
    if (!next || typeof next !== "object") return undefined;
    shape = resolved(schema, next);
  }
  return shape;
}

function resolved(schema, shape) {
  if (!shape?.$ref) return shape;
  const { $ref, ...own } = shape;
  return { ...schema.$defs[$ref.split("/").at(-1)], ...own }; // a member's own words announce more than its type's
}

/** What may be written where the caret is: {from, to, options}, or null. `more` has further values by pointer. */
export function completions(schema, text, offset, explicit, more = () => []) {
  const plain = bare(text);
  const location = getLocation(plain, offset);
  const node = location.previousNode;
  const inside = node && node.offset < offset && offset <= node.offset + node.length ? node : null;
  const typed = /["\w-]*$/.exec(plain.slice(0, offset))[0];
  const from = inside ? inside.offset : offset - typed.length;
  const to = inside ? inside.offset + inside.length : offset;
  if (!explicit && !typed && !inside) return null;
  if (location.isAtPropertyKey) {
    const shape = schemaAt(schema, location.path.slice(0, -1));
    if (!shape?.properties) return null;
    const there = keysAround(plain, offset);
    const hasColon = /^\s*:/.test(plain.slice(to));
    const options = Object.keys(shape.properties)
      .filter((key) => !there.has(key))
      .map((key) => {
        const member = resolved(schema, shape.properties[key]);
        return {
          label: JSON.stringify(key),
          type: "property",
          detail: kindOf(member) + (shape.required?.includes(key) ? ", required" : ""),
          info: brief(member.description),
          insert: JSON.stringify(key) + (hasColon ? "" : `: ${beginning(member)}`),
        };
      });
    return options.length ? { from, to, options } : null;
  }
  const shape = schemaAt(schema, location.path);
  const values = [
    ...more(location.path).map((value) => JSON.stringify(value)),
    ...(shape?.enum ?? []).map((value) => JSON.stringify(value)),
    ...(shape?.type === "boolean" ? ["true", "false"] : []),
  ];
  const options = [...new Set(values)].map((label) => ({ label, type: "enum", insert: label }));
  return options.length ? { from, to, options } : null;
}

function keysAround(plain, offset) {
  const { root } = parse(plain);
  let node = root && findNodeAtOffset(root, offset, true);
  while (node && node.type !== "object") node = node.parent;
  const others = (node?.children ?? []).filter((each) => offset < each.offset || offset > each.offset + each.children[0].length);
  return new Set(others.map((each) => each.children[0].value));
}

/** How a value begins, with a mark where the caret goes. */
function beginning(shape) {
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

/** What is said of the place under the pointer: {from, to, name, kind, words, values}, or null. */
export function about(schema, text, offset) {
  const { root } = parse(text);
  let node = root && findNodeAtOffset(root, offset, false);
  if (node?.type !== "property" && node?.parent?.type === "property") node = node.parent;
  if (node?.type !== "property") return null;
  const path = [];
  for (let at = node; at; at = at.parent) {
    if (at.type === "property") path.unshift(at.children[0].value);
    else if (at.parent?.type === "array") path.unshift(at.parent.children.indexOf(at));
  }
  const shape = schemaAt(schema, path);
  if (!shape) return null;
  const [key] = node.children;
  return {
    from: key.offset,
    to: node.offset + node.length,
    name: path.at(-1),
    kind: kindOf(shape),
    words: brief(shape.description),
    values: shape.enum ?? [],
  };
}

const KINDS = { object: "object", array: "list", string: "text", integer: "whole number", number: "number", boolean: "true or false" };
const LIMITS = [["minimum", "at least"], ["maximum", "at most"], ["maxLength", "characters at most", true], ["maxItems", "at most"]];

function kindOf(shape) {
  const limits = LIMITS.filter(([name]) => shape[name] !== undefined).map(([name, words, after]) =>
    after ? `${shape[name]} ${words}` : `${words} ${shape[name]}`,
  );
  return [KINDS[shape.type] ?? "", ...limits].filter(Boolean).join(", ");
}

const LONGEST = 700;

function brief(words = "") {
  return words.length > LONGEST ? `${words.slice(0, words.lastIndexOf(" ", LONGEST))} …` : words;
}
