// What the modules of the picture of a workflow pass to each other.

export interface Status {
  label: string;
  icon: string;
  tone: string;
  live: boolean;
  /** What a collapsed layer says of its steps with this status, if not the label. */
  group?: string;
}

/** A step as the picture shows it. Times are in ms since 1970; null: not yet. */
export interface Step {
  id: string;
  name: string;
  url: string;
  size: number | null;
  sequential: boolean;
  status: string;
  live: boolean;
  sent: boolean;
  accepted: number;
  start: number | null;
  end: number | null;
  cost: string;
}

/** A row of the changing part: status, whether AWS has it, accepted, start, end, cost. */
export type StateRow = [string, boolean, number, number | null, number | null, string];

export interface GraphData {
  shape: string;
  statuses: Record<string, Status>;
  steps: { id: string; name: string; url: string; size: number | null; sequential: boolean }[];
  edges: [from: number, to: number, type: string][];
  states: StateRow[];
}

export interface StateData {
  shape: string;
  statuses: Record<string, Status>;
  states: StateRow[];
}

export interface Graph {
  steps: Step[];
  edges: GraphData["edges"];
  parents: number[][];
  children: number[][];
  layerOf: number[];
  layers: number[][];
}

export interface ViewNode {
  key: string;
  layer: number;
  steps: number[];
  isLayer: boolean;
}

export interface ViewEdge {
  from: number;
  to: number;
  type: string;
  pairs: [number, number][];
}

export interface GraphView {
  nodes: ViewNode[];
  nodeOf: number[];
  edges: ViewEdge[];
}

export interface Point {
  x: number;
  y: number;
}

export interface Box extends Point {
  width: number;
  height: number;
}

/** Where nodes and edges are: top left corners of nodes, and the points that each edge passes. */
export interface Layout {
  width: number;
  height: number;
  nodes: Point[];
  edges: Point[][];
}

/** What a layout is asked for: the layer of each node, and pairs of nodes. */
export interface LayoutRequest {
  layers: number[];
  edges: [number, number][];
  nodeWidth: number;
  nodeHeight: number;
  columnGap: number;
}

/** Places between 0 and 1; null: it did not wait for capacity, or did not run. */
export interface TimeRow {
  wait: [number, number] | null;
  run: [number, number] | null;
}

export interface TimeChart {
  rows: TimeRow[];
  ticks: { x: number; label: string }[];
  /** From the first to the last, in ms. */
  length: number;
}
