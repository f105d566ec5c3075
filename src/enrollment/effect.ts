import type { FieldError } from "../platform/results.ts";
import {
  couldBe,
  doneAt,
  dueAsWritten,
  isCompleted,
  isOpenIn,
  isStarted,
  kidsOfGroup,
  type Learner,
  OP,
  type Override,
  type Program,
  resumed,
  STANDING,
  scopeOf,
  turnOf,
  VEIL,
  windowAsWritten,
} from "../unlock/index.ts";

const NONE = -1;

/**
 * Why a new override would change nothing, or null if it may change something. Decided from the published course and
 * from what the learner has done, over the whole time of the override. What the learner may still do counts as
 * possible; what only staff could do (remove a lock, publish another rule) does not. A lock always has an effect: it
 * holds whatever comes.
 *
 * @param learner with the present overrides; one of the same kind on the same item is ignored, because it would be
 * replaced.
 * @returns the wrong field, the rule, and a sentence that says what would help.
 */
export function withoutEffect(program: Program, learner: Learner, override: Override, now: number): FieldError | null {
  const item = program.indexOf.get(override.item);
  if (item === undefined || override.kind === "lock") return null;
  // A pause does not matter for an override: the time after the pause decides.
  const pauses = resumed(learner.pauses, now);
  const others = learner.overrides.filter(({ index, kind }) => index !== item || kind !== override.kind);
  const rest: Learner = { ...learner, pauses, overrides: others };
  if (override.kind === "excuse") return uselessExcuse(program, rest, item);
  if (program.standing[item] !== STANDING.DRAFT && learner.program.standing[item] === STANDING.DRAFT) {
    const message = `${override.item} is meant for cohorts that the learner is not in: put the learner in one of them.`;
    return { path: "kind", rule: "not_assigned", message };
  }
  if (program.standing[item] === STANDING.DRAFT) {
    return { path: "kind", rule: "draft", message: `${override.item} is a draft, which learners do not see.` };
  }
  if (program.veils[item] === VEIL.HIDDEN) {
    return { path: "kind", rule: "hidden", message: `${override.item} is hidden: learners never see it.` };
  }
  const lock = others.find(({ index, kind }) => index === item && kind === "lock");
  if (lock !== undefined && (lock.expires_at === null || lock.expires_at >= (override.expires_at ?? Infinity))) {
    const message = `A lock on ${override.item} is stronger and lasts as long: remove the lock.`;
    return { path: "kind", rule: "locked_by_staff", message };
  }
  return override.kind === "unlock"
    ? uselessUnlock(program, rest, item, override, now)
    : uselessExtension(program, rest, item, override, now);
}

/**
 * An excuse makes every condition on the item hold. It has no effect if all of them hold already, or if there are none.
 */
function uselessExcuse(program: Program, learner: Learner, item: number): FieldError | null {
  const { nodes, previous, tutorial, ids } = program;
  const isDone = isCompleted(learner, item);
  let asked = 0;
  const isAsking = (holds: boolean): boolean => {
    asked += 1;
    return !holds;
  };
  if ((program.completion?.parent[item] ?? NONE) !== NONE && isAsking(isDone)) return null; // a chapter counts it
  if (tutorial === item && isAsking(isDone)) return null;
  for (const before of previous) if (before === item && isAsking(isDone)) return null;
  for (let node = 0; node < nodes.op.length; node += 1) {
    const op = nodes.op[node];
    const first = nodes.first[node] ?? 0;
    if (op === OP.PROGRESS) {
      const listed = nodes.kids.subarray(first, first + (nodes.count[node] ?? 0));
      if (listed.includes(item) && isAsking(isDone)) return null;
    } else if (op === OP.AVERAGE) {
      // An excused item is left out of a mean, which may raise or lower the mean.
      if (nodes.kids.subarray(first, first + (nodes.count[node] ?? 0)).includes(item)) return null;
    } else if (nodes.arg[node] !== item) continue;
    else if (op === OP.COMPLETED || op === OP.AFTER) {
      if (isAsking(isDone)) return null;
    } else if (op === OP.ATTEMPTED) {
      if (isAsking(isStarted(learner, item))) return null;
    } else if (op === OP.SCORE) {
      const score = learner.bestScore[item] ?? Number.NaN;
      if (isAsking(score >= (nodes.value[node] ?? Number.NaN) - program.scoreSlack)) return null;
    } else if (op === OP.STATE || op === OP.VIEWED || op === OP.SUBMITTED) {
      return null; // its effect depends on verdicts that are still to come
    } else if (op === OP.SCORE_RANGE && nodes.upper[node] === Number.POSITIVE_INFINITY) {
      if (isAsking(!Number.isNaN(learner.bestScore[item] ?? Number.NaN))) return null;
    }
  }
  const id = ids[item] ?? "";
  return asked === 0
    ? { path: "kind", rule: "nothing_asks", message: `No rule asks for ${id}, so an excuse would change nothing.` }
    : { path: "kind", rule: "already_done", message: `The learner has already completed ${id}.` };
}

/** No effect if the item is open at every instant until the override ends, and no action of the learner closes it. */
function uselessUnlock(
  program: Program,
  learner: Learner,
  item: number,
  override: Override,
  now: number,
): FieldError | null {
  const gate = program.gate[item] ?? NONE;
  const isKept = learner.kept[item] === 1;
  // An action can close only conditions below a `not`, and only if the item is not kept open.
  const mayClose = [item, gate].some((owner) => owner !== NONE && deedsMayClose(program, program.roots[owner] ?? NONE));
  if (mayClose && !isKept && !learner.practiceMode) return null;
  const end = override.expires_at ?? Infinity;
  const instants = [item, gate].flatMap((owner) => (owner === NONE ? [] : instantsOf(program, learner, owner, now)));
  for (const at of [now, ...instants]) {
    if (at >= now && at < end && !isOpenIn(scopeOf(program, learner, at), item)) return null;
  }
  const why = learner.practiceMode ? " (the learner is in practice mode)" : "";
  const message = `${override.item} is open for this learner${why} and stays open, so an unlock would change nothing.`;
  return { path: "kind", rule: "already_open", message };
}

