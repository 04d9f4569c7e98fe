// Where in a text a field's value stands, and how it is read, changed and taken away there: the same places as
// jobs/spec/forms/lenses.py, over a text. `read` answers what the field holds, `write` changes an Editing.
//
// Rows are {name, value, origin}: the entry of the list, or the member of the object, that a row is; null for a new one.

import { Raw, entries, inLine, members, nodeAt, propertyOf, textAt } from "./json_text.js";
import { WHOLE, shown, sortOf } from "./units.js";

const JOB_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(:[0-9]+)?$/;
const PINNED = /^([^:]+):(\d{1,9})$/;
const MOST_ROWS = 200;

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

const at = {
  read: ({ text, root }, { path, sort }) => {
    const node = nodeAt(root, path);
    return node ? shown(sort, text, node) : "";
  },
  write: (editing, { path, sort, beside = [] }, typed) => {
    if (!typed.trim()) {
      editing.remove(path);
      return;
    }
    editing.set(path, sortOf(sort).mean(typed));
    for (const [other, needed] of beside) if (!editing.node(other)) editing.set(other, needed);
  },
  fits: ({ root }, { path }) => isFree(root, path),
};

const requirement = {
  entry: (root, { path, type }) => {
    const list = entries(nodeAt(root, path));
    const index = list.findIndex((each) => textAt(each, "type") === type);
    return index < 0 ? null : { index, node: list[index] };
  },
  old: (root, { container, legacy }) => (legacy ? nodeAt(root, [...container, legacy]) : undefined),
  read: ({ text, root }, field) => {
    const found = requirement.entry(root, field);
    if (found) {
      const value = propertyOf(found.node, "value")?.children[1];
      return value ? shown(field.sort, text, value) : "";
    }
    const old = requirement.old(root, field);
    if (!old) return "";
    const words = inLine(text, old);
    if (old.type === "number" && /^-?\d+$/.test(words)) return shown(field.sort, text, { ...old, type: "string", value: words });
    return shown("text", text, old);
  },
  write: (editing, field, typed) => {
    const { path, container, type, legacy, sort } = field;
    const words = typed.trim();
    const meant = sortOf(sort).mean(words);
    const found = requirement.entry(editing.root, field);
    const old = requirement.old(editing.root, field);
    if (!words) {
      if (found) editing.remove([...path, found.index]);
      if (old) editing.remove([...container, legacy]);
    } else if (found) {
      editing.set([...path, found.index, "value"], meant);
    } else if (old && WHOLE.test(meant)) {
      editing.set([...container, legacy], new Raw(meant));
    } else {
      if (old) editing.remove([...container, legacy], { prune: false });
      const list = editing.node(path);
      if (list) editing.entry(list, list.children.length, { type, value: meant });
      else editing.set(path, [{ type, value: meant }]);
    }
  },
  fits: ({ root }, { path, container }) => {
    const list = nodeAt(root, path);
    return isFree(root, container) && (!list || list.type === "array");
  },
};

// -- Rows. `write` answers where each row that was given stands now, in their order; null for one that says nothing.
const says = (row) => Boolean(row.name || row.value);

