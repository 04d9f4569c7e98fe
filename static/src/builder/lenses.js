// Lenses on a text: where a field's value stands, and how it is read, changed and removed there. They are the same as in
// jobs/spec/forms/lenses.py. `read` returns the field's value, `write` changes an Editing.
//
// Rows are {name, value, origin}. `origin` is the index of the list's entry or the object's member; null for a new row.

import { Raw, entries, singleLine, members, nodeAt, propertyOf, textAt } from "./json_text.js";
import { WHOLE, display, valueType } from "./units.js";

const JOB_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(:[0-9]+)?$/;
const PINNED = /^([^:]+):(\d{1,9})$/;
const MAX_ROWS = 200;

/** Whether a value can be written at the path: each step leads through an object, or to an entry of a list that is there
 *  or would be its next, or there is nothing yet. */
function isFree(root, path) {
  let node = root;
  for (const [depth, step] of path.entries()) {
    if (!node) return depth > 0 || root === undefined;
    if (node.type === "array") {
      if (!/^(0|[1-9]\d*)$/.test(step) || Number(step) > node.children.length) return false;
    } else if (node.type !== "object") return false;
    node = nodeAt(root, path.slice(0, depth + 1));
  }
  return true;
}

const valueLens = {
  read: ({ text, root }, { path, value_type }) => {
    const node = nodeAt(root, path);
    return node ? display(value_type, text, node) : "";
  },
  write: (editing, { path, value_type, siblings = [] }, input) => {
    if (!input.trim()) {
      editing.remove(path);
      return;
    }
    editing.set(path, valueType(value_type).parse(input));
    for (const [siblingPath, siblingValue] of siblings) if (!editing.node(siblingPath)) editing.set(siblingPath, siblingValue);
  },
  fits: ({ root }, { path }) => isFree(root, path),
};

const requirementLens = {
  entry: (root, { path, type }) => {
    const list = entries(nodeAt(root, path));
    const index = list.findIndex((requirement) => textAt(requirement, "type") === type);
    return index < 0 ? null : { index, node: list[index] };
  },
  legacyValue: (root, { container, legacy }) => (legacy ? nodeAt(root, [...container, legacy]) : undefined),
  read: ({ text, root }, field) => {
    const existing = requirementLens.entry(root, field);
    if (existing) {
      const value = propertyOf(existing.node, "value")?.children[1];
      return value ? display(field.value_type, text, value) : "";
    }
    const legacyValue = requirementLens.legacyValue(root, field);
    if (!legacyValue) return "";
    const json = singleLine(text, legacyValue);
    if (legacyValue.type === "number" && /^-?\d+$/.test(json)) return display(field.value_type, text, { ...legacyValue, type: "string", value: json });
    return display("text", text, legacyValue);
  },
  write: (editing, field, input) => {
    const { path, container, type, legacy, value_type } = field;
    const text = input.trim();
    const parsed = valueType(value_type).parse(text);
    const existing = requirementLens.entry(editing.root, field);
    const legacyValue = requirementLens.legacyValue(editing.root, field);
    if (!text) {
      if (existing) editing.remove([...path, existing.index]);
      if (legacyValue) editing.remove([...container, legacy]);
    } else if (existing) {
      editing.set([...path, existing.index, "value"], parsed);
    } else if (legacyValue && WHOLE.test(parsed)) {
      editing.set([...container, legacy], new Raw(parsed));
    } else {
      if (legacyValue) editing.remove([...container, legacy], { prune: false });
      const list = editing.node(path);
      if (list) editing.entry(list, list.children.length, { type, value: parsed });
      else editing.set(path, [{ type, value: parsed }]);
    }
  },
  fits: ({ root }, { path, container }) => {
    const list = nodeAt(root, path);
    return isFree(root, container) && (!list || list.type === "array");
  },
};

// -- Rows. `write` returns the index of each given row, in their order; null for an empty one.
const hasContent = (row) => Boolean(row.name || row.value);

function writeRows(editing, path, rows, { oldRows, rowFlags, change, insert }) {
  const handles = rowFlags(editing.node(path)).map((isRow, index) => ({ isRow, origin: index }));
  // A row that was emptied is removed; one that is empty in the text too stays.
  const hadContent = new Map(oldRows.map((row) => [row.origin, hasContent(row)]));
  const isKept = (row) => row.origin !== null && (hasContent(row) || hadContent.get(row.origin) === false);
  const rowsByOrigin = new Map(rows.filter(isKept).map((row) => [row.origin, row]));
  for (let index = handles.length - 1; index >= 0; index -= 1) {
    if (!handles[index].isRow) continue;
    if (rowsByOrigin.has(index)) {
      handles[index].row = rowsByOrigin.get(index);
      change(editing, editing.node(path), index, rowsByOrigin.get(index));
    } else {
      handles.splice(index, 1);
      editing.removeChild(path, index);
    }
  }
  let previous = -1; // the row before, among the handles
  for (const row of rows) {
    const position = handles.findIndex((handle) => handle.row === row);
    if (position >= 0) {
      previous = position;
    } else if (hasContent(row) && row.origin === null) {
      previous = previous < 0 ? handles.findIndex((handle) => handle.row) : previous + 1;
      if (previous < 0) previous = handles.length;
      insert(editing, path, previous, row);
      handles.splice(previous, 0, { isRow: true, row });
    }
  }
  if (!handles.length) {
    const node = editing.node(path);
    if (node && !node.children.length) editing.remove(path);
  }
  return rows.map((row) => {
    const index = handles.findIndex((handle) => handle.row === row);
    return index < 0 ? null : index;
  });
}

