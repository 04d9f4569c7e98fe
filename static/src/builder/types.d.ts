// Types of the builder's modules.

import type { Editing, Raw } from "./json_text.js";

// -- Text of a document
/** Keys of objects and indexes of lists. An index may be written in digits. */
export type Path = readonly (string | number)[];

export type JsonValue = Raw | string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/** A node of jsonc-parser's tree. In a text that is no JSON, children may be missing. */
export type JsonNode = ValueNode | PropertyNode;
export type ValueNode = ObjectNode | ArrayNode | StringNode | PlainNode;

interface Span {
  offset: number;
  length: number;
}

interface ValueSpan extends Span {
  parent?: PropertyNode | ArrayNode;
}

export interface ObjectNode extends ValueSpan {
  type: "object";
  children: PropertyNode[];
  value?: undefined;
}

export interface ArrayNode extends ValueSpan {
  type: "array";
  children: ValueNode[];
  value?: undefined;
}

export interface PropertyNode extends Span {
  type: "property";
  children: [name: StringNode, value: ValueNode];
  colonOffset?: number;
  parent: ObjectNode;
  value?: undefined;
}

export interface StringNode extends ValueSpan {
  type: "string";
  children?: undefined;
  value: string;
}

export interface PlainNode extends ValueSpan {
  type: "number" | "boolean" | "null";
  children?: undefined;
  value: number | boolean | null;
}

/** A text with its tree; an Editing is one too. */
export interface ParsedText {
  text: string;
  root: ValueNode | undefined;
}

/** A replacement in a text, as CodeMirror has it. */
export interface Edit {
  from: number;
  to: number;
  insert: string;
}

/** How a value is laid out. `spread`: over lines, in one line, or as its length has it. */
export interface Layout {
  indent: string;
  unit: string;
  spread?: boolean;
}

/** Where a value is inserted. `sibling` is the text of a value beside it. */
export interface Surroundings {
  indent: string;
  unit: string;
  sibling?: string;
}

/** An operation of a JSON Patch (RFC 6902). */
export interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: JsonValue;
}

// -- Fields of a form (jobs/spec/forms/client_config.py)
interface FieldBase {
  name?: string;
  kind?: string;
  path: Path;
}

export interface ValueField extends FieldBase {
  lens: "value";
  value_type: string;
  siblings?: [path: Path, value: JsonValue][];
}

export interface RequirementField extends FieldBase {
  lens: "requirement";
  value_type: string;
  container: Path;
  type: string;
  legacy?: string;
}

export interface DefinitionField extends FieldBase {
  lens: "definition-name" | "definition-revision";
}

export interface RowsField extends FieldBase {
  lens: "entries" | "members";
  /** Members that have a field of their own. */
  excluded?: string[];
}

export interface DependenciesField extends FieldBase {
  lens: "dependencies" | "pairs";
}

export interface SequentialField extends FieldBase {
  lens: "sequential";
}

export interface ExitRuleField extends FieldBase {
  lens: "exit-rule";
  conditions: string[];
  pattern: string;
  action: string;
}

export interface ExitCodesField extends FieldBase {
  lens: "exit-codes";
}

export type TextField = ValueField | RequirementField | DefinitionField | SequentialField | ExitRuleField | ExitCodesField;
export type Field = TextField | RowsField | DependenciesField;

/** A row of names and values. `origin` is the index of its entry or member in the text; null for a new row. */
export interface Row {
  name: string;
  value: string;
  origin: number | null;
}

export type FieldValue = string | string[] | Row[];

/** The indexes of rows in the text, in their order; null for an empty one. */
export type Origins = (number | null)[];

export interface Lens {
  read(parsed: ParsedText, field: Field): FieldValue;
  write(editing: Editing, field: Field, value: FieldValue): Origins | void;
  fits(parsed: ParsedText, field: Field): boolean;
}

/** How values are shown and input is parsed. `format` returns null for a value of another type. */
export interface ValueType {
  format(source: string, node: ValueNode): string | null;
  parse(input: string): JsonValue;
}

// -- A workflow (workflow_document.js)
/** How a step waits: "" and N_TO_N (child by child) in dependsOn, the others in conditions. */
export type WaitCondition = "" | "N_TO_N" | "success" | "failure" | "always";

export interface WorkflowStep {
  name: string;
  queue: string;
  definition: string;
  /** Of an array; null for a single job. */
  size: number | null;
  isObject: boolean;
}

/** A step waits for another; `path` is the entry of dependsOn or conditions. Steps are indexes. */
export interface Wait {
  step: number;
  parent: number;
  condition: WaitCondition;
  path: Path;
}

export interface Workflow {
  steps: WorkflowStep[];
  waits: Wait[];
}

/** What the last validation says of a step. */
export interface StepFeedback {
  errors: number;
  warnings: number;
  message: string;
  cost: string;
}

// -- The page
export type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** A line of a group with what its controls have. */
export interface RowLine extends Row {
  line: HTMLElement;
}

/** A place in the text: a pointer, or a line and column. */
export interface TextPosition {
  pointer?: string;
  line?: number;
  column?: number;
}

/** A problem as the server's validation result has it for the editor. */
export interface Marker extends TextPosition {
  severity: "error" | "warning" | "info";
  message: string;
  fix: Operation[];
  fix_in_words: string;
}

// -- The schema of AWS Batch
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string;
  description?: string;
  enum?: string[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
}

/** A completion in the editor. `insert` has a NUL where the caret goes. */
export interface CompletionOption {
  label: string;
  type: string;
  detail?: string;
  info?: string;
  insert: string;
}
