// Elements of lines. Text of a log becomes text and nothing else.

import { markedParts } from "./matches.js";

/** @typedef {import("./types").Line} Line */

const MAX_WINDOW_PARTS = 900; // styled parts of all rows that are made at once
const MIN_PARTS = 4;

/**
 * @param {(Line | undefined)[]} lines undefined: not loaded yet
 * @param {object} options
 * @param {number[]} options.numbers
 * @param {string} options.search
 * @param {boolean} options.showsTimes
 * @param {number} options.selected
 */
export function buildRows(lines, { numbers, search, showsTimes, selected }) {
  const parts = lines.map((line) => (line ? markedParts(line[2], search) : []));
  const total = parts.reduce((sum, each) => sum + each.length, 0);
  const limit = Math.max(MIN_PARTS, Math.floor(MAX_WINDOW_PARTS / Math.max(1, lines.length)));
  return lines.map((line, position) => {
    const shown = line && total > MAX_WINDOW_PARTS ? markedParts(line[2], search, limit) : parts[position];
    return buildRow(numbers[position], line, shown, showsTimes, numbers[position] === selected);
  });
}

/**
 * @param {number} number negative: not known
 * @param {Line | undefined} line
 * @param {[string, string][]} parts
 * @param {boolean} showsTime
 * @param {boolean} isSelected
 */
function buildRow(number, line, parts, showsTime, isSelected) {
  const row = document.createElement("div");
  row.className = isSelected ? "line is-selected" : "line";
  row.append(number < 0 ? unknownNumber() : numberLink(number));
  if (showsTime) row.append(timeOf(line?.[1] ?? null));
  const text = document.createElement("span");
  text.className = line ? "line-text" : "line-text is-loading";
  for (const [content, classes] of parts) text.append(classes ? styled(content, classes) : content);
  row.append(text);
  return row;
}

/** @param {number} number */
function numberLink(number) {
  const link = document.createElement("a");
  link.className = "line-number";
  link.href = `#L${number + 1}`;
  link.tabIndex = -1; // search and n lead to lines by keyboard
  link.textContent = String(number + 1);
  link.dataset.line = String(number);
  return link;
}

function unknownNumber() {
  const place = document.createElement("span");
  place.className = "line-number";
  return place;
}

/** @param {number | null} at */
function timeOf(at) {
  const time = document.createElement("time");
  if (at === null) return time;
  const iso = new Date(at).toISOString();
  [time.dateTime, time.title, time.textContent] = [iso, `${iso.slice(0, 19).replace("T", " ")} UTC`, iso.slice(11, 23)];
  return time;
}

/**
 * @param {string} content
 * @param {string} classes
 */
function styled(content, classes) {
  const element = document.createElement(classes.includes("log-match") ? "mark" : "span");
  element.className = classes;
  element.textContent = content;
  return element;
}
