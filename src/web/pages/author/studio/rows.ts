import type { Branch, Leaf, Place, Tree } from "./tree.ts";

/** One line of the outline. */
export interface Row {
  key: number;
  leaf: Leaf | Branch;
  level: 1 | 2;
  /** Null: a chapter, or outside the chapters. */
  parent: number | null;
  kind: Place["kind"];
  index: number;
  size: number;
  /** For a chapter that is not empty. */
  isOpen: boolean | null;
}

/** Height of a line in the style sheet, CSS pixels. */
export const ROW = 40;

/** The lines of an outline, without the items in folded chapters. */
export function rowsOf(tree: Tree, folded: ReadonlySet<number>): Row[] {
  const rows: Row[] = [];
  tree.chapters.forEach((leaf, index) => {
    const isOpen = leaf.problems.length === 0 ? null : !folded.has(leaf.key);
    rows.push({
      key: leaf.key,
      leaf,
      level: 1,
      parent: null,
      kind: "chapter",
      index,
      size: tree.chapters.length,
      isOpen,
    });
    if (isOpen !== true) return;
    leaf.problems.forEach((problem, at) => {
      const size = leaf.problems.length;
      rows.push({
        key: problem.key,
        leaf: problem,
        level: 2,
        parent: leaf.key,
        kind: "problem",
        index: at,
        size,
        isOpen: null,
      });
    });
  });
  tree.loose.forEach((leaf, index) => {
    const size = tree.loose.length;
    rows.push({ key: leaf.key, leaf, level: 1, parent: null, kind: "problem", index, size, isOpen: null });
  });
  return rows;
}

/** The target of a drop: the place in the outline, and the edge of the list where a line shows it. */
export interface Drop {
  to: Place;
  /** Edge between lines: 0 is above the first one. */
  edge: number;
  level: 1 | 2;
}

/**
 * The target of an item that is dropped at a height of the list.
 * @param height in lines, from the top of the list: 2.75 is the lower part of the third one.
 */
export function dropAt(tree: Tree, rows: readonly Row[], dragged: Row, height: number): Drop | null {
  return dragged.kind === "chapter"
    ? chapterDrop(tree, rows, dragged, height)
    : problemDrop(tree, rows, dragged, height);
}

function chapterDrop(tree: Tree, rows: readonly Row[], dragged: Row, height: number): Drop | null {
  let index = 0;
  let edge = 0;
  for (const [at, row] of rows.entries()) {
    if (row.kind !== "chapter") continue;
    const end = endOf(rows, at);
    // Below the middle of a chapter with visible items means after it.
    if (height <= (at + end) / 2) break;
    if (row.key !== dragged.key) index += 1;
    edge = end;
  }
  return index > tree.chapters.length ? null : { to: { kind: "chapter", parent: null, index }, edge, level: 1 };
}

function endOf(rows: readonly Row[], at: number): number {
  let end = at + 1;
  while (rows[end]?.level === 2) end += 1;
  return end;
}

function problemDrop(tree: Tree, rows: readonly Row[], dragged: Row, height: number): Drop | null {
  if (rows.length === 0) return null;
  const last = rows.length - 1;
  const at = Math.max(0, Math.min(last, Math.floor(height)));
  const row = rows[at];
  if (row === undefined) return null;
  const isLower = height - at > 0.5;
  const without = (parent: number | null, index: number) =>
    dragged.parent === parent && dragged.index < index ? index - 1 : index;
  if (row.kind === "chapter") {
    // A drop onto a chapter goes into it: to its beginning if it is unfolded, else to its end.
    const chapter = tree.chapters.find(({ key }) => key === row.key);
    const isFolded = row.isOpen === false;
    const index = isFolded ? (chapter?.problems.length ?? 0) : 0;
    return { to: { kind: "problem", parent: row.key, index: without(row.key, index) }, edge: at + 1, level: 2 };
  }
  // Below everything means outside the chapters.
  if (height > rows.length + 0.25 && row.parent !== null) {
    return { to: { kind: "problem", parent: null, index: 0 }, edge: rows.length, level: 1 };
  }
  const index = row.index + (isLower ? 1 : 0);
  return {
    to: { kind: "problem", parent: row.parent, index: without(row.parent, index) },
    edge: at + (isLower ? 1 : 0),
    level: row.level,
  };
}