/**
 * No effect if nothing in the item's own rule ends before it and its work is not due before it, or if its chapter has closed
 * by then.
 */
function uselessExtension(
  program: Program,
  learner: Learner,
  item: number,
  override: Override,
  now: number,
): FieldError | null {
  const id = override.item;
  const gate = program.gate[item] ?? NONE;
  const chapter = program.ids[gate] ?? "";
  const closes = windowAsWritten(scopeOf(program, learner, now), item).until;
  const ends = [...endsOf(program, learner, item, now), ...(closes < Infinity ? [closes] : [])];
  const due = dueAsWritten(scopeOf(program, learner, now), item);
  if (ends.length === 0 && due === null) {
    const hasChapterEnd = gate !== NONE && endsOf(program, learner, gate, now).length > 0;
    return hasChapterEnd
      ? { path: "kind", rule: "chapter_closes", message: `${id} ends with its chapter: extend ${chapter}.` }
      : {
          path: "kind",
          rule: "no_end",
          message: `The rule of ${id} has no end, and the item is never due and does not close: there is nothing to extend.`,
        };
  }
  const extendTo = override.extend_to ?? Number.NEGATIVE_INFINITY;
  if (extendTo <= now) return { path: "extend_to", rule: "in_past", message: "The new end is in the past." };
  const moved = ends.filter((end) => end < extendTo);
  if (moved.length === 0) {
    if (due !== null && due < extendTo) return null;
    const message = `${id} does not end${due === null ? "" : ", and is not due,"} before this instant.`;
    return { path: "extend_to", rule: "not_later", message };
  }
  const starts = moved.map((end) => Math.max(end, now)).filter((start) => start < (override.expires_at ?? Infinity));
  if (starts.length === 0) {
    const message = `The override would have expired before ${id} ends.`;
    return { path: "expires_at", rule: "too_early", message };
  }
  const root = program.roots[gate] ?? NONE;
  if (root === NONE) return null;
  // The chapter may open again before the new end.
  const first = Math.min(...starts);
  const last = Math.min(extendTo, override.expires_at ?? Infinity);
  const later = instantsOf(program, learner, gate, now).filter((at) => at > first && at < last);
  if ([...starts, ...later].some((at) => couldBe(scopeOf(program, learner, at), root, gate, true))) return null;
  return { path: "kind", rule: "chapter_closes", message: `Its chapter closes first: extend ${chapter}.` };
}

/** Instants after `now` at which time alone may change whether an item's own rule holds. */
function instantsOf(program: Program, learner: Learner, item: number, now: number): number[] {
  const scope = scopeOf(program, learner, now);
  const { nodes } = program;
  const found = learner.overrides.flatMap(({ expires_at, extend_to }) => [expires_at ?? now, extend_to ?? now]);
  const walk = (node: number): void => {
    const value = nodes.value[node] ?? Number.NaN;
    const op = nodes.op[node];
    if (op === OP.FROM || op === OP.UNTIL) found.push(value, value - learner.early);
    else if (op === OP.AFTER_ENROLLMENT) found.push(scope.learner.enrolledAt + value);
    else if (op === OP.AFTER) found.push(doneAt(scope, nodes.arg[node] ?? NONE) + value);
    for (const kid of kidsOfGroup(program, node)) walk(kid);
  };
  const root = program.roots[item] ?? NONE;
  if (root !== NONE) walk(root);
  return [...new Set(found)].filter((at) => at > now);
}

/**
 * When an item's own rule ends, in whatever way the rule says it, without extensions. A period that has not begun ends
 * at the earliest as if it began now.
 */
function endsOf(program: Program, learner: Learner, item: number, now: number): number[] {
  const { nodes, roots } = program;
  const overrides = learner.overrides.filter(({ kind }) => kind !== "extend");
  const scope = scopeOf(program, { ...learner, overrides }, now);
  const walk = (node: number): number[] => {
    if (node === NONE) return [];
    if (nodes.ends[node] !== 1) return kidsOfGroup(program, node).flatMap(walk);
    const end = turnOf(scope, node, item);
    return [Number.isNaN(end) ? now + (nodes.value[node] ?? 0) : end];
  };
  return walk(roots[item] ?? NONE);
}

const DEEDS: readonly (number | undefined)[] = [
  OP.COMPLETED,
  OP.ATTEMPTED,
  OP.SCORE,
  OP.SCORE_RANGE,
  OP.POINTS,
  OP.VIEWED,
  OP.SUBMITTED,
  OP.AVERAGE,
  OP.TOTAL,
  OP.PROGRESS,
  OP.AFTER,
];

/** Whether an action of the learner may make a true rule false. */
function deedsMayClose(program: Program, node: number, isNegated = false): boolean {
  if (node === NONE) return false;
  const op = program.nodes.op[node];
  if (isNegated && DEEDS.includes(op)) return true;
  if (op === OP.STATE) return true;
  // A better score can leave a range.
  if ((program.nodes.upper[node] ?? Infinity) < Infinity) return true;
  return kidsOfGroup(program, node).some((kid) => deedsMayClose(program, kid, isNegated !== (op === OP.NOT)));
}
