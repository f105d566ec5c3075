import { useEffect, useRef } from "react";

const KEY = "latchkey.single-keys";

/** Whether single keys work on this page; a choice of this browser. */
export function readSingleKeys(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

export function keepSingleKeys(isOn: boolean): void {
  try {
    localStorage.setItem(KEY, isOn ? "on" : "off");
  } catch {
    // Where storage is forbidden it lasts as long as the page.
  }
}

/** Keys of the page while no field has the focus: text typed into a field is text. */
export function useKeys(isOn: boolean, actions: Readonly<Record<string, () => void>>): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    if (!isOn) return undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (
        event.target instanceof Element &&
        event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select")
      ) {
        return;
      }
      const action = latest.current[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [isOn]);
}
