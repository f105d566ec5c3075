// A course document in the form of the outline. Pure. Only the parts that the outline needs are read: everything else,
// known or not, stays as it is, in its place.

export type Fields = Readonly<Record<string, unknown>>;

/** One item; `key` identifies it while the page is open, even if its id changes. */
export interface Leaf {
  key: number;
  fields: Fields;
}

export interface Branch extends Leaf {
  problems: readonly Leaf[];
}

export interface Tree {
  /**
   * The course's fields, with `chapters` and `problems` as they were read: {@link writeTree} puts the present ones
   * there.
   */
  fields: Fields;
  chapters: readonly Branch[];
  /** Items outside the chapters. */
  loose: readonly Leaf[];
}

/** The items in an item: none, unless it is a chapter. */
export function insideOf(leaf: Leaf | Branch): readonly Leaf[] {
  return "problems" in leaf ? leaf.problems : [];
}

/** The place of an item: an index in a list (`parent` is its chapter's key; null: outside the chapters). */
export interface Place {
  kind: "chapter" | "problem";
  parent: number | null;
  index: number;
}

let lastKey = 0;
export function newKey(): number {
  lastKey += 1;
  return lastKey;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @returns null if an outline cannot show the document. */
export function readTree(document: unknown): Tree | null {
  if (!isFields(document)) return null;
  const chapters = leaves(document.chapters);
  const loose = leaves(document.problems);
  if (chapters === null || loose === null) return null;
  const branches: Branch[] = [];
  for (const chapter of chapters) {
    const problems = leaves(chapter.fields.problems);
    if (problems === null) return null;
    branches.push({ ...chapter, problems });
  }
  return { fields: document, chapters: branches, loose };
}

function leaves(list: unknown): Leaf[] | null {
  if (list === undefined) return [];
  if (!Array.isArray(list) || !list.every(isFields)) return null;
  return list.map((fields: Fields) => ({ key: newKey(), fields }));
}

/** The document of an outline. */
export function writeTree(tree: Tree): Fields {
  const chapters = tree.chapters.map(({ fields, problems }) =>
    withList(
      fields,
      "problems",
      problems.map((leaf) => leaf.fields),
    ),
  );
  return withList(
    withList(tree.fields, "chapters", chapters),
    "problems",
    tree.loose.map(({ fields }) => fields),
  );
}

/** A list that was absent stays absent while it is empty. */
function withList(fields: Fields, name: string, list: readonly Fields[]): Fields {
  return list.length === 0 && !Object.hasOwn(fields, name) ? fields : { ...fields, [name]: list };
}

/** All items, in the order of the course. */
export function* itemsOf(tree: Tree): Generator<Leaf> {
  for (const chapter of tree.chapters) {
    yield chapter;
    yield* chapter.problems;
  }
  yield* tree.loose;
}

export function countOf(tree: Tree): number {
  return tree.chapters.reduce((sum, { problems }) => sum + 1 + problems.length, tree.loose.length);
}

export function placeOfKey(tree: Tree, key: number): Place | null {
  for (const [index, chapter] of tree.chapters.entries()) {
    if (chapter.key === key) return { kind: "chapter", parent: null, index };
    const at = chapter.problems.findIndex((leaf) => leaf.key === key);
    if (at >= 0) return { kind: "problem", parent: chapter.key, index: at };
  }
  const at = tree.loose.findIndex((leaf) => leaf.key === key);
  return at < 0 ? null : { kind: "problem", parent: null, index: at };
}

export function leafOf(tree: Tree, key: number): Leaf | Branch | null {
  for (const leaf of itemsOf(tree)) if (leaf.key === key) return leaf;
  return null;
}

export function keyOfId(tree: Tree, id: string): number | null {
  for (const leaf of itemsOf(tree)) if (leaf.fields.id === id) return leaf.key;
  return null;
}

/** The tree with other fields of one item. */
export function withFields(tree: Tree, key: number, change: (fields: Fields) => Fields): Tree {
  return mapLeaves(tree, (leaf) => (leaf.key === key ? { ...leaf, fields: change(leaf.fields) } : leaf));
}

/** The tree with each item changed; an unchanged item stays the same object. */
export function mapLeaves(tree: Tree, change: <T extends Leaf>(leaf: T) => T): Tree {
  return {
    ...tree,
    chapters: tree.chapters.map((chapter) => {
      const problems = chapter.problems.map(change);
      const isSame = problems.every((leaf, index) => leaf === chapter.problems[index]);
      return change(isSame ? chapter : { ...chapter, problems });
    }),
    loose: tree.loose.map(change),
  };
}

/** The tree without an item and the items in it. */
export function without(tree: Tree, key: number): Tree {
  const rest = <T extends Leaf>(list: readonly T[]) => list.filter((leaf) => leaf.key !== key);
  return {
    ...tree,
    chapters: rest(tree.chapters).map((chapter) => {
      const problems = rest(chapter.problems);
      return problems.length === chapter.problems.length ? chapter : { ...chapter, problems };
    }),
    loose: rest(tree.loose),
  };
}

/** The tree with one more item, at a place. */
export function withLeaf(tree: Tree, leaf: Leaf | Branch, { kind, parent, index }: Place): Tree {
  if (kind === "chapter") {
    const branch: Branch = "problems" in leaf ? leaf : { ...leaf, problems: [] };
    return { ...tree, chapters: tree.chapters.toSpliced(index, 0, branch) };
  }
  if (parent === null) return { ...tree, loose: tree.loose.toSpliced(index, 0, leaf) };
  return {
    ...tree,
    chapters: tree.chapters.map((chapter) =>
      chapter.key === parent ? { ...chapter, problems: chapter.problems.toSpliced(index, 0, leaf) } : chapter,
    ),
  };
}

/** The tree with an item at another place; the place is counted without the item. */
export function moved(tree: Tree, key: number, to: Place): Tree {
  const leaf = leafOf(tree, key);
  const from = placeOfKey(tree, key);
  if (leaf === null || from === null || from.kind !== to.kind) return tree;
  return withLeaf(without(tree, key), leaf, to);
}

/** The place one step up or down: after the end of a chapter comes the next one. Null: there is none. */
export function stepFrom(tree: Tree, key: number, step: -1 | 1): Place | null {
  const from = placeOfKey(tree, key);
  if (from === null) return null;
  if (from.kind === "chapter") {
    const index = from.index + step;
    return index < 0 || index >= tree.chapters.length ? null : { ...from, index };
  }
  const lists = [...tree.chapters.map(({ key: parent, problems }) => ({ parent, problems })), looseOf(tree)];
  const at = lists.findIndex(({ parent }) => parent === from.parent);
  const index = from.index + step;
  if (index >= 0 && index < (lists[at]?.problems.length ?? 0)) return { ...from, index };
  const next = lists[at + step];
  if (next === undefined) return null;
  return { kind: "problem", parent: next.parent, index: step === 1 ? 0 : next.problems.length };
}

function looseOf(tree: Tree): { parent: number | null; problems: readonly Leaf[] } {
  return { parent: null, problems: tree.loose };
}
