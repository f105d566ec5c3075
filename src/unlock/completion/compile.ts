import type { ItemStatus, OutlineItem } from "../outline.ts";
import { shareOf } from "../share.ts";
import type { ChildrenAsked, Requirement } from "./requirement.ts";

/** The kinds of leaves of a requirement. */
export const ASK = {
  VIEW: 0,
  MARK: 1,
  SUBMIT: 2,
  CONTRIBUTE: 3,
  SCORE: 4,
  POINTS: 5,
  /** PASS asks for a verdict; `PASS_SCORE` and `PASS_POINTS` for a score: below it the item is failed. */
  PASS: 6,
  PASS_SCORE: 7,
  PASS_POINTS: 8,
} as const;

/** A requirement in the form that the evaluator reads. */
export type Asked =
  | { kind: "leaf"; ask: number; min: number }
  /** `count` of its parts. */
  | { kind: "group"; count: number; parts: readonly Asked[] }
  | Children;

/** A number of a chapter's items, or a share of their weight. */
export interface Children {
  kind: "children";
  /** The items that count: no drafts, and none that is hidden from everybody. */
  items: Int32Array;
  /** How many; NaN if a share is required. */
  count: number;
  /** The share in percent; 100 if neither a number nor a share is given. */
  percent: number;
  /** By place in `items`; null if all weigh the same. */
  weights: Float64Array | null;
  /** Whether the chapter has no items at all. */
  isEmpty: boolean;
  /**
   * How many must be done, if all weigh the same and all are required of everybody; else NaN, because it depends on the
   * learner.
   */
  needed: number;
}

/** The requirements of a course version. */
export interface Completion {
  /** By item number; null if the item has none. */
  readonly asked: readonly (Asked | null)[];
  /** Numbers of the items that have one, children before their chapters. */
  readonly order: Int32Array;
  /** By item number: the chapter whose requirement counts it, or -1. */
  readonly parent: Int32Array;
  /** Numbers of the items that are completed by opening them. */
  readonly watched: readonly number[];
  /** 1 if a part asks that the item be passed. */
  readonly passes: Uint8Array;
  /** The kinds of facts that any of them needs. */
  readonly asks: { readonly submissions: boolean; readonly points: boolean };
}

const NONE = -1;

/**
 * @param items chapters first, then problems.
 * @param countedIn the items of each chapter that the author hides from nobody, by chapter number.
 * @returns null if no item has a requirement: then nothing of this is ever read.
 */
export function compileCompletion(
  items: readonly OutlineItem[],
  statuses: readonly ItemStatus[],
  countedIn: readonly (readonly number[])[],
): Completion | null {
  if (items.every(({ completion }) => completion === undefined)) return null;
  const asks = { submissions: false, points: false };
  const watched: number[] = [];
  const parent = new Int32Array(items.length).fill(NONE);
  const leaf = (ask: number, min = Number.NEGATIVE_INFINITY): Asked => {
    if (ask === ASK.SUBMIT) asks.submissions = true;
    if (ask === ASK.POINTS || ask === ASK.PASS_POINTS) asks.points = true;
    return { kind: "leaf", ask, min };
  };
  const read = (requirement: Requirement, item: number): Asked => {
    if ("all" in requirement) return groupOf(requirement.all, requirement.all.length, item);
    if ("any" in requirement) return groupOf(requirement.any, 1, item);
    if ("at_least" in requirement) return groupOf(requirement.at_least.of, requirement.at_least.count, item);
    if ("score" in requirement) return leaf(ASK.SCORE, requirement.score.min);
    if ("points" in requirement) return leaf(ASK.POINTS, requirement.points.min);
    if ("pass" in requirement) {
      const { pass } = requirement;
      if (pass === true) return leaf(ASK.PASS);
      return "min" in pass ? leaf(ASK.PASS_SCORE, pass.min) : leaf(ASK.PASS_POINTS, pass.min_points);
    }
    if ("children" in requirement) {
      const asked = requirement.children;
      const inside = countedIn[item] ?? [];
      const counted = inside.filter((child) => statuses[child] !== "draft");
      for (const child of counted) parent[child] = item;
      const weights = "percent" in asked ? asked.weights : undefined;
      const isPlain = weights === undefined && counted.every((child) => statuses[child] !== "deprecated");
      return {
        kind: "children",
        items: Int32Array.from(counted),
        count: "count" in asked ? asked.count : Number.NaN,
        percent: "percent" in asked ? asked.percent : 100,
        weights:
          weights === undefined ? null : Float64Array.from(counted, (child) => weights[items[child]?.id ?? ""] ?? 1),
        isEmpty: inside.length === 0,
        needed: isPlain ? neededOf(asked, counted.length) : Number.NaN,
      };
    }
    if ("view" in requirement) watched.push(item);
    if ("view" in requirement) return leaf(ASK.VIEW);
    if ("mark" in requirement) return leaf(ASK.MARK);
    return leaf("submit" in requirement ? ASK.SUBMIT : ASK.CONTRIBUTE);
  };
  const groupOf = (parts: readonly Requirement[], count: number, item: number): Asked => ({
    kind: "group",
    count,
    parts: parts.map((part) => read(part, item)),
  });
  const asked = items.map(({ completion }, item) => (completion === undefined ? null : read(completion, item)));
  // Problems come after all chapters, and only chapters have children.
  const order = asked.flatMap((one, item) => (one === null ? [] : [item])).reverse();
  const passes = Uint8Array.from(asked, (one) => (one !== null && asksPass(one) ? 1 : 0));
  return { asked, order: Int32Array.from(order), parent, watched, passes, asks };
}

function asksPass(asked: Asked): boolean {
  if (asked.kind === "group") return asked.parts.some(asksPass);
  return asked.kind === "leaf" && asked.ask >= ASK.PASS;
}

/** How many of a given number of items must be done. */
function neededOf(asked: ChildrenAsked, total: number): number {
  if ("count" in asked) return Math.min(asked.count, total);
  return shareOf("percent" in asked ? asked.percent : 100, total);
}
