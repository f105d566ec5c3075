import {
  type Branch,
  type Fields,
  insideOf,
  isFields,
  itemsOf,
  type Leaf,
  mapLeaves,
  newKey,
  type Tree,
} from "./tree.ts";

// Which items name which. Pure. It finds ids in rules, requirements and the course's options, for any operator.

/** Fields of an item in which an id names another item. */
const NAMING = ["rule", "completion"] as const;
/** Fields of an item with texts for readers, which may have links. */
const READ = ["content", "question", "rubric"] as const;

function mentions(value: unknown, ids: ReadonlySet<string>): boolean {
  if (typeof value === "string") return ids.has(value);
  if (Array.isArray(value)) return value.some((part) => mentions(part, ids));
  if (!isFields(value)) return false;
  return Object.entries(value).some(([name, part]) => ids.has(name) || mentions(part, ids));
}

function renamed(value: unknown, ids: ReadonlyMap<string, string>): unknown {
  if (typeof value === "string") return ids.get(value) ?? value;
  if (Array.isArray(value)) return value.map((part) => renamed(part, ids));
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [ids.get(name) ?? name, renamed(part, ids)]));
}

/** Ids of an item and of the items in it. */
export function idsIn(leaf: Leaf | Branch): Set<string> {
  return new Set([leaf, ...insideOf(leaf)].flatMap(({ fields }) => (typeof fields.id === "string" ? [fields.id] : [])));
}

/** The items that wait for one of these, without the items themselves. */
export function dependentsOf(tree: Tree, ids: ReadonlySet<string>): Leaf[] {
  return [...itemsOf(tree)].filter(
    ({ fields }) =>
      !(typeof fields.id === "string" && ids.has(fields.id)) && NAMING.some((name) => mentions(fields[name], ids)),
  );
}

/** Whether the course's own options name one of these (the tutorial). */
export function optionsName(tree: Tree, ids: ReadonlySet<string>): boolean {
  return mentions(tree.fields.options, ids);
}

/** Fields with other ids in the places that name items. */
function fieldsRenamed(fields: Fields, ids: ReadonlyMap<string, string>): Fields {
  const next: Record<string, unknown> = { ...fields };
  if (typeof fields.id === "string") next.id = ids.get(fields.id) ?? fields.id;
  for (const name of NAMING) if (fields[name] !== undefined) next[name] = renamed(fields[name], ids);
  return next;
}

/** The course with a changed id, in every place that names the item. */
export function withId(tree: Tree, key: number, id: string): Tree {
  const own = [...itemsOf(tree)].find((leaf) => leaf.key === key)?.fields.id;
  const isShared = [...itemsOf(tree)].some((leaf) => leaf.key !== key && leaf.fields.id === own);
  const ids = new Map(typeof own === "string" && !isShared ? [[own, id]] : []);
  const named = mapLeaves(tree, (leaf) => {
    if (leaf.key === key) return { ...leaf, fields: { ...fieldsRenamed(leaf.fields, ids), id } };
    const isNaming = NAMING.some((name) => mentions(leaf.fields[name], new Set(ids.keys())));
    return isNaming ? { ...leaf, fields: fieldsRenamed(leaf.fields, ids) } : leaf;
  });
  const { options } = tree.fields;
  return options === undefined ? named : { ...named, fields: { ...named.fields, options: renamed(options, ids) } };
}

/** An id that no item has: the wanted one, or the wanted one with a number. */
export function freeId(tree: Tree, wish: string, also: ReadonlySet<string> = new Set()): string {
  const taken = new Set([...itemsOf(tree)].map(({ fields }) => fields.id));
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? wish : `${wish}-${number}`;
    if (!taken.has(id) && !also.has(id)) return id;
  }
}

/** A copy of an item with the items in it, with new ids; references inside the copy name the new ids. */
export function copyOf(tree: Tree, leaf: Leaf | Branch, title: (title: unknown) => unknown): Leaf | Branch {
  const ids = new Map<string, string>();
  for (const id of idsIn(leaf)) ids.set(id, freeId(tree, `${id}-copy`, new Set(ids.values())));
  const copied = ({ fields }: Leaf): Leaf => ({ key: newKey(), fields: fieldsRenamed(fields, ids) });
  const copy = copied(leaf);
  const named = { ...copy, fields: { ...copy.fields, title: title(leaf.fields.title) } };
  return "problems" in leaf ? { ...named, problems: leaf.problems.map(copied) } : named;
}

/** A document changed into that of another course: its slug, and all ids of its items; links in texts change too. */
export function documentFor(document: Fields, slug: string): Fields {
  const from = typeof document.slug === "string" ? document.slug : "";
  const item = (fields: Fields): Fields => {
    const next: Record<string, unknown> = { ...fields };
    for (const name of ["id", ...NAMING])
      if (fields[name] !== undefined) next[name] = prefixed(fields[name], from, slug);
    for (const name of READ) if (fields[name] !== undefined) next[name] = linked(fields[name], from, slug);
    if (Array.isArray(fields.problems))
      next.problems = fields.problems.map((part) => (isFields(part) ? item(part) : part));
    return next;
  };
  const list = (value: unknown) =>
    Array.isArray(value) ? value.map((part) => (isFields(part) ? item(part) : part)) : value;
  const next: Record<string, unknown> = { ...document, slug };
  for (const name of ["chapters", "problems"]) if (document[name] !== undefined) next[name] = list(document[name]);
  if (document.options !== undefined) next.options = prefixed(document.options, from, slug);
  return next;
}

function prefixed(value: unknown, from: string, to: string): unknown {
  const own = (text: string) => (text.startsWith(`${from}.`) ? `${to}${text.slice(from.length)}` : text);
  if (typeof value === "string") return own(value);
  if (Array.isArray(value)) return value.map((part) => prefixed(part, from, to));
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [own(name), prefixed(part, from, to)]));
}

function linked(value: unknown, from: string, to: string): unknown {
  if (typeof value === "string") {
    return value
      .replaceAll(`/courses/${from}/items/${from}.`, `/courses/${to}/items/${to}.`)
      .replaceAll(`/courses/${from}/`, `/courses/${to}/`);
  }
  if (Array.isArray(value)) return value.map((part) => linked(part, from, to));
  if (!isFields(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, linked(part, from, to)]));
}
