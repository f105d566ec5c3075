import { type PointerEvent as ReactPointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import { type Drop, dropAt, ROW, type Row } from "./rows.ts";
import type { Place, Tree } from "./tree.ts";

/** Moving less than this is a click, CSS pixels. */
const SLACK = 6;
/** Near the edge of the list, it scrolls by itself: how near, and how far at a frame, CSS pixels. */
const EDGE = { near: 36, step: 10 };

/** Lets a pointer drag a line of the outline to another place. Fingers drag by the grip: elsewhere they scroll. */
export function useDragRow(options: {
  frame: RefObject<HTMLElement | null>;
  tree: Tree;
  rows: readonly Row[];
  onDrop: (key: number, to: Place) => void;
}) {
  const latest = useRef(options);
  latest.current = options;
  const [dragged, setDragged] = useState<number | null>(null);
  const [drop, setDrop] = useState<Drop | null>(null);
  const stop = useRef<(() => void) | null>(null);
  useEffect(() => () => stop.current?.(), []);
  const begin = (event: ReactPointerEvent, row: Row) => {
    const isGrip = event.target instanceof Element && event.target.closest("[data-grip]") !== null;
    if (event.button !== 0 || (event.pointerType !== "mouse" && !isGrip)) return;
    const start = event.clientY;
    let at = start;
    let found: Drop | null = null;
    let isMoving = false;
    let frame = 0;
    const look = () => {
      const element = latest.current.frame.current;
      if (element === null) return;
      const box = element.getBoundingClientRect();
      if (at < box.top + EDGE.near) element.scrollTop -= EDGE.step;
      else if (at > box.bottom - EDGE.near) element.scrollTop += EDGE.step;
      const height = (at - box.top + element.scrollTop) / ROW;
      const { tree, rows } = latest.current;
      found = dropAt(tree, rows, row, height);
      setDrop(found);
      frame = requestAnimationFrame(look);
    };
    const move = (moved: PointerEvent) => {
      at = moved.clientY;
      if (isMoving || Math.abs(at - start) < SLACK) return;
      isMoving = true;
      setDragged(row.key);
      look();
    };
    const end = () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", up);
      window.removeEventListener("pointercancel", end);
      window.removeEventListener("keydown", onEscape, true);
      setDragged(null);
      setDrop(null);
      stop.current = null;
    };
    const up = () => {
      const to = found?.to;
      end();
      if (isMoving && to !== undefined) latest.current.onDrop(row.key, to);
    };
    const onEscape = (pressed: KeyboardEvent) => {
      if (pressed.key !== "Escape") return;
      pressed.stopPropagation();
      end();
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", up);
    window.addEventListener("pointercancel", end);
    window.addEventListener("keydown", onEscape, true);
    stop.current = end;
  };
  return { dragged, drop, begin };
}
