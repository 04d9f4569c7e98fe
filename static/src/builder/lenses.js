// Lenses on a text: where a field's value stands, and how it is read, changed and removed there. They are the same as in
// jobs/spec/forms/lenses.py. `read` returns the field's value, `write` changes an Editing.
//
// Rows are {name, value, origin}. `origin` is the index of the list's entry or the object's member; null for a new row.

import { Raw, entries, singleLine, members, nodeAt, textAt } from "./json_text.js";
import { WHOLE, display, valueType } from "./units.js";

/**
 * @import { Editing } from "./json_text.js"
 * @import { DefinitionField, DependenciesField, ExitCodesField, ExitRuleField, Field, FieldValue, Lens, Origins, ParsedText,
 *   Path, PropertyNode, RequirementField, Row, RowsField, SequentialField, ValueField, ValueNode } from "./types.js"
 */

const JOB_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(:[0-9]+)?$/;
const PINNED = /^([^:]+):(\d{1,9})$/;
const MAX_ROWS = 200;

/**
 * Whether a value can be written at the path: each step leads through an object, or to an entry of a list that is there
 * or would be its next, or there is nothing yet.
 * @param {ValueNode | undefined} root
 * @param {Path} path
 */
function isFree(root, path) {
  let node = root;
  for (const [depth, step] of path.entries()) {
    if (!node) return depth > 0 || root === undefined;
    if (node.type === "array") {
      if (!/^(0|[1-9]\d*)$/.test(String(step)) || Number(step) > node.children.length) return false;
    } else if (node.type !== "object") return false;
    node = nodeAt(root, path.slice(0, depth + 1));
  }
  return true;
}

const valueLens = {
  /**
   * @param {ParsedText} parsed
   * @param {ValueField} field
   */
  read: ({ text, root }, { path, value_type }) => {
    const node = nodeAt(root, path);
    return node ? display(value_type, text, node) : "";
  },
  /**
   * @param {Editing} editing
   * @param {ValueField} field
   * @param {string} input
   */
  write: (editing, { path, value_type, siblings = [] }, input) => {
    if (!input.trim()) {
      editing.remove(path);
      return;
    }
    editing.set(path, valueType(value_type).parse(input));
    for (const [siblingPath, siblingValue] of siblings) if (!editing.node(siblingPath)) editing.set(siblingPath, siblingValue);
  },
  /**
   * @param {ParsedText} parsed
   * @param {ValueField} field
   */
  fits: ({ root }, { path }) => isFree(root, path),
};

const requirementLens = {
  /**
   * @param {ValueNode | undefined} root
   * @param {RequirementField} field
   */
  entry: (root, { path, type }) => {
    const list = entries(nodeAt(root, path));
    const index = list.findIndex((requirement) => textAt(requirement, "type") === type);
    return index < 0 ? null : { index, node: list[index] };
  },
  /**
   * @param {ValueNode | undefined} root
   * @param {RequirementField} field
   */
  legacyValue: (root, { container, legacy }) => {
    const path = [...container, legacy ?? ""];
    const node = legacy ? nodeAt(root, path) : undefined;
    return node && { path, node };
  },
  /**
   * @param {ParsedText} parsed
   * @param {RequirementField} field
   */
  read: ({ text, root }, field) => {
    const existing = requirementLens.entry(root, field);
    if (existing) {
      const value = nodeAt(existing.node, ["value"]);
      return value ? display(field.value_type, text, value) : "";
    }
    const node = requirementLens.legacyValue(root, field)?.node;
    if (!node) return "";
    const json = singleLine(text, node);
    if (node.type === "number" && /^-?\d+$/.test(json)) return display(field.value_type, text, { ...node, type: "string", value: json });
    return display("text", text, node);
  },
  /**
   * @param {Editing} editing
   * @param {RequirementField} field
   * @param {string} input
   */
  write: (editing, field, input) => {
    const { path, type, value_type } = field;
    const text = input.trim();
    const parsed = valueType(value_type).parse(text);
    const existing = requirementLens.entry(editing.root, field);
    const legacyValue = requirementLens.legacyValue(editing.root, field);
    if (!text) {
      if (existing) editing.remove([...path, existing.index]);
      if (legacyValue) editing.remove(legacyValue.path);
    } else if (existing) {
      editing.set([...path, existing.index, "value"], parsed);
    } else if (legacyValue && typeof parsed === "string" && WHOLE.test(parsed)) {
      editing.set(legacyValue.path, new Raw(parsed));
    } else {
      if (legacyValue) editing.remove(legacyValue.path, { prune: false });
      const list = editing.node(path);
      if (list?.type === "array") editing.entry(list, list.children.length, { type, value: parsed });
      else if (!list) editing.set(path, [{ type, value: parsed }]);
    }
  },
  /**
   * @param {ParsedText} parsed
   * @param {RequirementField} field
   */
  fits: ({ root }, { path, container }) => {
    const list = nodeAt(root, path);
    return isFree(root, container) && (!list || list.type === "array");
  },
};

