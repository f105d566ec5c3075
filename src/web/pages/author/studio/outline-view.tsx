import { useDeferredValue, useEffect, useMemo, useRef } from "react";
import { useSearchParams } from "wouter";
import { useStudioText } from "../../../i18n/studio.ts";
import { CourseForm } from "./course-form.tsx";
import { DeleteDialog } from "./delete-dialog.tsx";
import { ItemForm } from "./item-form.tsx";
import { Outline, type OutlineHandle } from "./outline.tsx";
import { COURSE, type ItemFinding } from "./place-findings.ts";
import { ProblemsList } from "./problems-list.tsx";
import { keyOfId, leafOf, placeOfKey, type Tree, writeTree } from "./tree.ts";
import type { useCopy } from "./use-copy.ts";
import type { useOutline } from "./use-outline.ts";

const NONE: readonly ItemFinding[] = [];

/** The outline of a course, and beside it the form of the selected line. */
export function OutlineView(props: {
  course: string;
  copy: ReturnType<typeof useCopy>;
  tree: Tree;
  outline: ReturnType<typeof useOutline>;
  findings: readonly ItemFinding[];
}) {
  const { course, copy, tree, outline, findings } = props;
  const text = useStudioText();
  const list = useRef<OutlineHandle>(null);
  const byItem = useMemo(() => grouped(findings), [findings]);
  const { selected } = outline;
  const leaf = useMemo(() => (selected === null ? null : leafOf(tree, selected)), [tree, selected]);
  const show = (key: number) => {
    const parent = key === COURSE ? null : (placeOfKey(tree, key)?.parent ?? null);
    if (parent !== null) outline.fold(parent, false);
    outline.select(key === COURSE ? null : key);
  };
  // The address names the selected item, so it survives a reload, and other pages can link to it.
  const [search, setSearch] = useSearchParams();
  const id = leaf !== null && typeof leaf.fields.id === "string" ? leaf.fields.id : null;
  const asked = useRef(search.get("item"));
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the outline opens; later the selection leads.
  useEffect(() => {
    const key = asked.current === null ? null : keyOfId(tree, asked.current);
    if (key !== null && selected === null) show(key);
  }, []);
  // Another author's text comes with new lines: the selected item is found in it again.
  const last = useRef(id);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only when another tree has come.
  useEffect(() => {
    if (selected === null || leaf !== null || last.current === null) return;
    outline.select(keyOfId(tree, last.current));
  }, [tree]);
  useEffect(() => {
    if (selected !== null && id === null) return;
    last.current = id;
    if (id === asked.current) asked.current = null;
    else if (asked.current === null) setSearch(id === null ? {} : { item: id }, { replace: true });
  }, [id, selected, setSearch]);
  // The form's other data may come a moment later than the typed text.
  const settled = useDeferredValue(tree);
  const document = useMemo(() => writeTree(settled), [settled]);
  const acts: [string, () => void, boolean][] = [
    [text.addChapter, () => outline.add("chapter"), true],
    [text.addItem, () => outline.add("problem"), true],
    [text.duplicate, outline.duplicate, leaf !== null],
    [text.moveUp, () => outline.step(-1), leaf !== null],
    [text.moveDown, () => outline.step(1), leaf !== null],
    [text.delete, outline.askToRemove, leaf !== null],
    [text.undo, outline.undo, copy.mayUndo],
    [text.redo, outline.redo, copy.mayRedo],
  ];
  return (
    <>
      <div className="studio-tools" role="toolbar" aria-label={text.tools}>
        {acts.map(([name, act, may]) => (
          <button key={name} type="button" className="button is-small" disabled={!may} onClick={act}>
            {name}
          </button>
        ))}
      </div>
      <p className="visually-hidden" role="status" data-said="">
        {outline.said}
      </p>
      <ProblemsList tree={tree} findings={findings} show={show} />
      <div className="studio-columns">
        <section aria-label={text.outline}>
          <button
            type="button"
            className={selected === null ? "studio-course is-selected" : "studio-course"}
            aria-pressed={selected === null}
            onClick={() => outline.select(null)}
          >
            {text.courseSettings}
          </button>
          <Outline
            ref={list}
            tree={tree}
            folded={outline.folded}
            selected={selected}
            findings={byItem}
            onSelect={outline.select}
            onFold={outline.fold}
            onMove={outline.move}
            onKey={outline.onKey}
          />
        </section>
        <section className="studio-detail" aria-label={leaf === null ? text.courseSettings : text.itemForm}>
          {leaf === null ? (
            <CourseForm tree={tree} findings={byItem.get(COURSE) ?? NONE} onField={outline.setCourseField} />
          ) : (
            <ItemForm
              key={leaf.key}
              course={course}
              document={document}
              leaf={leaf}
              findings={byItem.get(leaf.key) ?? NONE}
              onField={(name, change) => outline.setField(leaf.key, name, change)}
              onId={(id) => outline.setId(leaf.key, id)}
            />
          )}
        </section>
      </div>
      {outline.doomed === null ? null : (
        <DeleteDialog
          doomed={outline.doomed}
          remove={() => {
            if (outline.doomed !== null) outline.remove(outline.doomed.leaf.key);
            list.current?.focus();
          }}
          keep={() => {
            outline.keep();
            list.current?.focus();
          }}
        />
      )}
    </>
  );
}

function grouped(findings: readonly ItemFinding[]): Map<number, ItemFinding[]> {
  const groups = new Map<number, ItemFinding[]>();
  for (const finding of findings) {
    const group = groups.get(finding.key);
    if (group === undefined) groups.set(finding.key, [finding]);
    else group.push(finding);
  }
  return groups;
}
