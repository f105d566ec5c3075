import { type RefObject, useEffect } from "react";

/** Moving less than this is a click, CSS pixels. */
const SLACK = 5;

/** Lets a mouse drag what a scrolling frame shows; fingers and wheels do so by themselves. */
export function useDragScroll(frame: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = frame.current;
    if (element === null) return undefined;
    let start: { x: number; y: number; left: number; top: number } | null = null;
    let hasMoved = false;
    const down = (event: PointerEvent) => {
      if (event.pointerType !== "mouse" || event.button !== 0) return;
      start = { x: event.clientX, y: event.clientY, left: element.scrollLeft, top: element.scrollTop };
      hasMoved = false;
    };
    const move = (event: PointerEvent) => {
      if (start === null) return;
      const across = event.clientX - start.x;
      const along = event.clientY - start.y;
      if (!hasMoved && Math.hypot(across, along) < SLACK) return;
      hasMoved = true;
      element.classList.add("is-dragged");
      element.scrollTo({ left: start.left - across, top: start.top - along, behavior: "instant" });
    };
    const up = () => {
      start = null;
      element.classList.remove("is-dragged");
    };
    const click = (event: MouseEvent) => {
      // The end of a drag is no choice of the card below the pointer.
      if (hasMoved) event.stopPropagation();
      hasMoved = false;
    };
    element.addEventListener("pointerdown", down);
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", up);
    element.addEventListener("click", click, true);
    return () => {
      element.removeEventListener("pointerdown", down);
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", up);
      element.removeEventListener("click", click, true);
    };
  }, [frame]);
}
