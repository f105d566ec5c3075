import { useEffect, useRef } from "react";
import { dropText, keepText, keptText } from "../../lib/kept-text.ts";
import { useUser } from "../../session/hooks.ts";

/** How long after the last key the text is kept, milliseconds: a large document is not written at each key. */
const SETTLE_MS = 400;

/**
 * Keeps what an author has typed and not published in this browser: a reload, a closed tab or another page loses nothing.
 * Where the browser keeps nothing, it asks before the page is left.
 */
export function useTypedText(course: string, text: string) {
  const user = useUser()?.id ?? "";
  const place = `author ${course}`;
  /** What the text started from: nothing typed is in it. Null until something was loaded. */
  const start = useRef<string | null>(null);
  start.current ??= text;
  const latest = useRef(text);
  latest.current = text;
  const isDirty = () => latest.current !== start.current;
  /** @returns whether nothing would be lost if the page closed now. */
  const flush = () => (isDirty() ? keepText(user, place, latest.current) : true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `flush` reads what is newest by itself.
  useEffect(() => {
    if (!isDirty()) return undefined;
    const timer = setTimeout(flush, SETTLE_MS);
    return () => clearTimeout(timer);
  }, [text, user, place]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: as above.
  useEffect(() => {
    const leaving = (event: BeforeUnloadEvent) => {
      if (!flush()) event.preventDefault();
    };
    window.addEventListener("beforeunload", leaving);
    window.addEventListener("pagehide", flush);
    return () => {
      flush();
      window.removeEventListener("beforeunload", leaving);
      window.removeEventListener("pagehide", flush);
    };
  }, [user, place]);
  return {
    isDirty,
    /** What was typed before and never published; null where nothing was. */
    kept: () => keptText(user, place),
    /** The text is this now, and nobody typed it: loaded, or just published. */
    startFrom: (loaded: string) => {
      start.current = loaded;
      dropText(user, place);
    },
  };
}
