import { DAY_MS } from "../platform/instants.ts";
import { ArenaBuilder } from "./arena.ts";
import { type Completion, compileCompletion } from "./completion/compile.ts";
import type { ItemStatus, Outline, OutlineItem, OutlineProblem, When } from "./outline.ts";
import { ACCEPT, NONE, type NodeArena, OP, type Program, STANDING, STATE, VEIL } from "./program.ts";
import type { Rule } from "./rules.ts";

/**
 * Scores are compared with this tolerance, because a sum of weighted parts may differ from the exact number by a
 * rounding error.
 */
const SCORE_SLACK = 1e-6;

/**
 * Compiles an outline. Leaves on drafts are dropped here (drafts are ignored as prerequisites). Leaves on deprecated
 * items stay, because whether they count depends on the learner. Never throws: publishing refuses leaves on missing
 * items, and here they compile to "never satisfied", so that a broken outline locks and never opens (invariant 7).
 */
export function compile(outline: Outline): Program {
  const chapterCount = outline.chapters.length;
  const items: OutlineItem[] = [...outline.chapters, ...outline.problems];
  const size = items.length;
  const ids = items.map((item) => item.id);
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  const numberOf = (id: string | null) => (id === null ? NONE : (indexOf.get(id) ?? NONE));

  const chapterOf = new Int32Array(size).fill(NONE);
  const inChapter: number[][] = outline.chapters.map(() => []);
  outline.problems.forEach((problem: OutlineProblem, position) => {
    const chapter = numberOf(problem.chapter);
    chapterOf[chapterCount + position] = chapter;
    inChapter[chapter]?.push(chapterCount + position);
  });
  const statuses = items.map((item, index) => effectiveStatus(item.status, items[chapterOf[index] ?? NONE]?.status));
  const gate = outline.options.problems_follow_chapter ? chapterOf : new Int32Array(size).fill(NONE);

  const isFromMoodle = outline.source?.platform === "moodle";
  const isFromCanvas = outline.source?.platform === "canvas";
  const veils = Uint8Array.from(items, (item, index) => veilOf(item, items[chapterOf[index] ?? NONE], isFromMoodle));
  // Items hidden from all learners do not count for a chapter's progress: nobody could do them.
  const countedIn = inChapter.map((list) => list.filter((index) => veils[index] !== VEIL.HIDDEN));
  // In Canvas an item that no learner can see is required of nobody, just like a draft.
  const asked = isFromCanvas ? statuses.map((own, index) => (veils[index] === VEIL.HIDDEN ? "draft" : own)) : statuses;
  const builder = new ArenaBuilder(numberOf, asked, countedIn, failedCountsAs(outline.source));
  const roots = new Int32Array(size).fill(NONE);
  const entries = new Int32Array(size).fill(ACCEPT);
  const closes = new Uint8Array(size);
  const mayHide = new Uint8Array(size);
  const reads: Set<number>[] = [];
  const askTotal: number[] = [];
  const live = Uint8Array.from(items, (item) => (isLive(item, outline) ? 1 : 0));
  const keeps = Uint8Array.from(items, ({ keeps: own = outline.options.sticky }) => (own ? 1 : 0));
  const trackedBefore = trackedBeforeEach(items, statuses, inChapter, chapterOf);
  items.forEach((item, index) => {
    builder.beginRule(trackedBefore[index] ?? NONE, live[index] === 1);
    const rule = ruleOf(item, outline, gate[index] === NONE);
    const root = rule === null ? NONE : builder.add(rule);
    if (root !== NONE) {
      roots[index] = root;
      entries[index] = builder.thread(root);
    }
    reads.push(builder.reads);
    if (builder.readsTotal) askTotal.push(index);
    closes[index] = builder.hasEnd ? 1 : 0;
    mayHide[index] = builder.mayHide ? 1 : 0;
  });

  const previous = previousChapters(outline, asked, size);
  const tutorial = numberOfDemanded(numberOf(outline.options.tutorial), asked);
  previous.forEach((before, index) => {
    if (before !== NONE) reads[index]?.add(before);
  });
  const completion = compileCompletion(items, statuses, countedIn);
  // The tutorial also locks its own chapter, but that lock does not make anything count as undone.
  const relocks = isFromCanvas
    ? topologicalOrder(withCompletion(reads, completion), gate).filter((item) => item < chapterCount)
    : null;
  if (tutorial !== NONE) {
    reads.forEach((set, index) => {
      if (index !== tutorial) set.add(tutorial);
    });
  }

  const dependents: number[][] = ids.map(() => []);
  reads.forEach((set, index) => {
    for (const read of set) if (read !== index) dependents[read]?.push(index);
    dependents[index]?.push(index);
  });

  const nodes = builder.arena();
  const watched = new Uint8Array(size);
  nodes.op.forEach((op, node) => {
    if (op === OP.VIEWED) watched[nodes.arg[node] ?? NONE] = 1;
  });
  for (const item of completion?.watched ?? []) watched[item] = 1;
  const graded = gradedIn(nodes, live, items, chapterCount);
  const ends = instantOf(outline.options.ends, Number.POSITIVE_INFINITY);
  const hasWindows =
    ends < Number.POSITIVE_INFINITY || items.some(({ opens, closes }) => opens !== undefined || closes !== undefined);
  const afters = builder.afters.sort((a, b) => a.item - b.item);
  const conceals = Uint8Array.from(items, (_, index) => {
    const chapter = gate[index] ?? NONE;
    const isVeiled = veils[index] !== VEIL.SHOWN || mayHide[index] === 1;
    return isVeiled || (chapter !== NONE && (isFromMoodle || mayHide[chapter] === 1)) ? 1 : 0;
  });

  return {
    outline,
    size,
    chapterCount,
    ids,
    indexOf,
    statuses,
    standing: Uint8Array.from(statuses, standingOf),
    gate,
    chapterOf,
    problemsOf: inChapter.map((list) => Int32Array.from(list)),
    previous,
    tutorial,
    roots,
    entries,
    closes,
    comesWith: Int32Array.from(items, (item, index) => {
      const home = index < chapterCount ? index : (chapterOf[index] ?? NONE);
      const isOwn = index >= chapterCount && item.status === "deprecated";
      return statuses[home] === "deprecated" && statuses[index] === "deprecated" && !isOwn ? home : NONE;
    }),
    nodes,
    dependents: dependents.map((list) => Int32Array.from(list)),
    boundaries: Float64Array.from([...builder.instants].sort((a, b) => a - b)),
    enrollmentDelays: Float64Array.from([...builder.enrollmentDelays].sort((a, b) => a - b)),
    afterItems: Int32Array.from(afters, (leaf) => leaf.item),
    afterDelays: Float64Array.from(afters, (leaf) => leaf.delay),
    assignments: [
      ...new Map(items.flatMap(({ assign_to: to }) => (to === undefined ? [] : [[JSON.stringify(to), to]]))).values(),
    ],
    cohorts: builder.cohorts,
    traits: builder.traits,
    // Moodle compares the raw number: 8.7 of 30 is a little less than 29 %.
    scoreSlack: isFromMoodle ? 0 : SCORE_SLACK,
    workFrom: Float64Array.from(items, ({ opens }) => instantOf(opens, Number.NEGATIVE_INFINITY)),
    workUntil: Float64Array.from(items, ({ closes }) => Math.min(ends, instantOf(closes, Number.POSITIVE_INFINITY))),
    relative: relativeIn(items),
    hasWindows,
    completion,
    asksOutcomes: completion !== null || nodes.op.includes(OP.STATE),
    asksPoints: completion?.asks.points === true || nodes.op.includes(OP.POINTS),
    asksSubmissions: completion?.asks.submissions === true || nodes.op.includes(OP.SUBMITTED),
    asksTotal: askTotal.length > 0,
    askTotal: Int32Array.from(askTotal),
    asksLive: graded.includes(1),
    graded,
    live,
    keeps,
    keepsAny: keeps.includes(1),
    asksMore:
      completion !== null ||
      askTotal.length > 0 ||
      graded.includes(1) ||
      [OP.STATE, OP.POINTS, OP.SUBMITTED, OP.VIEWED].some((op) => nodes.op.includes(op)),
    watched,
    asksViews: watched.includes(1),
    veils,
    conceals,
    concealsAny: conceals.includes(1),
    hidesInLocked: isFromMoodle,
    relocks,
    order: topologicalOrder(withCompletion(reads, completion), gate),
  };
}

