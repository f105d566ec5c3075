import { type KeyboardEvent, useState } from "react";
import { useLanguage } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import type { Language } from "../../../lib/preferences.ts";
import { copyOf, dependentsOf, freeId, idsIn, optionsName, withId } from "./references.ts";
import { titleIn, withPart } from "./text.ts";
import {
  type Fields,
  insideOf,
  type Leaf,
  leafOf,
  moved,
  newKey,
  type Place,
  placeOfKey,
  stepFrom,
  type Tree,
  withFields,
  withLeaf,
  without,
} from "./tree.ts";
import type { useCopy } from "./use-copy.ts";

type Copy = ReturnType<typeof useCopy>;

/** What would be deleted, and what waits for it. */
export interface Doomed {
  leaf: Leaf;
  inside: number;
  dependents: Leaf[];
  isTutorial: boolean;
}

/** What an author does with the outline: one step of the history each, said to whoever cannot see it. */
export function useOutline(course: string, copy: Copy, focusForm: () => void) {
  const text = useStudioText();
  const language = useLanguage();
  const [selected, setSelected] = useState<number | null>(null);
  const [folded, setFolded] = useState<ReadonlySet<number>>(new Set());
  const [doomed, setDoomed] = useState<Doomed | null>(null);
  const [said, setSaid] = useState("");
  const { tree } = copy;
  const named = (leaf: Leaf | null) => (leaf === null ? "" : titleIn(leaf.fields.title, language) || text.untitled);

  const fold = (key: number, isFolded: boolean) => {
    const next = new Set(folded);
    if (isFolded) next.add(key);
    else next.delete(key);
    setFolded(next);
  };
  const move = (key: number, to: Place) => {
    if (tree === null) return;
    const from = placeOfKey(tree, key);
    if (from?.parent === to.parent && from?.index === to.index) return;
    if (to.parent !== null) fold(to.parent, false);
    copy.edit((now) => moved(now, key, to));
    setSelected(key);
    const parent = to.parent === null ? null : leafOf(tree, to.parent);
    setSaid(text.movedTo(named(leafOf(tree, key)), parent === null ? null : named(parent), to.index + 1));
  };
  const add = (kind: Place["kind"]) => {
    if (tree === null) return;
    const at = selected === null ? null : placeOfKey(tree, selected);
    const leaf = { key: newKey(), fields: newFields(tree, course, kind, language, text) };
    const place = placeForNew(tree, kind, at, selected);
    if (place.parent !== null) fold(place.parent, false);
    copy.edit((now) => withLeaf(now, leaf, place));
    setSelected(leaf.key);
    setSaid(text.added(named(leaf)));
    // The form of the new item is there with the next frame.
    requestAnimationFrame(focusForm);
  };
  const duplicate = () => {
    const leaf = tree === null || selected === null ? null : leafOf(tree, selected);
    const at = tree === null || selected === null ? null : placeOfKey(tree, selected);
    if (tree === null || leaf === null || at === null) return;
    const copied = copyOf(tree, leaf, (title) =>
      withPart(title, language, text.copyTitle(titleIn(title, language) || text.untitled)),
    );
    copy.edit((now) => withLeaf(now, copied, { ...at, index: at.index + 1 }));
    setSelected(copied.key);
    setSaid(text.added(named(copied)));
  };
  const step = (direction: -1 | 1) => {
    const to = tree === null || selected === null ? null : stepFrom(tree, selected, direction);
    if (to === null || selected === null) setSaid(text.noFurther);
    else move(selected, to);
  };
  const remove = (key: number) => {
    if (tree === null) return;
    const leaf = leafOf(tree, key);
    const at = placeOfKey(tree, key);
    if (leaf === null || at === null) return;
    const next = without(tree, key);
    copy.edit((now) => without(now, key));
    setDoomed(null);
    const list = at.kind === "chapter" ? next.chapters : at.parent === null ? next.loose : siblings(next, at.parent);
    setSelected(list[Math.min(at.index, list.length - 1)]?.key ?? at.parent);
    setSaid(text.deleted(named(leaf)));
  };
  const askToRemove = () => {
    const leaf = tree === null || selected === null ? null : leafOf(tree, selected);
    if (tree === null || leaf === null) return;
    const ids = idsIn(leaf);
    const inside = insideOf(leaf).length;
    setDoomed({ leaf, inside, dependents: dependentsOf(tree, ids), isTutorial: optionsName(tree, ids) });
  };
  const undo = () => {
    if (!copy.mayUndo) return;
    copy.undo();
    setSaid(text.undone);
  };
  const redo = () => {
    if (!copy.mayRedo) return;
    copy.redo();
    setSaid(text.redone);
  };
  /** The keys of the outline beside those that walk through it. */
  const onKey = (event: KeyboardEvent): boolean => {
    const isCommand = event.ctrlKey || event.metaKey;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const name = `${isCommand ? "Ctrl+" : ""}${event.altKey ? "Alt+" : ""}${event.shiftKey ? "Shift+" : ""}${key}`;
    const keys: Record<string, () => void> = {
      "Alt+ArrowUp": () => step(-1),
      "Alt+ArrowDown": () => step(1),
      Delete: askToRemove,
      "Ctrl+d": duplicate,
      Enter: focusForm,
      F2: focusForm,
      Insert: () => add("problem"),
      "Shift+Insert": () => add("chapter"),
      "Ctrl+z": undo,
      "Ctrl+y": redo,
      "Ctrl+Shift+z": redo,
    };
    const act = keys[name];
    act?.();
    return act !== undefined;
  };
  return {
    selected,
    select: setSelected,
    folded,
    fold,
    said,
    doomed,
    keep: () => setDoomed(null),
    move,
    add,
    duplicate,
    step,
    remove,
    askToRemove,
    undo,
    redo,
    onKey,
    setField: (key: number, name: string, change: (fields: Fields) => Fields) =>
      copy.edit((now) => withFields(now, key, change), `${key} ${name}`),
    setCourseField: (name: string, change: (fields: Fields) => Fields) =>
      copy.edit((now) => ({ ...now, fields: change(now.fields) }), `course ${name}`),
    setId: (key: number, id: string) => copy.edit((now) => withId(now, key, id)),
  };
}

function siblings(tree: Tree, parent: number): readonly Leaf[] {
  return tree.chapters.find(({ key }) => key === parent)?.problems ?? [];
}

/** Something new comes after what is selected; an item into the selected chapter. */
function placeForNew(tree: Tree, kind: Place["kind"], at: Place | null, selected: number | null): Place {
  if (kind === "chapter") {
    const chapter = at?.kind === "chapter" ? at.index : tree.chapters.findIndex(({ key }) => key === at?.parent);
    return { kind, parent: null, index: chapter < 0 ? tree.chapters.length : chapter + 1 };
  }
  if (at?.kind === "problem") return { ...at, index: at.index + 1 };
  const chapter = at === null ? tree.chapters.at(-1) : tree.chapters.find(({ key }) => key === selected);
  if (chapter === undefined) return { kind, parent: null, index: tree.loose.length };
  return { kind, parent: chapter.key, index: chapter.problems.length };
}

function newFields(
  tree: Tree,
  course: string,
  kind: Place["kind"],
  language: Language,
  text: ReturnType<typeof useStudioText>,
): Fields {
  const isChapter = kind === "chapter";
  const title = isChapter ? text.newChapter : text.newItem;
  const id = freeId(tree, `${course}.${isChapter ? "chapter" : "item"}`);
  const named = { id, title: language === "en" ? title : { zh: title } };
  return isChapter ? { ...named, problems: [] } : named;
}
