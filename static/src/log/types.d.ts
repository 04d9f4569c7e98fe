// What the modules of the log viewer pass to each other.

/** Text, or parts of it with the classes of their style. */
export type LineText = string | [string, string][];

/** Number, time in ms since 1970 (null on further lines of a record), and text. Numbers count from 0; those of a log that
 * has not been read to its end count from the end and are negative. */
export type Line = [number, number | null, LineText];

export interface LogState {
  count: number;
  /** Whether the last lines have numbers. */
  numbered: boolean;
  live: boolean;
  problem: string;
}

export interface LinesAnswer extends LogState {
  lines: Line[];
}

export interface MatchesAnswer extends LogState {
  matches: number[];
  next: number;
}

/** The row at the top of the window, and how much of it is above the window. */
export interface Anchor {
  index: number;
  offset: number;
}

export interface Measures {
  /** Rows. */
  count: number;
  /** Height of a row in px, estimated if rows wrap. */
  rowHeight: number;
  /** Height of the window in px. */
  windowHeight: number;
}
