// A workflow as its text has it: steps, what each waits for, and changes to both. Pure.
//
// A step waits for another by `dependsOn` ("${name}": AWS Batch starts it after success), or by `conditions` beside the
// jobs (jobs/spec/step_conditions.py). Steps are known by their index here: names can be missing or occur twice for a while.

import { Editing, Raw, entries, members, nodeAt, textAt } from "./json_text.js";

/**
 * @import { JsonValue, Path, ValueNode, Wait, WaitCondition, Workflow, WorkflowStep } from "./types.js"
 */

// A name can have parameters of a template in it: ${load-${param.dataset}}.
const REFERENCE = /^\$\{((?:[^{}]|\$\{param\.[^{}]*\})*)\}$/;
/** @type {Set<string>} */
const HELD = new Set(["success", "failure", "always"]);
const MAX_NAME_LENGTH = 128; // SubmitJob, API reference

/**
 * @param {ValueNode | undefined} root
 * @returns {Workflow}
 */
export function readWorkflow(root) {
  const steps = entries(nodeAt(root, ["jobs"])).map(readStep);
  /** @type {Map<string, number[]>} */
  const named = new Map();
  steps.forEach(({ name }, index) => name && named.set(name, [...(named.get(name) ?? []), index]));
  /** @type {Wait[]} */
  const waits = [];
  entries(nodeAt(root, ["jobs"])).forEach((node, step) => {
    entries(nodeAt(node, ["dependsOn"])).forEach((entry, number) => {
      const name = REFERENCE.exec(textAt(entry, "jobId") ?? "")?.[1].trim() ?? "";
      const parent = named.get(name)?.find((other) => other !== step);
      if (parent === undefined) return;
      const condition = textAt(entry, "type") === "N_TO_N" ? "N_TO_N" : "";
      waits.push({ step, parent, condition, path: ["jobs", step, "dependsOn", number] });
    });
  });
  entries(nodeAt(root, ["conditions"])).forEach((entry, number) => {
    const [step] = named.get(textAt(entry, "job") ?? "") ?? [];
    const [parent] = named.get(textAt(entry, "after") ?? "") ?? [];
    const when = textAt(entry, "when") ?? "";
    if (step === undefined || parent === undefined || step === parent || !HELD.has(when)) return;
    waits.push({ step, parent, condition: /** @type {WaitCondition} */ (when), path: ["conditions", number] });
  });
  return { steps, waits };
}

/**
 * @param {ValueNode} node
 * @returns {WorkflowStep}
 */
function readStep(node) {
  const size = nodeAt(node, ["arrayProperties", "size"]);
  return {
    name: textAt(node, "jobName") ?? "",
    queue: textAt(node, "jobQueue") ?? "",
    definition: textAt(node, "jobDefinition") ?? "",
    size: typeof size?.value === "number" ? size.value : null,
    isObject: node.type === "object",
  };
}

/**
 * The parents of each step, each once.
 * @param {Workflow} workflow
 */
export function parentLists({ steps, waits }) {
  /** @type {number[][]} */
  const parents = steps.map(() => []);
  for (const { step, parent } of waits) if (!parents[step].includes(parent)) parents[step].push(parent);
  return parents;
}

/**
 * The steps that a step can wait for: another with a name that doesn't wait for it, directly or through others, and that
 * it doesn't wait for already.
 * @param {Workflow} workflow
 * @param {number} step
 */
export function parentChoices(workflow, step) {
  const parents = parentLists(workflow);
  /** @type {number[][]} */
  const children = workflow.steps.map(() => []);
  parents.forEach((own, child) => own.forEach((parent) => children[parent].push(child)));
  const after = new Set([step]); // the step, and what waits for it
  for (const next of after) for (const child of children[next]) after.add(child); // a Set visits what is added meanwhile
  return workflow.steps.flatMap(({ name }, index) => (name && !after.has(index) && !parents[step].includes(index) ? [index] : []));
}

/**
 * How a step can wait for another. Child by child only for two arrays of one size.
 * @param {Workflow} workflow
 * @param {number} step
 * @param {number} parent
 * @returns {WaitCondition[]}
 */