// -- Rows. `write` returns the index of each given row, in their order; null for an empty one.
/** @param {Row} row */
const hasContent = (row) => Boolean(row.name || row.value);

/**
 * @param {Editing} editing
 * @param {Path} path
 * @param {Row[]} rows
 * @param {object} options
 * @param {Row[]} options.oldRows
 * @param {boolean[]} options.rowFlags for each entry or member of the text, whether it is a row
 * @param {(index: number, row: Row) => void} options.change
 * @param {(index: number, row: Row) => void} options.insert
 * @returns {Origins}
 */
function writeRows(editing, path, rows, { oldRows, rowFlags, change, insert }) {
  /** @type {{isRow: boolean, row?: Row}[]} */
  const handles = rowFlags.map((isRow) => ({ isRow }));
  // A row that was emptied is removed; one that is empty in the text too stays.
  const hadContent = new Map(oldRows.map((row) => [row.origin, hasContent(row)]));
  /** @param {Row} row */
  const isKept = (row) => row.origin !== null && (hasContent(row) || hadContent.get(row.origin) === false);
  const rowsByOrigin = new Map(rows.filter(isKept).map((row) => [row.origin, row]));
  for (let index = handles.length - 1; index >= 0; index -= 1) {
    if (!handles[index].isRow) continue;
    const row = rowsByOrigin.get(index);
    if (row) {
      handles[index].row = row;
      change(index, row);
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
      // Before the row that follows, and after everything where none does: an entry that is no row stays where it is.
      const next = handles.findIndex((handle, index) => index > previous && handle.row);
      previous = next < 0 ? handles.length : next;
      insert(previous, row);
      handles.splice(previous, 0, { isRow: true, row });
    }
  }
  if (!handles.length && editing.node(path)?.children?.length === 0) editing.remove(path);
  return rows.map((row) => {
    const index = handles.findIndex((handle) => handle.row === row);
    return index < 0 ? null : index;
  });
}

/**
 * The row that an entry of a list is, or null.
 * @param {ValueNode} node
 * @param {number} origin
 * @returns {Row | null}
 */
function entryRow(node, origin) {
  const name = textAt(node, "name");
  const value = nodeAt(node, ["value"]);
  return name === undefined || (value && value.type !== "string") ? null : { name, value: value?.value ?? "", origin };
}

const listLens = {
  /**
   * @param {ParsedText} parsed
   * @param {RowsField} field
   */
  read: ({ root }, { path }) => entries(nodeAt(root, path)).flatMap((node, origin) => entryRow(node, origin) ?? []),
  /**
   * @param {Editing} editing
   * @param {RowsField} field
   * @param {Row[]} rows
   */
  write: (editing, field, rows) => {
    const { path } = field;
    return writeRows(editing, path, rows, {
      oldRows: listLens.read(editing, field),
      rowFlags: entries(editing.node(path)).map((node, index) => entryRow(node, index) !== null),
      change: (index, row) => {
        const node = editing.node([...path, index]);
        if (textAt(node, "name") !== row.name) editing.set([...path, index, "name"], row.name);
        const value = textAt(node, "value");
        if ((value ?? "") !== row.value) editing.set([...path, index, "value"], row.value);
      },
      insert: (index, row) => {
        const entry = { name: row.name, value: row.value };
        const list = editing.node(path);
        if (list?.type === "array") editing.entry(list, index, entry);
        else if (!list) editing.set(path, [entry]);
      },
    });
  },
  /**
   * @param {ParsedText} parsed
   * @param {RowsField} field
   */
  fits: ({ root }, { path }) => {
    const list = nodeAt(root, path);
    return isFree(root, path.slice(0, -1)) && (!list || (list.type === "array" && list.children.length <= MAX_ROWS));
  },
};

