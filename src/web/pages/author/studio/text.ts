import type { Language } from "../../../lib/preferences.ts";
import { type Fields, isFields, readTree, type Tree } from "./tree.ts";
import { treeText } from "./tree-text.ts";

/** A state of the document: a typed text, or an outline that forms changed. */
export type Snapshot = { readonly text: string } | { readonly tree: Tree };

const trees = new WeakMap<Snapshot, Tree | null>();
const texts = new WeakMap<Snapshot, string>();

/** The outline of a state; null if its text is not JSON, or not a course. */
export function treeOf(snapshot: Snapshot): Tree | null {
  if ("tree" in snapshot) return snapshot.tree;
  const known = trees.get(snapshot);
  if (known !== undefined) return known;
  const tree = readText(snapshot.text);
  trees.set(snapshot, tree);
  return tree;
}

function readText(text: string): Tree | null {
  try {
    return readTree(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The text of a state. */
export function textOf(snapshot: Snapshot): string {
  if ("text" in snapshot) return snapshot.text;
  const known = texts.get(snapshot);
  if (known !== undefined) return known;
  const text = treeText(snapshot.tree);
  texts.set(snapshot, text);
  return text;
}

/** A title in a language, else in the one that it has. */
export function titleIn(value: unknown, language: Language): string {
  if (typeof value === "string") return value;
  if (!isFields(value)) return "";
  const other = language === "en" ? value.zh : value.en;
  const own = value[language];
  return typeof own === "string" && own !== "" ? own : typeof other === "string" ? other : "";
}

/** The text in one language only. A plain text is English. */
export function partIn(value: unknown, language: Language): string {
  if (typeof value === "string") return language === "en" ? value : "";
  const part = isFields(value) ? value[language] : undefined;
  return typeof part === "string" ? part : "";
}

/** A text with one language changed, in its old form if that is enough. */
export function withPart(value: unknown, language: Language, text: string): unknown {
  if (!isFields(value)) {
    if (language === "en") return text;
    if (text === "") return value;
    const en = typeof value === "string" && value !== "" ? { en: value } : {};
    return { ...en, zh: text };
  }
  const { [language]: _, ...rest } = value;
  if (text === "" && Object.keys(rest).length > 0) return rest;
  return { ...value, [language]: text };
}

/** Fields with one of them set; undefined removes it. Others stay in their places. */
export function withField(fields: Fields, name: string, value: unknown): Fields {
  if (value !== undefined) return { ...fields, [name]: value };
  const { [name]: _, ...rest } = fields;
  return rest;
}
