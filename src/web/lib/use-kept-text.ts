import { useState } from "react";
import { useUser } from "../session/hooks.ts";
import { dropText, keepText, keptText } from "./kept-text.ts";

/**
 * A text that is not part of anything yet: it is there again after a reload, until it is used or given up.
 * @param place its purpose, unique over all pages.
 * @returns the text, null if there is none, and a function that changes it.
 */
export function useKeptText(place: string): [string | null, (next: string | null) => void] {
  const user = useUser()?.id ?? "";
  const [text, setText] = useState<string | null>(() => keptText(user, place));
  const change = (next: string | null) => {
    setText(next);
    if (next === null) dropText(user, place);
    else keepText(user, place, next);
  };
  return [text, change];
}