export function conditionChoices({ steps }, step, parent) {
  const isPaired = steps[step].size !== null && steps[step].size === steps[parent].size;
  return isPaired ? ["", "N_TO_N", "failure", "always"] : ["", "failure", "always"];
}

/**
 * A name that no step has: `name`, or with the next free number.
 * @param {Workflow} workflow
 * @param {string} name
 */
export function freeName({ steps }, name) {
  return nextName(new Set(steps.map((step) => step.name)), name);
}

/**
 * @param {Set<string>} taken
 * @param {string} name
 */
function nextName(taken, name) {
  if (name && !taken.has(name)) return name;
  const stem = (name || "step").replace(/-\d{1,3}$/, "").slice(0, MAX_NAME_LENGTH - 5);
  let number = name ? 2 : 1;
  while (taken.has(`${stem}-${number}`)) number += 1;
  return `${stem}-${number}`;
}

/**
 * A part of a text as a plain value, with its numbers as they are written.
 * @param {string} text
 * @param {ValueNode} node
 * @returns {JsonValue}
 */
export function plainValue(text, node) {
  switch (node.type) {
    case "object":
      return Object.fromEntries(members(node).map(({ children: [name, value] }) => [name.value, plainValue(text, value)]));
    case "array":
      return node.children.map((entry) => plainValue(text, entry));
    case "string":
      return node.value;
    default:
      return new Raw(text.slice(node.offset, node.offset + node.length));
  }
}

// -- Changes. Each takes an Editing of the whole document.

/**
 * Insert a step, under a free name, and return its index.
 * @param {Editing} editing
 * @param {JsonValue} job an object, or the text of one
 * @param {number} [at] the end if not given
 */
export function addStep(editing, job, at) {
  const workflow = readWorkflow(editing.root);
  const list = editing.node(["jobs"]);
  const index = Math.min(at ?? workflow.steps.length, workflow.steps.length);
  if (list?.type === "array") editing.entry(list, index, job);
  else editing.set(["jobs"], [job]);
  const name = textAt(editing.node(["jobs", index]), "jobName") ?? "";
  editing.set(["jobs", index, "jobName"], freeName(workflow, name));
  return index;
}

/**
 * Add the jobs of a text, which is a job or a workflow, with what they wait for. Return the indexes of the new steps.
 * @param {Editing} editing
 * @param {string} text
 * @param {ValueNode} root
 */
export function addDocument(editing, text, root) {
  const jobs = nodeAt(root, ["jobs"]);
  if (jobs?.type !== "array") return [addStep(editing, plainValue(text, root))];
  const { waits } = readWorkflow(root);
  const ownName = textAt(root, "name");
  if (ownName && !editing.node(["name"])) editing.set(["name"], ownName);
  if (!entries(editing.node(["jobs"])).length) {
    const conditions = nodeAt(root, ["conditions"]);
    editing.set(["jobs"], plainValue(text, jobs));
    if (conditions) editing.set(["conditions"], plainValue(text, conditions));
    return jobs.children.map((_, index) => index);
  }
  const { steps } = readWorkflow(editing.root);
  const first = steps.length;
  const names = freeNames(steps, jobs.children.map((job) => textAt(job, "jobName") ?? ""));
  const references = jobs.children.map(() => /** @type {Wait[]} */ ([]));
  for (const wait of waits) if (wait.path[0] === "jobs") references[wait.step].push(wait);
  const own = new Editing(text);
  own.inParts(jobs.children.map((_, index) => ["jobs", index]), (part, index) => {
    part.set(["jobName"], names[index]);
    for (const { parent, path } of references[index]) part.set([...path.slice(2), "jobId"], `\${${names[parent]}}`);
  });
  const list = editing.node(["jobs"]);
  if (list?.type === "array") editing.append(list, entries(own.node(["jobs"])).map((job) => plainValue(own.text, job)));
  for (const { step, parent, condition, path } of waits) {
    if (path[0] === "conditions") setWait(editing, first + step, first + parent, condition);
  }
  return jobs.children.map((_, index) => first + index);
}

/**
 * Names for steps that are added to others.
 * @param {WorkflowStep[]} steps
 * @param {string[]} wanted
 */