/** Platforms on which a learner loses what a grade opened when the grade falls. */
const LIVE_PLATFORMS: readonly string[] = ["moodle", "open_edx"];

/** Whether an item uses the grades that count now: because it says so, or by default of its platform. */
function isLive({ keeps }: OutlineItem, { options, source }: Outline): boolean {
  if (keeps !== undefined) return !keeps;
  return !options.sticky && source !== undefined && LIVE_PLATFORMS.includes(source.platform);
}

/** Marks the items whose current grade something depends on. */
function gradedIn(nodes: NodeArena, live: Uint8Array, items: readonly OutlineItem[], chapterCount: number): Uint8Array {
  const graded = Uint8Array.from(items, ({ completion }, item) => (completion !== undefined ? (live[item] ?? 0) : 0));
  nodes.live.forEach((flag, node) => {
    if (flag !== 1) return;
    const first = nodes.first[node] ?? 0;
    if (nodes.op[node] === OP.TOTAL) graded.fill(1, chapterCount);
    else if (nodes.op[node] !== OP.AVERAGE) graded[nodes.arg[node] ?? NONE] = 1;
    else for (const kid of nodes.kids.subarray(first, first + (nodes.count[node] ?? 0))) graded[kid] = 1;
  });
  return graded;
}

function effectiveStatus(own: ItemStatus, chapter: ItemStatus | undefined): ItemStatus {
  if (own === "draft" || chapter === "draft") return "draft";
  if (own === "deprecated" || chapter === "deprecated") return "deprecated";
  return own;
}

