import { NONE, OP, type Program, STANDING, VEIL } from "./program.ts";
import { evaluateNode, FALSE, type Scope, TRUE } from "./truth.ts";

// Which items are hidden from a learner: by their visibility, their chapter, or a part of their rule that hides.

/** The results so far, see `Evaluation`. */
interface States {
  readonly open: Uint8Array;
  readonly visible: Uint8Array;
}

/** Whether an item is hidden from the learner; whether it is open must be known by then. */
export function isConcealed(scope: Scope, item: number, { open, visible }: States): boolean {
  const { program } = scope;
  if (program.veils[item] === VEIL.HIDDEN) return true;
  if (open[item] === 1) return false;
  if (program.veils[item] === VEIL.UNLISTED) return true;
  const chapter = program.gate[item] ?? NONE;
  if (chapter !== NONE && (visible[chapter] !== 1 || (program.hidesInLocked && open[chapter] !== 1))) return true;
  const root = program.roots[item] ?? NONE;
  return root !== NONE && isHiddenBy(scope, root, item);
}

/**
 * Whether a learner who does not see an item now may see it later, by an action or by waiting: it is hidden only while
 * it is locked. Its name must not be shown before.
 */
export function mayAppear(program: Program, { visible }: Pick<States, "visible">, item: number): boolean {
  if (visible[item] === 1) return true;
  return (
    program.conceals[item] === 1 && program.standing[item] === STANDING.OFFERED && program.veils[item] !== VEIL.HIDDEN
  );
}

/**
 * Whether a part that hides is among the reasons that keep a rule closed. Called for a node that fails or, below a
 * `not`, holds: each of its parts that is wrong, too, could help to open the item once it is right.
 */
function isHiddenBy(scope: Scope, node: number, owner: number, shouldHold = true): boolean {
  if (evaluateNode(scope, node, owner) !== (shouldHold ? FALSE : TRUE)) return false;
  const { op, hides, first, count, kids } = scope.program.nodes;
  if (hides[node] === 1) return true;
  const isNot = op[node] === OP.NOT;
  if (!isNot && op[node] !== OP.ALL && op[node] !== OP.ANY && op[node] !== OP.AT_LEAST) return false;
  const start = first[node] ?? 0;
  const wanted = isNot !== shouldHold;
  return kids.subarray(start, start + (count[node] ?? 0)).some((kid) => isHiddenBy(scope, kid, owner, wanted));
}
