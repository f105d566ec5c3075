import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type Ref, useEffect, useId, useImperativeHandle, useMemo, useRef } from "react";
import { useLanguage } from "../../../i18n/index.ts";
import { useStudioText } from "../../../i18n/studio.ts";
import type { ItemFinding } from "./place-findings.ts";
import { ROW, type Row, rowsOf } from "./rows.ts";
import { titleIn } from "./text.ts";
import type { Place, Tree } from "./tree.ts";
import { useDragRow } from "./use-drag-row.ts";

/** Lines beyond the visible ones that are drawn already for scrolling. */
const OVERSCAN = 8;

export interface OutlineHandle {
  focus(): void;
}

interface OutlineProps {
  ref: Ref<OutlineHandle>;
  tree: Tree;
  folded: ReadonlySet<number>;
  selected: number | null;
  findings: ReadonlyMap<number, readonly ItemFinding[]>;
  onSelect: (key: number) => void;
  onFold: (key: number, isFolded: boolean) => void;
  onMove: (key: number, to: Place) => void;
  /** Handles a key; returns whether it was one of its keys. */
  onKey: (event: KeyboardEvent) => boolean;
}

/** The chapters and items of a course. Only the visible lines are in the page, because a course may have 5,000. */
export function Outline(props: OutlineProps) {
  const { ref, tree, folded, selected, findings, onSelect, onFold, onMove, onKey } = props;
  const text = useStudioText();
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(tree, folded), [tree, folded]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW,
    overscan: OVERSCAN,
    getItemKey: (index) => rows[index]?.key ?? index,
  });
  const drag = useDragRow({ frame, tree, rows, onDrop: onMove });
  useImperativeHandle(ref, () => ({ focus: () => frame.current?.focus() }));
  const at = rows.findIndex(({ key }) => key === selected);
  // The selected line is always visible, whoever selected or moved it; otherwise a screen reader would not find it.
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);
  const go = (to: number) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, to))];
    if (row !== undefined) onSelect(row.key);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (onKey(event)) return event.preventDefault();
    if (event.altKey || event.ctrlKey || event.metaKey) return undefined;
    const row = rows[at];
    const page = Math.max(1, Math.floor((frame.current?.clientHeight ?? ROW) / ROW) - 1);
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      PageDown: () => go(at + page),
      PageUp: () => go(at - page),
      Home: () => go(0),
      End: () => go(rows.length - 1),
      ArrowRight: () => {
        if (row?.isOpen === false) onFold(row.key, false);
        else if (row?.isOpen === true) go(at + 1);
      },
      ArrowLeft: () => {
        if (row?.isOpen === true) onFold(row.key, true);
        else if (row != null && row.parent !== null) onSelect(row.parent);
      },
    };
    const act = keys[event.key];
    if (act === undefined) return undefined;
    event.preventDefault();
    return act();
  };
  return (
    <div
      className={drag.dragged === null ? "studio-outline" : "studio-outline is-dragging"}
      ref={frame}
      role="tree"
      aria-label={text.outline}
      aria-describedby={`${id}-help`}
      tabIndex={0}
      aria-activedescendant={at < 0 ? undefined : rowId(id, selected)}
      onKeyDown={onKeyDown}
    >
      <p className="visually-hidden" id={`${id}-help`} role="presentation">
        {text.outlineHelp}
      </p>
      <div className="studio-rows" role="presentation" style={{ height: virtual.getTotalSize() + ROW }}>
        {virtual.getVirtualItems().map(({ index, start, key }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <OutlineRow
              key={key}
              id={rowId(id, row.key)}
              row={row}
              start={start}
              isSelected={row.key === selected}
              isDragged={row.key === drag.dragged}
              findings={findings.get(row.key)}
              hidden={row.isOpen === false ? hiddenErrors(row, findings) : 0}
              onSelect={() => {
                onSelect(row.key);
                frame.current?.focus({ preventScroll: true });
              }}
              onFold={() => onFold(row.key, row.isOpen === true)}
              begin={(event) => drag.begin(event, row)}
            />
          );
        })}
        {drag.drop === null ? null : (
          <div
            className={drag.drop.level === 2 ? "studio-drop is-inner" : "studio-drop"}
            role="presentation"
            style={{ transform: `translateY(${drag.drop.edge * ROW}px)` }}
          />
        )}
      </div>
    </div>
  );
}

function rowId(outline: string, key: number | null): string {
  return `${outline}-row-${key}`;
}

/** Findings in a folded chapter must stay visible. */
function hiddenErrors({ leaf }: Row, findings: OutlineProps["findings"]): number {
  if (!("problems" in leaf)) return 0;
  return leaf.problems.reduce((sum, { key }) => sum + (findings.get(key)?.length ?? 0), 0);
}

function OutlineRow(props: {
  id: string;
  row: Row;
  start: number;
  isSelected: boolean;
  isDragged: boolean;
  findings: readonly ItemFinding[] | undefined;
  hidden: number;
  onSelect: () => void;
  onFold: () => void;
  begin: (event: React.PointerEvent) => void;
}) {
  const { id, row, start, isSelected, isDragged, findings = [], hidden, onSelect, onFold, begin } = props;
  const text = useStudioText();
  const language = useLanguage();
  const { fields } = row.leaf;
  const title = titleIn(fields.title, language) || text.untitled;
  const kind = typeof fields.kind === "string" ? fields.kind : row.kind === "chapter" ? text.chapter : text.item;
  const count = findings.length + hidden;
  const isBad = findings.some(({ isError }) => isError) || hidden > 0;
  const classes = [
    "studio-row",
    `is-level-${row.level}`,
    isSelected ? "is-selected" : "",
    isDragged ? "is-dragged" : "",
  ];
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it takes the keys.
    // biome-ignore lint/a11y/useFocusableInteractive: the tree around it has the focus, and names the active line.
    <div
      id={id}
      className={classes.join(" ")}
      role="treeitem"
      data-key={row.key}
      data-id={typeof fields.id === "string" ? fields.id : ""}
      aria-level={row.level}
      aria-setsize={row.size}
      aria-posinset={row.index + 1}
      aria-selected={isSelected}
      aria-expanded={row.isOpen ?? undefined}
      style={{ transform: `translateY(${start}px)`, height: ROW }}
      onClick={onSelect}
      onPointerDown={begin}
    >
      <span className="studio-grip" aria-hidden="true" data-grip="">
        ⠿
      </span>
      {row.isOpen === null ? (
        <span className="studio-fold" aria-hidden="true" />
      ) : (
        <span
          className="studio-fold"
          aria-hidden="true"
          onClick={(event) => {
            event.stopPropagation();
            onFold();
          }}
        >
          {row.isOpen ? "▾" : "▸"}
        </span>
      )}
      <span className="studio-title">{title}</span>
      <span className="studio-kind">{kind}</span>
      {count === 0 ? null : (
        <span className={isBad ? "studio-count is-bad" : "studio-count"} title={text.findingsHere(count)}>
          <span aria-hidden="true">{count}</span>
          <span className="visually-hidden">{text.findingsHere(count)}</span>
        </span>
      )}
    </div>
  );
}
