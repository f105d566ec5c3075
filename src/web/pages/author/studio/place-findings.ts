import type { FieldError } from "../../../api/problem.ts";
import type { Tree } from "./tree.ts";

/** A finding about an item (key 0: about the course), with its field. */
export interface ItemFinding {
  key: number;
  /** First name of its path in the item, for example `rule` or `title`; "" is the item as a whole. */
  field: string;
  rule: string;
  message: string;
  isError: boolean;
}

export const COURSE = 0;
const IN_CHAPTER = /^chapters\[(\d+)\](?:\.problems\[(\d+)\])?(?:\.|$|(?=\[))/;
const LOOSE = /^problems\[(\d+)\](?:\.|$|(?=\[))/;

/** Puts the server's findings at the items of the outline that was sent. */
export function findingsIn(tree: Tree, findings: readonly FieldError[], isError: boolean): ItemFinding[] {
  return findings.map(({ path, rule, message }) => ({ ...placeIn(tree, path), rule, message, isError }));
}

function placeIn(tree: Tree, path: string): { key: number; field: string } {
  const rest = path.replace(/^document(?:\.|$|(?=\[))/, "");
  const inChapter = IN_CHAPTER.exec(rest);
  const loose = inChapter === null ? LOOSE.exec(rest) : null;
  let key: number | undefined;
  if (inChapter !== null) {
    const chapter = tree.chapters[Number(inChapter[1])];
    key = inChapter[2] === undefined ? chapter?.key : chapter?.problems[Number(inChapter[2])]?.key;
  } else if (loose !== null) key = tree.loose[Number(loose[1])]?.key;
  const inner = rest.slice((inChapter ?? loose)?.[0].length ?? 0);
  return { key: key ?? COURSE, field: /^[a-z_]+/.exec(inner)?.[0] ?? "" };
}
