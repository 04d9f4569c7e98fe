// The schema of AWS Batch in the editor: names and values to complete, and AWS's descriptions.

import { findNodeAtOffset, getLocation } from "jsonc-parser";
import { blankComments, parse } from "./json_text.js";

/** The schema at a path, its references followed; undefined where it says nothing. */
export function schemaAt(schema, path) {
  let shape = resolveReference(schema, schema);
  for (const step of path) {
    const next = shape?.properties?.[step] ?? (typeof step === "number" ? shape?.items : shape?.additionalProperties);
    if (!next || typeof next !== "object") return undefined;
    shape = resolveReference(schema, next);
  }
  return shape;
}

function resolveReference(schema, shape) {
  if (!shape?.$ref) return shape;
  const { $ref, ...own } = shape;
  return { ...schema.$defs[$ref.split("/").at(-1)], ...own }; // a member's own description says more than its type's
}

/** Return the completions at an offset: {from, to, options}, or null. `extraValues` gives further values for a path. */
export function completions(schema, text, offset, explicit, extraValues = () => []) {
  const plain = blankComments(text);
  const location = getLocation(plain, offset);
  const node = location.previousNode;
  const current = node && node.offset < offset && offset <= node.offset + node.length ? node : null;
  const typed = /["\w-]*$/.exec(plain.slice(0, offset))[0];
  const from = current ? current.offset : offset - typed.length;
  const to = current ? current.offset + current.length : offset;
  if (!explicit && !typed && !current) return null;
  if (location.isAtPropertyKey) {
    const shape = schemaAt(schema, location.path.slice(0, -1));
    if (!shape?.properties) return null;
    const existingKeys = siblingKeys(plain, offset);
    const hasColon = /^\s*:/.test(plain.slice(to));
    const options = Object.keys(shape.properties)
      .filter((key) => !existingKeys.has(key))
      .map((key) => {
        const member = resolveReference(schema, shape.properties[key]);
        return {
          label: JSON.stringify(key),
          type: "property",
          detail: kindOf(member) + (shape.required?.includes(key) ? ", required" : ""),
          info: truncate(member.description),
          insert: JSON.stringify(key) + (hasColon ? "" : `: ${valueTemplate(member)}`),
        };
      });
    return options.length ? { from, to, options } : null;
  }
  const shape = schemaAt(schema, location.path);
  const values = [
    ...extraValues(location.path).map((value) => JSON.stringify(value)),
    ...(shape?.enum ?? []).map((value) => JSON.stringify(value)),
    ...(shape?.type === "boolean" ? ["true", "false"] : []),
  ];
  const options = [...new Set(values)].map((label) => ({ label, type: "enum", insert: label }));
  return options.length ? { from, to, options } : null;
}

function siblingKeys(plain, offset) {
  const { root } = parse(plain);
  let node = root && findNodeAtOffset(root, offset, true);
  while (node && node.type !== "object") node = node.parent;
  const others = (node?.children ?? []).filter((property) => offset < property.offset || offset > property.offset + property.children[0].length);
  return new Set(others.map((property) => property.children[0].value));
}

/** Return the start of a value, with a NUL where the caret goes. */
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

/** Describe the field at an offset: {from, to, name, kind, help, values}, or null. */
export function describe(schema, text, offset) {
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
    help: truncate(shape.description),
    values: shape.enum ?? [],
  };
}

const KINDS = { object: "object", array: "list", string: "text", integer: "integer", number: "number", boolean: "true or false" };
const LIMITS = [["minimum", "at least"], ["maximum", "at most"], ["maxLength", "characters or fewer", true], ["maxItems", "at most"]];

function kindOf(shape) {
  const limits = LIMITS.filter(([name]) => shape[name] !== undefined).map(([name, text, isSuffix]) =>
    isSuffix ? `${shape[name]} ${text}` : `${text} ${shape[name]}`,
  );
  return [KINDS[shape.type] ?? "", ...limits].filter(Boolean).join(", ");
}

const MAX_HELP_LENGTH = 700;

function truncate(text = "") {
  return text.length > MAX_HELP_LENGTH ? `${text.slice(0, text.lastIndexOf(" ", MAX_HELP_LENGTH))} …` : text;
}
