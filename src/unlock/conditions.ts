import type { Evaluation } from "./evaluate.ts";
import type { Condition } from "./explanation.ts";
import { isGroup, kidsOf } from "./nodes.ts";
import { NONE, OP } from "./program.ts";
import { leafTexts } from "./sentence.ts";
import { evaluateNode, IGNORED, progressOf, type Scope, TRUE, turnOf } from "./truth.ts";
import type { Leaf } from "./wording/writer.ts";

/** The leaves of an item's rule, each with whether it holds; leaves that are required of nobody are left out. */
export function conditionsOf(scope: Scope, evaluation: Evaluation, item: number, zone: string | null): Condition[] {
  const { program } = scope;
  const { nodes } = program;
  const found: Condition[] = [];
  const leafOf = (node: number, isDenied: boolean): Leaf => {
    const arg = nodes.arg[node] ?? NONE;
    const value = nodes.value[node] ?? 0;
    const named = evaluation.visible[arg] === 1 ? (program.ids[arg] ?? null) : null;
    const leaf = (kind: Leaf["kind"], more: Partial<Leaf> = {}): Leaf => ({
      kind,
      item: null,
      value,
      isDenied,
      ...more,
    });
    const date = (at: number, isFrom: boolean) => leaf(isFrom === isDenied ? "until" : "since", { value: at });
    switch (nodes.op[node]) {
      case OP.COMPLETED:
        return leaf("completed", { item: named });
      case OP.ATTEMPTED:
        return leaf("attempted", { item: named });
      case OP.SCORE:
        return leaf("score", { item: named });
      case OP.SCORE_RANGE:
        return leaf("score_range", { item: named, upper: nodes.upper[node] ?? 0 });
      case OP.POINTS:
        return leaf("points", { item: named, upper: nodes.upper[node] ?? 0 });
      case OP.STATE:
        return leaf("state", { item: named });
      case OP.AVERAGE:
        return leaf("average", { total: kidsOf(program, node).length, upper: nodes.upper[node] ?? 0 });
      case OP.TOTAL:
        return leaf("total", { upper: nodes.upper[node] ?? 0 });
      case OP.VIEWED:
        return leaf("viewed", { item: named });
      case OP.SUBMITTED:
        return leaf("submitted", { item: named });
      case OP.PROGRESS: {
        const { needed, total } = progressOf(scope, node);
        return leaf("progress", { item: named, value: needed, total });
      }
      case OP.FROM:
      case OP.AFTER_ENROLLMENT:
        return date(turnOf(scope, node, item), true);
      case OP.UNTIL:
        return date(turnOf(scope, node, item), false);
      case OP.AFTER: {
        const turn = turnOf(scope, node, item);
        if (!Number.isNaN(turn)) return { ...date(turn, true), item: named };
        return value === 0 ? leaf("completed", { item: named }) : leaf("after", { item: named });
      }
      case OP.COHORT_SET:
      case OP.PROFILE:
      case OP.COURSE:
        return leaf("trait", { trait: program.traits[arg] ?? { cohorts: [] } });
      case OP.MISSING:
        return leaf("missing");
      default:
        return leaf("cohort", { cohort: program.cohorts[arg] ?? "" });
    }
  };
  const walk = (node: number, isDenied: boolean): void => {
    const op = nodes.op[node];
    if (op === OP.NOT || isGroup(program, node)) {
      for (const kid of kidsOf(program, node)) walk(kid, (op === OP.NOT) !== isDenied);
      return;
    }
    const truth = evaluateNode(scope, node, item);
    if (truth === IGNORED) return;
    const leaf = leafOf(node, isDenied);
    const named = leaf.item === null ? {} : { item: leaf.item };
    found.push({ met: (truth === TRUE) !== isDenied, ...named, text: leafTexts(program, leaf, zone) });
  };
  const root = program.roots[item] ?? NONE;
  if (root !== NONE) walk(root, false);
  return found;
}