const mapLens = {
  /**
   * @param {PropertyNode} member
   * @param {RowsField} field
   */
  isRow: ({ children: [name, value] }, { excluded = [] }) => value.type === "string" && !excluded.includes(name.value),
  /**
   * @param {ParsedText} parsed
   * @param {RowsField} field
   */
  read: ({ root }, field) =>
    members(nodeAt(root, field.path)).flatMap((member, origin) => {
      const [name, value] = member.children;
      return value.type === "string" && mapLens.isRow(member, field) ? [{ name: name.value, value: value.value, origin }] : [];
    }),
  /**
   * @param {Editing} editing
   * @param {RowsField} field
   * @param {Row[]} rows
   */
  write: (editing, field, rows) => {
    const { path } = field;
    return writeRows(editing, path, rows, {
      oldRows: mapLens.read(editing, field),
      rowFlags: members(editing.node(path)).map((member) => mapLens.isRow(member, field)),
      change: (index, row) => {
        editing.rename(members(editing.node(path))[index], row.name);
        const [, value] = members(editing.node(path))[index].children;
        if (value.value !== row.value) editing.replaceValue(value, row.value);
      },
      insert: (index, row) => {
        const object = editing.node(path);
        if (object?.type === "object") editing.member(object, index, row.name, row.value);
        else if (!object) editing.set(path, { [row.name]: row.value });
      },
    });
  },
  /**
   * @param {ParsedText} parsed
   * @param {RowsField} field
   */
  fits: ({ root }, { path }) => {
    const object = nodeAt(root, path);
    return isFree(root, path.slice(0, -1)) && (!object || (object.type === "object" && object.children.length <= MAX_ROWS));
  },
};

const dependenciesLens = {
  /**
   * @param {ParsedText} parsed
   * @param {DependenciesField} field
   */
  read: ({ root }, { path }) =>
    entries(nodeAt(root, path)).flatMap((node) => {
      const id = textAt(node, "jobId");
      return id !== undefined && JOB_ID.test(id) ? [id] : [];
    }),
  /**
   * @param {Editing} editing
   * @param {DependenciesField} field
   * @param {string[]} ids
   */
  write: (editing, field, ids) => {
    const { path } = field;
    const existing = dependenciesLens.read(editing, field);
    for (let index = entries(editing.node(path)).length - 1; index >= 0; index -= 1) {
      const id = textAt(editing.node([...path, index]), "jobId");
      if (id !== undefined && JOB_ID.test(id) && !ids.includes(id)) editing.remove([...path, index], { prune: false });
    }
    for (const id of new Set(ids)) {
      if (existing.includes(id)) continue;
      const list = editing.node(path);
      if (list?.type === "array") editing.entry(list, list.children.length, { jobId: id });
      else if (!list) editing.set(path, [{ jobId: id }]);
    }
    editing.prune(path);
  },
  /**
   * @param {ParsedText} parsed
   * @param {DependenciesField} field
   */
  fits: ({ root }, { path }) => (nodeAt(root, path)?.type ?? "array") === "array",
};

const pairsLens = {
  /** @param {ValueNode} node */
  matches: (node) => JOB_ID.test(textAt(node, "jobId") ?? "") && textAt(node, "type") === "N_TO_N",
  /**
   * @param {ParsedText} parsed
   * @param {DependenciesField} field
   */
  read: ({ root }, { path }) => entries(nodeAt(root, path)).filter(pairsLens.matches).map((node) => textAt(node, "jobId") ?? ""),
  /**
   * @param {Editing} editing
   * @param {DependenciesField} field
   * @param {string[]} ids
   */
  write: (editing, { path }, ids) => {
    entries(editing.node(path)).forEach((node, index) => {
      const id = textAt(node, "jobId") ?? "";
      const type = [...path, index, "type"];
      if (pairsLens.matches(node) && !ids.includes(id)) editing.remove(type, { prune: false });
      else if (!pairsLens.matches(node) && JOB_ID.test(id) && ids.includes(id)) editing.set(type, "N_TO_N");
    });
  },
  fits: dependenciesLens.fits,
};