function freeNames(steps, wanted) {
  const taken = new Set(steps.map(({ name }) => name));
  return wanted.map((name) => {
    const free = nextName(taken, name);
    taken.add(free);
    return free;
  });
}

/**
 * Copy a step behind itself, under a name of its own: it waits for the same steps. Return its index.
 * @param {Editing} editing
 * @param {number} step
 */
export function copyStep(editing, step) {
  const { waits } = readWorkflow(editing.root);
  const node = editing.node(["jobs", step]);
  if (!node) return step;
  const copy = addStep(editing, new Raw(editing.text.slice(node.offset, node.offset + node.length)), step + 1);
  for (const { step: child, parent, condition, path } of waits) {
    if (child === step && path[0] === "conditions") setWait(editing, copy, parent > step ? parent + 1 : parent, condition);
  }
  return copy;
}

/**
 * Remove a step, and what waits for it from the others.
 * @param {Editing} editing
 * @param {number} step
 */
export function removeStep(editing, step) {
  const { waits } = readWorkflow(editing.root);
  removeWaits(editing, waits.filter((wait) => wait.parent === step || (wait.step === step && wait.path[0] === "conditions")));
  editing.remove(["jobs", step], { prune: false });
}

/**
 * Move a step to another place of the list.
 * @param {Editing} editing
 * @param {number} from
 * @param {number} to
 */
export function moveStep(editing, from, to) {
  return editing.patch({ op: "move", from: `/jobs/${from}`, path: `/jobs/${to}` });
}

/**
 * Where the text has the name of a step, beside the step itself.
 * @param {ValueNode | undefined} root
 * @param {number} step
 * @returns {{path: Path, isReference: boolean}[]}
 */
export function placesOfName(root, step) {
  const { waits } = readWorkflow(root);
  return waits.flatMap(/** @returns {{path: Path, isReference: boolean}[]} */ ({ step: child, parent, path }) => {
    if (child !== step && parent !== step) return [];
    if (path[0] === "conditions") return [{ path: [...path, parent === step ? "after" : "job"], isReference: false }];
    return parent === step ? [{ path: [...path, "jobId"], isReference: true }] : [];
  });
}

/**
 * Write a name where another name of the same step stands.
 * @param {Editing} editing
 * @param {ReturnType<typeof placesOfName>} places
 * @param {string} name
 */
export function writeName(editing, places, name) {
  editing.replaceTexts(places.map(({ path, isReference }) => ({ path, value: isReference ? `\${${name}}` : name })));
}

/**
 * Rename a step. What waits for it follows.
 * @param {Editing} editing
 * @param {number} step
 * @param {string} name
 */
export function renameStep(editing, step, name) {
  const places = placesOfName(editing.root, step);
  editing.set(["jobs", step, "jobName"], name);
  writeName(editing, places, name);
}

/**
 * Let a step wait for another, or change how it does.
 * @param {Editing} editing
 * @param {number} step
 * @param {number} parent
 * @param {WaitCondition} condition
 */
export function setWait(editing, step, parent, condition) {
  const { steps, waits } = readWorkflow(editing.root);
  const existing = waits.filter((wait) => wait.step === step && wait.parent === parent);
  if (existing.length === 1 && existing[0].condition === condition) return;
  const [first] = existing;
  if (existing.length === 1 && HELD.has(condition) && first.path[0] === "conditions") {
    editing.set([...first.path, "when"], condition);
  } else if (existing.length === 1 && !HELD.has(condition) && first.path[0] === "jobs") {
    if (condition) editing.set([...first.path, "type"], condition);
    else editing.remove([...first.path, "type"]);
  } else {
    removeWaits(editing, existing);
    const name = steps[parent].name;
    if (HELD.has(condition)) append(editing, ["conditions"], { job: steps[step].name, after: name, when: condition });
    else append(editing, ["jobs", step, "dependsOn"], { jobId: `\${${name}}`, ...(condition && { type: condition }) });
  }
}

/**
 * @param {Editing} editing
 * @param {number} step
 * @param {number} parent
 */
export function removeWait(editing, step, parent) {
  removeWaits(editing, readWorkflow(editing.root).waits.filter((wait) => wait.step === step && wait.parent === parent));
}

