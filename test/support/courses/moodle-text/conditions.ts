import type { TextActivity, TextCourse, TextLearner } from "./model.ts";

/** Something that Moodle cannot read: whatever else is in the tree, the item is hidden ("Trees", malformed leaves). */
export class Unreadable extends Error {}

/** Where a condition is asked: for whom, when, and of what. */
export interface Asked {
  course: TextCourse;
  learner: TextLearner;
  /** Epoch seconds. */
  now: number;
  /** The activity that the condition gates; null where it gates a section. */
  at: TextActivity | null;
}

/** A condition that is there: whether it holds, and whether it does where it stands negated. */
interface Answer {
  plain: boolean;
  negated: boolean;
}
type Condition = Readonly<Record<string, unknown>>;

const KINDS: Readonly<Record<string, (condition: Condition, asked: Asked) => Answer>> = {
  completion,
  date,
  grade,
  group,
  grouping,
  profile,
};

/** Whether this Moodle has a condition of that kind; others are dropped ("Trees", unknown types). */
export function isKnown(type: unknown): type is string {
  return typeof type === "string" && Object.hasOwn(KINDS, type);
}

/** @throws Unreadable */
export function holds(type: string, condition: Condition, not: boolean, asked: Asked): boolean {
  const decide = KINDS[type];
  if (decide === undefined) throw new Error(`no kind ${type}`);
  const { plain, negated } = decide(condition, asked);
  return not ? negated : plain;
}

const simple = (plain: boolean): Answer => ({ plain, negated: !plain });

/** Never met, and not met negated either ("Missing things", of activities). */
const NEITHER: Answer = { plain: false, negated: false };
/** Not met, and met negated ("Missing things", of all else). */
const MISSING: Answer = { plain: false, negated: true };

/** Whole numbers, where a text will do too ("Trees", numbers in text: completion takes them). */
function looseInteger(value: unknown): number {
  const number = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
  return integer(number);
}

/** Whole numbers, and no text ("Trees", numbers in text: grade and date refuse them). */
function integer(value: unknown): number {
  if (typeof value !== "number" || !Number.isInteger(value)) throw new Unreadable("no whole number");
  return value;
}

function bound(value: unknown): number | null {
  if (value === undefined) return null;
  if (typeof value !== "number") throw new Unreadable("no number");
  return value;
}

/** "Completion", with the change between 4.2 and 4.5: what a failed item is. */
function completion({ cm, e }: Condition, asked: Asked): Answer {
  const [wanted, expected] = [looseInteger(cm), looseInteger(e)];
  if (expected < 0 || expected > 3) throw new Unreadable("no state");
  const target = wanted === -1 ? previous(asked) : asked.course.activities.find((one) => one.cm === wanted);
  if (target === undefined || target.deleting) return NEITHER;
  const state = asked.learner.completion.get(target.cm) ?? 0;
  return simple(accepted(expected, asked.course.release).includes(state));
}

function accepted(expected: number, release: string): number[] {
  const [major = 0, minor = 0] = release.split(".").map((part) => Number.parseInt(part, 10));
  const isNew = major > 4 || (major === 4 && minor >= 5);
  if (expected === 0) return isNew ? [0, 3] : [0];
  if (expected === 1) return isNew ? [1, 2] : [1, 2, 3];
  return [expected];
}

/** "Previous tracked activity": untracked and deleting ones are passed over, hidden ones and other sections are not. */
function previous({ course, at }: Asked): TextActivity | undefined {
  const before = at === null ? [] : course.activities.slice(0, course.activities.indexOf(at));
  return before.findLast(({ tracked, deleting }) => tracked && !deleting);
}

/** "Date": from that second on, or until before it. */
function date({ d, t }: Condition, { now }: Asked): Answer {
  const second = integer(t);
  if (d === ">=") return simple(now >= second);
  if (d === "<") return simple(now < second);
  throw new Unreadable("no direction");
}

/** "Grade": a raw share of the row's own range, from `min` on and below `max`. A range without width is no grade. */
function grade({ id, min, max }: Condition, { course, learner }: Asked): Answer {
  const [item, from, below] = [integer(id), bound(min), bound(max)];
  if (!course.gradeItems.some((one) => one.id === item)) return MISSING;
  const row = learner.grades.get(item);
  if (row === undefined || row.max === row.min) return simple(false);
  const percent = ((row.points - row.min) * 100) / (row.max - row.min);
  return simple((from === null || percent >= from) && (below === null || percent < below));
}

/** "Group": without an id, any group. */
function group({ id }: Condition, { course, learner }: Asked): Answer {
  if (id === undefined) return simple(learner.groups.size > 0);
  const wanted = integer(id);
  return course.groups.includes(wanted) ? simple(learner.groups.has(wanted)) : MISSING;
}

/** A grouping holds groups; whoever is in one of them is in it. `activity` asks for the activity's own grouping. */
function grouping({ id, activity }: Condition, { course, learner, at }: Asked): Answer {
  const wanted = activity === true ? (at?.grouping ?? 0) : integer(id);
  if (wanted === 0) throw new Unreadable("no grouping");
  const groups = course.groupings.get(wanted);
  return groups === undefined ? MISSING : simple(groups.some((one) => learner.groups.has(one)));
}

/**
 * "Profile": case counts, and "0" is as empty as nothing. What is written of "ends with the empty text" was seen of a field
 * that holds something; Moodle's source compares the whole field then, so an empty one does end so.
 */
function profile({ op, v, sf, cf }: Condition, { learner }: Asked): Answer {
  const own = typeof sf === "string" ? learner.standard.get(sf) : learner.custom.get(String(cf));
  const value = own ?? "";
  const isEmpty = value === "" || value === "0";
  if (op === "isempty") return simple(isEmpty);
  if (op === "isnotempty") return simple(!isEmpty);
  if (typeof v !== "string") throw new Unreadable("no value");
  switch (op) {
    case "contains":
      return simple(value.includes(v));
    case "doesnotcontain":
      return simple(v === "0" || !value.includes(v));
    case "isequalto":
      return simple(value === v);
    case "startswith":
      return simple(value.startsWith(v));
    case "endswith":
      return simple(v === "" ? value === "" : value.endsWith(v));
    default:
      throw new Unreadable("no operator");
  }
}