const isEntry = (node) => {
  if (textAt(node, "name") === undefined) return false;
  const value = propertyOf(node, "value");
  return !value || value.children[1].type === "string";
};

const listLens = {
  read: ({ root }, { path }) =>
    entries(nodeAt(root, path)).flatMap((node, origin) =>
      isEntry(node) ? [{ name: textAt(node, "name"), value: textAt(node, "value") ?? "", origin }] : [],
    ),
  write: (editing, { path }, rows) =>
    writeRows(editing, path, rows, {
      oldRows: listLens.read(editing, { path }),
      rowFlags: (node) => entries(node).map(isEntry),
      change: (changing, list, index, row) => {
        const node = list.children[index];
        if (textAt(node, "name") !== row.name) changing.set([...path, index, "name"], row.name);
        const value = textAt(node, "value");
        if ((value ?? "") !== row.value) changing.set([...path, index, "value"], row.value);
      },
      insert: (changing, where, index, row) => {
        const entry = { name: row.name, value: row.value };
        const list = changing.node(where);
        if (list) changing.entry(list, index, entry);
        else changing.set(where, [entry]);
      },
    }),
  fits: ({ root }, { path }) => {
    const list = nodeAt(root, path);
    return isFree(root, path.slice(0, -1)) && (!list || (list.type === "array" && list.children.length <= MAX_ROWS));
  },
};

const mapLens = {
  read: ({ root }, { path }) =>
    members(nodeAt(root, path)).flatMap((node, origin) =>
      node.children[1].type === "string" ? [{ name: node.children[0].value, value: node.children[1].value, origin }] : [],
    ),
  write: (editing, { path }, rows) =>
    writeRows(editing, path, rows, {
      oldRows: mapLens.read(editing, { path }),
      rowFlags: (node) => members(node).map((member) => member.children[1].type === "string"),
      change: (changing, object, index, row) => {
        changing.rename(object.children[index], row.name);
        const value = changing.node(path).children[index].children[1];
        if (value.value !== row.value) changing.replaceValue(value, row.value);
      },
      insert: (changing, where, index, row) => {
        const object = changing.node(where);
        if (object) changing.member(object, index, row.name, row.value);
        else changing.set(where, { [row.name]: row.value });
      },
    }),
  fits: ({ root }, { path }) => {
    const object = nodeAt(root, path);
    return isFree(root, path.slice(0, -1)) && (!object || (object.type === "object" && object.children.length <= MAX_ROWS));
  },
};

const dependenciesLens = {
  read: ({ root }, { path }) =>
    entries(nodeAt(root, path)).map((node) => textAt(node, "jobId")).filter((id) => id !== undefined && JOB_ID.test(id)),
  write: (editing, { path }, ids) => {
    const existing = dependenciesLens.read(editing, { path });
    for (let index = entries(editing.node(path)).length - 1; index >= 0; index -= 1) {
      const id = textAt(editing.node(path).children[index], "jobId");
      if (id !== undefined && JOB_ID.test(id) && !ids.includes(id)) editing.remove([...path, index], { prune: false });
    }
    for (const id of new Set(ids)) {
      if (existing.includes(id)) continue;
      const list = editing.node(path);
      if (list) editing.entry(list, list.children.length, { jobId: id });
      else editing.set(path, [{ jobId: id }]);
    }
    editing.prune(path);
  },
  fits: ({ root }, { path }) => !nodeAt(root, path) || nodeAt(root, path).type === "array",
};

function nameAndRevision(root, path) {
  const node = nodeAt(root, path);
  const text = node?.type === "string" ? node.value : "";
  const match = text.startsWith("arn:") ? null : PINNED.exec(text);
  return match ? [match[1], match[2]] : [text, ""];
}

const definitionFits = ({ root }, { path }) => (nodeAt(root, path)?.type ?? "string") === "string";

const definitionName = {
  read: ({ root }, { path }) => nameAndRevision(root, path)[0],
  /** Another definition's revisions have other numbers, so that the revision goes. */
  write: (editing, { path }, input) => {
    const name = input.trim();
    const [currentName, revision] = nameAndRevision(editing.root, path);
    if (!name) editing.remove(path);
    else editing.set(path, name === currentName && revision ? `${name}:${revision}` : name);
  },
  fits: definitionFits,
};

const definitionRevision = {
  read: ({ root }, { path }) => nameAndRevision(root, path)[1],
  write: (editing, { path }, input) => {
    const [name] = nameAndRevision(editing.root, path);
    if (name) editing.set(path, input.trim() ? `${name}:${input.trim()}` : name);
  },
  fits: definitionFits,
};

export const LENSES = {
  value: valueLens,
  requirement: requirementLens,
  entries: listLens,
  members: mapLens,
  dependencies: dependenciesLens,
  "definition-name": definitionName,
  "definition-revision": definitionRevision,
};

export const read = (parsed, field) => LENSES[field.lens].read(parsed, field);

/** Write a field's value. A value that the text has already stays as it is written. */
export function write(editing, field, value) {
  const { text, root } = editing;
  if (typeof value === "string" && value === read({ text, root }, field)) return undefined;
  return LENSES[field.lens].write(editing, field, value);
}

export const fits = (parsed, field) => LENSES[field.lens].fits(parsed, field);
