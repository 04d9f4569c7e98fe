// Changes to a workflow: steps and what they wait for follow each other, and the rest of the text stays.

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTree, lenses, text, workflow } from "./builder.mjs";

const TEXT = `{
  "jobs": [
    {"jobName": "load", "jobQueue": "cpu"}, // the input
    {"jobName": "train", "jobQueue": "gpu", "dependsOn": [{"jobId": "\${load}", "type": "SEQUENTIAL"}]},
    {
      "jobName": "report",
      "jobQueue": "cpu",
      "containerOverrides": {"command": ["echo", "\${load}"]},
      "dependsOn": [{"jobId": "0c1b5a0e-1111-4222-8333-123456789abc"}, {"jobId": "\${train}"}]
    },
    {"jobName": "alarm", "jobQueue": "cpu"}
  ],
  "conditions": [{"job": "alarm", "after": "train", "when": "failure"}]
}
`;

const read = (whole) => workflow.readWorkflow(text.parse(whole).root);
const namesIn = (whole) => read(whole).steps.map((step) => step.name);
/** What each step waits for, as "step < parent condition". */
const waitsIn = (whole) => {
  const { steps, waits } = read(whole);
  return waits.map(({ step, parent, condition }) => `${steps[step].name} < ${steps[parent].name} ${condition}`.trim());
};
function edited(whole, change) {
  const editing = new text.Editing(whole);
  change(editing);
  let stepwise = whole;
  for (const step of editing.steps) {
    for (const edit of [...step].reverse()) stepwise = stepwise.slice(0, edit.from) + edit.insert + stepwise.slice(edit.to);
  }
  assert.equal(stepwise, editing.text); // what the editor's history gets
  if (whole.length < 10_000) checkTree(editing.text);
  return editing.text;
}

test("a step waits by dependsOn or by a condition, and a job id is no step", () => {
  assert.deepEqual(waitsIn(TEXT), ["train < load", "report < train", "alarm < train failure"]);
});

test("a step whose name has parameters of a template is referred to with them", () => {
  const whole = '{"jobs": [{"jobName": "load-${param.day}"}, {"jobName": "train", "dependsOn": [{"jobId": "${load-${param.day}}"}]}]}';
  assert.deepEqual(waitsIn(whole), ["train < load-${param.day}"]);
  assert.deepEqual(waitsIn(whole.replace("${load-${param.day}}", "${param.day}")), []);
});

test("a new name is followed wherever another step waits, and nowhere else", () => {
  const renamed = edited(TEXT, (editing) => workflow.renameStep(editing, 1, "fit"));

  assert.equal(renamed, TEXT.replace('"train", "jobQueue"', '"fit", "jobQueue"').replace("${train}", "${fit}").replace('"after": "train"', '"after": "fit"'));
  assert.match(edited(TEXT, (editing) => workflow.renameStep(editing, 0, "get")), /"echo", "\$\{load\}"/);
  assert.deepEqual(waitsIn(edited(TEXT, (editing) => workflow.renameStep(editing, 3, "call"))).at(-1), "call < train failure");
});

test("a name that another step has for a moment takes over none of its references", () => {
  const places = workflow.placesOfName(text.parse(TEXT).root, 1);
  let whole = TEXT;
  for (const name of ["load", "loader"]) {
    whole = edited(whole, (editing) => {
      editing.set(["jobs", 1, "jobName"], name);
      workflow.writeName(editing, places, name);
    });
  }

  assert.deepEqual(waitsIn(whole), ["loader < load", "report < loader", "alarm < loader failure"]);
});

test("a step can wait for those that don't wait for it", () => {
  const choices = (step) => workflow.parentChoices(read(TEXT), step);

  assert.deepEqual(choices(0), []);
  assert.deepEqual(choices(1), []);
  assert.deepEqual(choices(2), [0, 3]);
  assert.deepEqual(choices(3), [0, 2]);
  assert.deepEqual(workflow.parentChoices(read('{"jobs": [{"jobName": "a", "dependsOn": [{"jobId": "${b}"}]}, {"jobName": "b", "dependsOn": [{"jobId": "${a}"}]}, {}]}'), 2), [0, 1]);
});