/**
 * @param {Editing} editing
 * @param {Wait[]} waits
 */
function removeWaits(editing, waits) {
  const [own, held] = [waits.filter(({ path }) => path[0] === "jobs"), waits.filter(({ path }) => path[0] !== "jobs")];
  const steps = [...new Set(own.map(({ step }) => step))];
  editing.inParts(steps.map((step) => ["jobs", step]), (part, index) => {
    for (const { path } of own.filter(({ step }) => step === steps[index]).reverse()) part.remove(path.slice(2), { prune: false });
    part.prune(["dependsOn"]);
  });
  for (const { path } of held.reverse()) editing.remove(path, { prune: false });
  if (held.length) editing.prune(["conditions"]);
}

/**
 * @param {Editing} editing
 * @param {Path} path of a list, which may be missing
 * @param {JsonValue} value
 */
function append(editing, path, value) {
  const list = editing.node(path);
  if (list?.type === "array") editing.entry(list, list.children.length, value);
  else editing.set(path, [value]);
}

// -- What all steps share

/**
 * The values that every step has: its queue, tags and environment variables. Empty without steps.
 * @param {ValueNode | undefined} root
 */
export function sharedValues(root) {
  const jobs = entries(nodeAt(root, ["jobs"]));
  const common = (/** @type {(job: ValueNode) => [string, string][]} */ read) => {
    if (!jobs.length) return [];
    const others = jobs.slice(1).map((job) => new Map(read(job)));
    return read(jobs[0]).filter(([name, value]) => name && others.every((other) => other.get(name) === value));
  };
  return {
    queue: common((job) => [["queue", textAt(job, "jobQueue") ?? ""]])[0]?.[1] ?? "",
    tags: common((job) => stringMembers(nodeAt(job, ["tags"]))),
    environment: common((job) => variables(job)),
  };
}

/** @param {ValueNode | undefined} node */
const stringMembers = (node) =>
  members(node).flatMap(({ children: [name, value] }) =>
    value.type === "string" ? [/** @type {[string, string]} */ ([name.value, value.value])] : [],
  );

const ENVIRONMENT = ["containerOverrides", "environment"];

/** @param {ValueNode} job */
const variables = (job) =>
  entries(nodeAt(job, ENVIRONMENT)).map((entry) => /** @type {[string, string]} */ ([textAt(entry, "name") ?? "", textAt(entry, "value") ?? ""]));

/**
 * Write a value into every step: its queue, a tag or an environment variable. "" removes a tag or variable.
 * @param {Editing} editing
 * @param {"queue" | "tag" | "variable"} kind
 * @param {string} name of the tag or variable
 * @param {string} value
 */
export function setForAll(editing, kind, name, value) {
  const jobs = entries(editing.node(["jobs"]));
  const paths = jobs.flatMap((node, step) => (node.type === "object" ? [["jobs", step]] : []));
  editing.inParts(paths, (job) => {
    if (kind === "queue") job.set(["jobQueue"], value);
    else if (kind === "tag") setOrRemove(job, ["tags", name], value);
    else setVariable(job, ENVIRONMENT, name, value);
  });
}

/**
 * @param {Editing} editing
 * @param {Path} path
 * @param {string} value
 */
function setOrRemove(editing, path, value) {
  if (value) editing.set(path, value);
  else editing.remove(path);
}

/**
 * @param {Editing} editing
 * @param {Path} path
 * @param {string} name
 * @param {string} value
 */
function setVariable(editing, path, name, value) {
  const index = entries(editing.node(path)).findIndex((entry) => textAt(entry, "name") === name);
  if (index < 0 && value) append(editing, path, { name, value });
  else if (index >= 0 && value) editing.set([...path, index, "value"], value);
  else if (index >= 0) {
    editing.remove([...path, index], { prune: false });
    editing.prune(path);
  }
}

/**
 * The steps as a sentence names them.
 * @param {Workflow} workflow
 * @param {number[]} indexes
 */
export const namesOf = ({ steps }, indexes) => indexes.map((index) => steps[index].name || `step ${index + 1}`);