const sequentialLens = {
  /** @param {ValueNode} node */
  matches: (node) =>
    node.type === "object" && members(node).length === 1 && textAt(node, "type") === "SEQUENTIAL",
  /**
   * @param {ParsedText} parsed
   * @param {SequentialField} field
   */
  read: ({ root }, { path }) => (entries(nodeAt(root, path)).some(sequentialLens.matches) ? "true" : ""),
  /**
   * @param {Editing} editing
   * @param {SequentialField} field
   * @param {string} input
   */
  write: (editing, { path }, input) => {
    const list = editing.node(path);
    if (!input.trim()) {
      keepRules(editing, path, (node) => !sequentialLens.matches(node));
      editing.prune(path);
    } else if (list?.type === "array") editing.entry(list, list.children.length, { type: "SEQUENTIAL" });
    else editing.set(path, [{ type: "SEQUENTIAL" }]);
  },
  /**
   * @param {ParsedText} parsed
   * @param {SequentialField} field
   */
  fits: ({ root }, { path }) => (nodeAt(root, path)?.type ?? "array") === "array",
};

// -- Exit rules. AWS Batch reads them in order, so that a new one comes before the rule that matches everything.
const EXIT_CODE = /[^ ,\t\r\n]+/g;
const RETRY_CONDITIONS = ["onStatusReason", "onReason", "onExitCode"];

/**
 * The pattern of a rule with this condition alone and this action, in any case; else "".
 * @param {ValueNode} node
 * @param {string} condition
 * @param {string} action
 */
function rulePattern(node, condition, action) {
  const keys = new Set(members(node).map(({ children: [name] }) => name.value));
  const isRule = keys.size === 2 && keys.has(condition) && keys.has("action");
  return isRule && textAt(node, "action")?.toUpperCase() === action ? (textAt(node, condition) ?? "") : "";
}

/** @param {ValueNode} node */
function retriedCode(node) {
  const code = rulePattern(node, "onExitCode", "RETRY");
  return code.match(EXIT_CODE)?.[0] === code ? code : "";
}

/** @param {ValueNode} node */
function matchesEverything(node) {
  const patterns = RETRY_CONDITIONS.map((condition) => nodeAt(node, [condition])).filter((value) => value !== undefined);
  return patterns.length > 0 && patterns.every((pattern) => pattern.type === "string" && pattern.value === "*");
}

/**
 * @param {Editing} editing
 * @param {Path} path
 * @param {Record<string, string>} rule
 */
function insertRule(editing, path, rule) {
  const list = editing.node(path);
  if (list?.type !== "array") {
    editing.set(path, [rule]);
    return;
  }
  const index = list.children.findIndex(matchesEverything);
  editing.entry(list, index < 0 ? list.children.length : index, rule);
}

/**
 * @param {Editing} editing
 * @param {Path} path
 * @param {(node: ValueNode) => boolean} isKept asked for each in their order
 */
function keepRules(editing, path, isKept) {
  const flags = entries(editing.node(path)).map(isKept);
  for (let index = flags.length - 1; index >= 0; index -= 1) {
    if (!flags[index]) editing.remove([...path, index], { prune: false });
  }
}

/**
 * @param {ParsedText} parsed
 * @param {ExitRuleField | ExitCodesField} field
 */
const rulesFit = ({ root }, { path }) => isFree(root, path.slice(0, -1)) && (nodeAt(root, path)?.type ?? "array") === "array";

const exitRuleLens = {
  /**
   * @param {ValueNode} node
   * @param {ExitRuleField} field
   */
  matches: (node, { conditions, pattern, action }) => conditions.some((condition) => rulePattern(node, condition, action) === pattern),
  /**
   * @param {ParsedText} parsed
   * @param {ExitRuleField} field
   */
  read: ({ root }, field) => (entries(nodeAt(root, field.path)).some((node) => exitRuleLens.matches(node, field)) ? "true" : ""),
  /**
   * @param {Editing} editing
   * @param {ExitRuleField} field
   * @param {string} input
   */
  write: (editing, field, input) => {
    const { path, conditions, pattern, action } = field;
    if (input.trim()) {
      insertRule(editing, path, { [conditions[0]]: pattern, action });
    } else {
      keepRules(editing, path, (node) => !exitRuleLens.matches(node, field));
      editing.prune(path);
    }
  },
  fits: rulesFit,
};