function writeRows(editing, path, rows, { was, there, change, insert }) {
  const handles = there(editing.node(path)).map((each, index) => ({ isRow: each, origin: index }));
  // A row that is emptied goes; one that says nothing in the text either stays.
  const said = new Map(was.map((row) => [row.origin, says(row)]));
  const stays = (row) => row.origin !== null && (says(row) || said.get(row.origin) === false);
  const wanted = new Map(rows.filter(stays).map((row) => [row.origin, row]));
  for (let index = handles.length - 1; index >= 0; index -= 1) {
    if (!handles[index].isRow) continue;
    if (wanted.has(index)) {
      handles[index].row = wanted.get(index);
      change(editing, editing.node(path), index, wanted.get(index));
    } else {
      handles.splice(index, 1);
      editing.removeChild(path, index);
    }
  }
  let before = -1; // the row before, among the handles
  for (const row of rows) {
    const known = handles.findIndex((handle) => handle.row === row);
    if (known >= 0) {
      before = known;
    } else if (says(row) && row.origin === null) {
      before = before < 0 ? handles.findIndex((handle) => handle.row) : before + 1;
      if (before < 0) before = handles.length;
      insert(editing, path, before, row);
      handles.splice(before, 0, { isRow: true, row });
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

const entriesLens = {
  read: ({ root }, { path }) =>
    entries(nodeAt(root, path)).flatMap((node, origin) =>
      isEntry(node) ? [{ name: textAt(node, "name"), value: textAt(node, "value") ?? "", origin }] : [],
    ),
  write: (editing, { path }, rows) =>
    writeRows(editing, path, rows, {
      was: entriesLens.read(editing, { path }),
      there: (node) => entries(node).map(isEntry),
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
    return isFree(root, path.slice(0, -1)) && (!list || (list.type === "array" && list.children.length <= MOST_ROWS));
  },
};

const membersLens = {
  read: ({ root }, { path }) =>
    members(nodeAt(root, path)).flatMap((node, origin) =>
      node.children[1].type === "string" ? [{ name: node.children[0].value, value: node.children[1].value, origin }] : [],
    ),
  write: (editing, { path }, rows) =>
    writeRows(editing, path, rows, {
      was: membersLens.read(editing, { path }),
      there: (node) => members(node).map((each) => each.children[1].type === "string"),
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
    return isFree(root, path.slice(0, -1)) && (!object || (object.type === "object" && object.children.length <= MOST_ROWS));
  },
};

const waits = {
  read: ({ root }, { path }) =>
    entries(nodeAt(root, path)).map((node) => textAt(node, "jobId")).filter((id) => id !== undefined && JOB_ID.test(id)),
  write: (editing, { path }, wanted) => {
    const there = waits.read(editing, { path });
    for (let index = entries(editing.node(path)).length - 1; index >= 0; index -= 1) {
      const id = textAt(editing.node(path).children[index], "jobId");
      if (id !== undefined && JOB_ID.test(id) && !wanted.includes(id)) editing.remove([...path, index], { prune: false });
    }
    for (const id of new Set(wanted)) {
      if (there.includes(id)) continue;
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
  const found = text.startsWith("arn:") ? null : PINNED.exec(text);
  return found ? [found[1], found[2]] : [text, ""];
}

const definitionFits = ({ root }, { path }) => (nodeAt(root, path)?.type ?? "string") === "string";

const definitionName = {
  read: ({ root }, { path }) => nameAndRevision(root, path)[0],
  /** Another definition's revisions have other numbers, so that the revision goes. */
  write: (editing, { path }, typed) => {
    const name = typed.trim();
    const [old, revision] = nameAndRevision(editing.root, path);
    if (!name) editing.remove(path);
    else editing.set(path, name === old && revision ? `${name}:${revision}` : name);
  },
  fits: definitionFits,
};

const definitionRevision = {
  read: ({ root }, { path }) => nameAndRevision(root, path)[1],
  write: (editing, { path }, typed) => {
    const [name] = nameAndRevision(editing.root, path);
    if (name) editing.set(path, typed.trim() ? `${name}:${typed.trim()}` : name);
  },
  fits: definitionFits,
};

export const LENSES = {
  at,
  requirement,
  entries: entriesLens,
  members: membersLens,
  waits,
  "definition-name": definitionName,
  "definition-revision": definitionRevision,
};

export const read = (parsed, field) => LENSES[field.place].read(parsed, field);

/** Write what a field holds now. What the text says already stays as someone wrote it. */
export function write(editing, field, value) {
  const { text, root } = editing;
  if (typeof value === "string" && value === read({ text, root }, field)) return undefined;
  return LENSES[field.place].write(editing, field, value);
}

export const fits = (parsed, field) => LENSES[field.place].fits(parsed, field);