test("child by child is for arrays of one size", () => {
  const arrays = (first, second) => read(JSON.stringify({ jobs: [first, second].map((size) => (size ? { arrayProperties: { size } } : {})) }));

  assert.deepEqual(workflow.conditionChoices(arrays(5, 5), 1, 0), ["", "N_TO_N", "failure", "always"]);
  assert.deepEqual(workflow.conditionChoices(arrays(5, 4), 1, 0), ["", "failure", "always"]);
  assert.deepEqual(workflow.conditionChoices(arrays(0, 0), 1, 0), ["", "failure", "always"]);
});

test("what a step waits for is added, changed and removed", () => {
  const set = (whole, ...wait) => edited(whole, (editing) => workflow.setWait(editing, ...wait));
  const added = set(set(TEXT, 3, 0, ""), 3, 2, "always");

  assert.deepEqual(waitsIn(added).slice(2), ["alarm < load", "alarm < train failure", "alarm < report always"]);
  assert.equal(set(TEXT, 1, 0, ""), TEXT);
  assert.deepEqual(waitsIn(set(TEXT, 1, 0, "always")), ["report < train", "alarm < train failure", "train < load always"]);
  assert.deepEqual(waitsIn(set(TEXT, 3, 1, "")), ["train < load", "report < train", "alarm < train"]);
  assert.doesNotMatch(set(TEXT, 3, 1, ""), /conditions/);
  assert.match(set(TEXT, 3, 1, "always"), /"when": "always"/);
  assert.match(set(TEXT, 1, 0, "N_TO_N"), /"type": "N_TO_N"/);
  const removed = edited(TEXT, (editing) => workflow.removeWait(editing, 2, 1));
  assert.match(removed, /"dependsOn": \[\{"jobId": "0c1b5a0e[^\]]*\]/);
  assert.deepEqual(waitsIn(removed), ["train < load", "alarm < train failure"]);
});

test("a step is removed with all that waits for it", () => {
  const removed = edited(TEXT, (editing) => workflow.removeStep(editing, 1));

  assert.deepEqual(namesIn(removed), ["load", "report", "alarm"]);
  assert.deepEqual(waitsIn(removed), []);
  assert.doesNotMatch(removed, /conditions|\$\{train\}/);
  assert.match(removed, /\/\/ the input/);
  assert.deepEqual(JSON.parse(edited('{"jobs": [{"jobName": "a"}]}', (editing) => workflow.removeStep(editing, 0))), { jobs: [] });
});

test("a copy comes behind its step, with a name of its own, and waits for the same", () => {
  const copied = edited(edited(TEXT, (editing) => workflow.copyStep(editing, 1)), (editing) => workflow.copyStep(editing, 4));

  assert.deepEqual(namesIn(copied), ["load", "train", "train-2", "report", "alarm", "alarm-2"]);
  assert.deepEqual(waitsIn(copied), ["train < load", "train-2 < load", "report < train", "alarm < train failure", "alarm-2 < train failure"]);
});

test("a step moves and nothing that waits changes", () => {
  const moved = edited(TEXT, (editing) => workflow.moveStep(editing, 3, 1));

  assert.deepEqual(namesIn(moved), ["load", "alarm", "train", "report"]);
  assert.deepEqual(waitsIn(moved).sort(), waitsIn(TEXT).sort());
  assert.deepEqual(namesIn(edited(TEXT, (editing) => workflow.moveStep(editing, 0, 3))), ["train", "report", "alarm", "load"]);
});

test("steps are added to an empty workflow, each under a free name", () => {
  const job = { jobName: "a", jobQueue: "cpu" };
  let whole = "";
  for (const next of [job, job, { jobName: "" }, { ...job, jobName: "a-2" }]) whole = edited(whole, (editing) => workflow.addStep(editing, next));

  assert.deepEqual(namesIn(whole), ["a", "a-2", "step-1", "a-3"]);
});

test("a pasted workflow brings its steps, its conditions and its numbers as they are written", () => {
  const pasted = TEXT.replace('"jobQueue": "gpu"', '"jobQueue": "gpu", "schedulingPriorityOverride": 1.50').replace("{", '{"name": "nightly",').replace(" // the input", "");
  const { root } = text.parse(pasted);
  const once = edited('{"jobs": []}', (editing) => workflow.addDocument(editing, pasted, root));
  const twice = edited(once, (editing) => workflow.addDocument(editing, pasted, root));

  assert.deepEqual(JSON.parse(once), JSON.parse(pasted));
  assert.match(once, /1\.50/);
  assert.deepEqual(namesIn(twice), ["load", "train", "report", "alarm", "load-2", "train-2", "report-2", "alarm-2"]);
  assert.deepEqual(new Set(waitsIn(twice).filter((wait) => wait.includes("-2"))), new Set(["train-2 < load-2", "report-2 < train-2", "alarm-2 < train-2 failure"]));
});

test("what all steps share is shown, and set or removed for all", () => {
  const shared = (whole) => workflow.sharedValues(text.parse(whole).root);
  const set = (whole, ...value) => edited(whole, (editing) => workflow.setForAll(editing, ...value));
  const all = set(set(set(TEXT, "queue", "", "cpu"), "tag", "Project", "GenAI"), "variable", "MODE", "fast");

  assert.deepEqual(shared(TEXT), { queue: "", tags: [], environment: [] });
  assert.deepEqual(shared(all), { queue: "cpu", tags: [["Project", "GenAI"]], environment: [["MODE", "fast"]] });
  assert.deepEqual(shared(set(all, "variable", "MODE", "slow")).environment, [["MODE", "slow"]]);
  assert.equal(set(set(all, "variable", "MODE", ""), "tag", "Project", ""), set(TEXT, "queue", "", "cpu"));
});

test("in a workflow of 1,000 steps a change of all of them edits the text once or twice", () => {
  const jobs = Array.from({ length: 1000 }, (_, index) => ({
    jobName: `step-${index}`,
    ...(index && { dependsOn: [{ jobId: "\${step-0}" }] }),
  }));
  const whole = JSON.stringify({ jobs }, null, 2);
  const changes = {
    set: (editing) => workflow.setForAll(editing, "tag", "Project", "GenAI"),
    remove: (editing) => workflow.removeStep(editing, 0),
    paste: (editing) => workflow.addDocument(editing, whole, text.parse(whole).root),
  };
  const counts = [];
  const [tagged, removed, doubled] = Object.values(changes).map((change) => edited(whole, (editing) => {
    change(editing);
    counts.push(editing.steps.length);
  }));

  assert.deepEqual(counts, [1, 2, 1]); // after each edit all is parsed again
  assert.deepEqual(JSON.parse(tagged).jobs[999], { ...jobs[999], tags: { Project: "GenAI" } });
  assert.deepEqual(JSON.parse(removed).jobs[998], { jobName: "step-999" });
  assert.deepEqual(JSON.parse(doubled).jobs[1999], { jobName: "step-1999", dependsOn: [{ jobId: "${step-1000}" }] });
});

test("a field of the job form reads and writes its place of one step", () => {
  const queue = { lens: "value", path: ["jobQueue"], value_type: "text" };
  const tags = { lens: "members", path: ["tags"] };
  const editing = new text.Editing(TEXT);
  editing.within(["jobs", 1], () => {
    assert.equal(lenses.read(editing, queue), "gpu");
    lenses.write(editing, queue, "cpu");
    lenses.write(editing, tags, [{ name: "Project", value: "GenAI", origin: null }]);
    assert.deepEqual(lenses.read(editing, tags), [{ name: "Project", value: "GenAI", origin: 0 }]);
    lenses.write(editing, tags, []);
  });

  assert.equal(editing.text, TEXT.replace('"gpu"', '"cpu"'));
});

test("a name that is typed moves the tree of the text along, so that no letter parses it again", () => {
  const editing = new text.Editing(TEXT);
  const { root } = text.parse(TEXT);
  const places = workflow.placesOfName(root, 1);
  for (const name of ["t", "tr“ai“n", "train the model"]) {
    workflow.writeName(editing, [{ path: ["jobs", 1, "jobName"], isReference: false }, ...places], name);
    assert.equal(text.parse(editing.text).root, root);
    assert.deepEqual(waitsIn(editing.text), [`${name} < load`, `report < ${name}`, `alarm < ${name} failure`]);
  }
  checkTree(editing.text);
});