const exitCodesLens = {
  /**
   * @param {ParsedText} parsed
   * @param {ExitCodesField} field
   */
  read: ({ root }, { path }) => entries(nodeAt(root, path)).map(retriedCode).filter(Boolean).join(", "),
  /**
   * @param {Editing} editing
   * @param {ExitCodesField} field
   * @param {string} input
   */
  write: (editing, { path }, input) => {
    const codes = new Set(input.match(EXIT_CODE) ?? []);
    keepRules(editing, path, (node) => {
      const code = retriedCode(node);
      return !code || codes.delete(code);
    });
    for (const code of codes) insertRule(editing, path, { onExitCode: code, action: "RETRY" });
    editing.prune(path);
  },
  fits: rulesFit,
};

/**
 * @param {ValueNode | undefined} root
 * @param {Path} path
 */
function nameAndRevision(root, path) {
  const node = nodeAt(root, path);
  const text = node?.type === "string" ? node.value : "";
  const match = text.startsWith("arn:") ? null : PINNED.exec(text);
  return match ? [match[1], match[2]] : [text, ""];
}

/**
 * @param {ParsedText} parsed
 * @param {DefinitionField} field
 */
const definitionFits = ({ root }, { path }) => (nodeAt(root, path)?.type ?? "string") === "string";

const definitionName = {
  /**
   * @param {ParsedText} parsed
   * @param {DefinitionField} field
   */
  read: ({ root }, { path }) => nameAndRevision(root, path)[0],
  /**
   * Another definition's revisions have other numbers, so that the revision goes.
   * @param {Editing} editing
   * @param {DefinitionField} field
   * @param {string} input
   */
  write: (editing, { path }, input) => {
    const name = input.trim();
    const [currentName, revision] = nameAndRevision(editing.root, path);
    if (!name) editing.remove(path);
    else editing.set(path, name === currentName && revision ? `${name}:${revision}` : name);
  },
  fits: definitionFits,
};

const definitionRevision = {
  /**
   * @param {ParsedText} parsed
   * @param {DefinitionField} field
   */
  read: ({ root }, { path }) => nameAndRevision(root, path)[1],
  /**
   * @param {Editing} editing
   * @param {DefinitionField} field
   * @param {string} input
   */
  write: (editing, { path }, input) => {
    const [name] = nameAndRevision(editing.root, path);
    if (name) editing.set(path, input.trim() ? `${name}:${input.trim()}` : name);
  },
  fits: definitionFits,
};

/** @type {Record<Field["lens"], Lens>} */
export const LENSES = {
  value: valueLens,
  requirement: requirementLens,
  entries: listLens,
  members: mapLens,
  dependencies: dependenciesLens,
  pairs: pairsLens,
  sequential: sequentialLens,
  "exit-rule": exitRuleLens,
  "exit-codes": exitCodesLens,
  "definition-name": definitionName,
  "definition-revision": definitionRevision,
};

/**
 * Return the value of a field: rows, ids, or a text.
 * @template {Field} F
 * @param {ParsedText} parsed
 * @param {F} field
 */
export function read(parsed, field) {
  const value = LENSES[field.lens].read(parsed, field);
  return /** @type {F extends RowsField ? Row[] : F extends DependenciesField ? string[] : string} */ (value);
}

/**
 * Write a field's value. A value that the text has already stays as it is written.
 * @param {Editing} editing
 * @param {Field} field
 * @param {FieldValue} value
 */
export function write(editing, field, value) {
  const { text, root } = editing;
  if (typeof value === "string" && value === read({ text, root }, field)) return undefined;
  return LENSES[field.lens].write(editing, field, value);
}

/**
 * @param {ParsedText} parsed
 * @param {Field} field
 */
export const fits = (parsed, field) => LENSES[field.lens].fits(parsed, field);