/**
 * The conditions that open an item. In Canvas an item is locked before its window begins; elsewhere it can be read
 * before. Before the course starts, each item without a locked chapter is locked.
 */
function ruleOf({ rule, opens }: OutlineItem, { options, source }: Outline, isOutermost: boolean): Rule | null {
  const begins: Rule[] = [];
  if (source?.platform === "canvas" && opens !== undefined) {
    begins.push(typeof opens === "string" ? { from: opens } : { after_enrollment: opens });
  }
  if (options.starts !== undefined && isOutermost) begins.push({ from: options.starts });
  const [only] = begins;
  if (only === undefined) return rule;
  return rule === null && begins.length === 1 ? only : { all: [...(rule === null ? [] : [rule]), ...begins] };
}

function instantOf(when: When | undefined, none: number): number {
  return typeof when === "string" ? Date.parse(when) : none;
}

/** Windows that begin or end some days after the learner enrolled; null if there are none. */
function relativeIn(items: readonly OutlineItem[]): Program["relative"] {
  const delay = (when: When | undefined) => (typeof when === "object" ? Math.round(when.days * DAY_MS) : Number.NaN);
  if (items.every(({ opens, closes }) => typeof opens !== "object" && typeof closes !== "object")) return null;
  return {
    from: Float64Array.from(items, ({ opens }) => delay(opens)),
    until: Float64Array.from(items, ({ closes }) => delay(closes)),
  };
}

/** From this release on, a failed item is incomplete in Moodle; before, it was complete. */
const MOODLE_FAILED_IS_INCOMPLETE = [4, 5] as const;

/**
 * The second state that a failed item also satisfies. The name of a release begins with its number: "4.5.6 (Build:
 * ...)". A missing release counts as a current one.
 */
function failedCountsAs(source: Outline["source"]): number {
  if (source?.platform !== "moodle") return 0;
  const [, major = "", minor = "0"] = /^\s*(\d+)(?:\.(\d+))?/.exec(source.release) ?? [];
  const [firstMajor, firstMinor] = MOODLE_FAILED_IS_INCOMPLETE;
  const isOlder =
    major !== "" && (Number(major) < firstMajor || (Number(major) === firstMajor && Number(minor) < firstMinor));
  return isOlder ? STATE.COMPLETE : STATE.INCOMPLETE;
}

/**
 * Who sees an item, by its own visibility and its chapter's. A hidden chapter hides its problems. In Moodle, items of a
 * hidden section are not listed but open by their address.
 */
function veilOf(item: OutlineItem, chapter: OutlineItem | undefined, isFromMoodle: boolean): number {
  if (item.visibility === "hidden") return VEIL.HIDDEN;
  if (chapter?.visibility === "hidden" && !isFromMoodle) return VEIL.HIDDEN;
  const isUnlisted =
    item.visibility === "unlisted" || (chapter !== undefined && (chapter.visibility ?? "shown") !== "shown");
  return isUnlisted ? VEIL.UNLISTED : VEIL.SHOWN;
}

