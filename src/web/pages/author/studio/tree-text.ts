import type { Branch, Fields, Leaf, Tree } from "./tree.ts";

// The text of a large document, without writing all of it at each change: an item that is the same object as before has
// the same text as before.

const INDENT = "  ";
/** Texts of chapters, and of items outside of them, with the indentation of their depth in a document. */
const written = new WeakMap<Leaf | Branch, string>();

/** The same as `JSON.stringify(writeTree(tree), null, 2)`. */
export function treeText({ fields, chapters, loose }: Tree): string {
  return objectText(fields, {
    chapters: chapters.map((chapter) => known(chapter, () => chapterText(chapter))),
    problems: loose.map((leaf) => known(leaf, () => inList(JSON.stringify(leaf.fields, null, INDENT)))),
  });
}

function known(leaf: Leaf | Branch, write: () => string): string {
  let text = written.get(leaf);
  if (text === undefined) {
    text = write();
    written.set(leaf, text);
  }
  return text;
}

function chapterText({ fields, problems }: Branch): string {
  return inList(
    objectText(fields, { problems: problems.map((leaf) => inList(JSON.stringify(leaf.fields, null, INDENT))) }),
  );
}

/** Indents by two more steps. JSON has line ends only between its values, because those inside texts are escaped. */
const inList = (text: string) => text.replaceAll("\n", `\n${INDENT}${INDENT}`);

/**
 * @param lists the members that are lists of items, with their texts; a list that was absent stays absent while it is
 * empty.
 */
function objectText(fields: Fields, lists: Readonly<Record<string, readonly string[]>>): string {
  const more = Object.keys(lists).filter((name) => !Object.hasOwn(fields, name) && lists[name]?.length !== 0);
  const members = [...Object.keys(fields), ...more].flatMap((name) => {
    const list = Object.hasOwn(lists, name) ? lists[name] : undefined;
    const value = list === undefined ? valueText(fields[name]) : listText(list);
    return value === null ? [] : [`${INDENT}${JSON.stringify(name)}: ${value}`];
  });
  return members.length === 0 ? "{}" : `{\n${members.join(",\n")}\n}`;
}

function valueText(value: unknown): string | null {
  const text = JSON.stringify(value, null, INDENT) as string | undefined;
  return text === undefined ? null : text.replaceAll("\n", `\n${INDENT}`);
}

function listText(items: readonly string[]): string {
  const start = `\n${INDENT}${INDENT}`;
  return items.length === 0 ? "[]" : `[${start}${items.join(`,${start}`)}\n${INDENT}]`;
}
