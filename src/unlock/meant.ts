import { compile } from "./compile.ts";
import type { Outline, OutlineItem } from "./outline.ts";
import type { Program } from "./program.ts";

// Items that are meant for some cohorts only. For whom an item is not meant it is as if it were not in the course: it is
// compiled as a draft for these learners, so that no rule, percentage or order asks for it, and nothing tells of it.

/** Courses as some learners have them, by which of their lists of cohorts the learners are in. */
const variants = new WeakMap<Program, Map<string, Program>>();

/** Kept for each course version: one that is not needed for longest goes. */
const MAX_VARIANTS = 32;

/** The course as a learner of some cohorts has it; the very program where all of it is meant for everybody. */
export function meantFor(program: Program, cohorts: readonly string[]): Program {
  const { assignments } = program;
  if (assignments.length === 0) return program;
  const isMeant = assignments.map((names) => names.some((name) => cohorts.includes(name)));
  if (!isMeant.includes(false)) return program;
  const key = isMeant.map((one) => (one ? 1 : 0)).join("");
  const known = variants.get(program) ?? new Map<string, Program>();
  variants.set(program, known);
  const found = known.get(key) ?? compile(without(program.outline, cohorts));
  known.delete(key);
  known.set(key, found);
  const [oldest] = known.keys();
  if (known.size > MAX_VARIANTS && oldest !== undefined) known.delete(oldest);
  return found;
}

function without(outline: Outline, cohorts: readonly string[]): Outline {
  const meant = <Item extends OutlineItem>({ assign_to, ...item }: Item) =>
    assign_to === undefined || assign_to.some((name) => cohorts.includes(name))
      ? item
      : { ...item, status: "draft" as const };
  return { ...outline, chapters: outline.chapters.map(meant), problems: outline.problems.map(meant) };
}