function standingOf(status: ItemStatus): number {
  if (status === "draft") return STANDING.DRAFT;
  return status === "deprecated" ? STANDING.DEPRECATED : STANDING.OFFERED;
}

/**
 * A tutorial that is a draft or deprecated locks nothing: drafts are ignored, and deprecated items are required of
 * nobody.
 */
function numberOfDemanded(tutorial: number, statuses: readonly ItemStatus[]): number {
  return statuses[tutorial] === "draft" || statuses[tutorial] === "deprecated" ? NONE : tutorial;
}

function previousChapters(outline: Outline, statuses: readonly ItemStatus[], size: number): Int32Array {
  const previous = new Int32Array(size).fill(NONE);
  if (!outline.options.sequential) return previous;
  let last = NONE;
  outline.chapters.forEach((_, index) => {
    previous[index] = last;
    if (statuses[index] !== "draft" && statuses[index] !== "deprecated") last = index;
  });
  return previous;
}

/**
 * The tracked item before each item in course order, or NONE. Tracked items are offered problems with a completion
 * requirement; if no item has a requirement, all of them. Items hidden by the author count, too.
 */
function trackedBeforeEach(
  items: readonly OutlineItem[],
  statuses: readonly ItemStatus[],
  inChapter: readonly (readonly number[])[],
  chapterOf: Int32Array,
): Int32Array {
  const before = new Int32Array(items.length).fill(NONE);
  const isAnyTracked = items.some(({ completion }) => completion !== undefined);
  let last = NONE;
  const pass = (item: number) => {
    before[item] = last;
    const isOffered = statuses[item] === "active" || statuses[item] === "beta";
    if (isOffered && (!isAnyTracked || items[item]?.completion !== undefined)) last = item;
  };
  inChapter.forEach((problems, chapter) => {
    before[chapter] = last;
    problems.forEach(pass);
  });
  for (let item = inChapter.length; item < items.length; item += 1) if (chapterOf[item] === NONE) pass(item);
  return before;
}

/**
 * What each item reads. A chapter that is completed by its items gets one more node behind them, with a number after
 * those of all items. So an item that waits for the chapter comes after the chapter's items.
 */
function withCompletion(reads: readonly Set<number>[], completion: Completion | null): readonly Set<number>[] {
  if (completion === null) return reads;
  const size = reads.length;
  const made = new Map<number, Set<number>>();
  completion.parent.forEach((chapter, child) => {
    if (chapter === NONE) return;
    const children = made.get(chapter);
    if (children === undefined) made.set(chapter, new Set([chapter, child]));
    else children.add(child);
  });
  const own = reads.map((set) => new Set([...set].flatMap((read) => (made.has(read) ? [read, size + read] : [read]))));
  const highest = Math.max(NONE, ...made.keys());
  for (let chapter = 0; chapter <= highest; chapter += 1) own.push(made.get(chapter) ?? new Set());
  return own;
}

/**
 * Kahn's algorithm over "reads the facts of" and "is in the chapter". Nodes beyond the items are left out of the
 * answer.
 */
function topologicalOrder(reads: readonly Set<number>[], gate: Int32Array): Int32Array {
  const gateOf = (node: number) => gate[node] ?? NONE;
  const waiting = reads.map((set, index) => set.size + (gateOf(index) === NONE ? 0 : 1));
  const followers: number[][] = reads.map(() => []);
  reads.forEach((set, index) => {
    for (const read of set) followers[read]?.push(index);
    followers[gateOf(index)]?.push(index);
  });
  const order = waiting.flatMap((count, index) => (count === 0 ? [index] : []));
  for (let head = 0; head < order.length; head += 1) {
    for (const follower of followers[order[head] ?? NONE] ?? []) {
      const left = (waiting[follower] ?? 0) - 1;
      waiting[follower] = left;
      if (left === 0) order.push(follower);
    }
  }
  if (order.length !== reads.length) return new Int32Array(0);
  return Int32Array.from(reads.length === gate.length ? order : order.filter((node) => node < gate.length));
}
