import { compile } from "./compile.ts";
import type { Outline, OutlineItem } from "./outline.ts";
import type { Program } from "./program.ts";

// Items that are meant for some cohorts only. For all other learners the course is as if such an item were not in it:
// it is compiled as a draft, so that no rule, percentage or order counts it, and nothing shows it.

/** A course as some learners have it, by which of its lists of cohorts they are in. */
interface Variant {
  program: Program;
  home: Map<string, Variant>;
  key: string;
}

const variants = new WeakMap<Program, Map<string, Variant>>();
/** All variants that are kept, the least recently used first, and how many items they have together. */
const recent = new Set<Variant>();
let items = 0;

/**
 * The limit of items in all variants together, beside the courses themselves: about 300 bytes each, so some 15 MB of an
 * isolate's 128. That is ten of the largest course. A variant that is not kept is compiled again.
 */
export const MAX_VARIANT_ITEMS = 50_000;

/** The course as a learner of some cohorts has it; the program itself if all of it is meant for everybody. */
export function meantFor(program: Program, cohorts: readonly string[]): Program {
  const { assignments } = program;
  if (assignments.length === 0) return program;
  const isMeant = assignments.map((names) => names.some((name) => cohorts.includes(name)));
  if (!isMeant.includes(false)) return program;
  const key = isMeant.map((one) => (one ? 1 : 0)).join("");
  const home = variants.get(program) ?? new Map<string, Variant>();
  variants.set(program, home);
  const known = home.get(key);
  const variant = known ?? { program: compile(without(program.outline, cohorts)), home, key };
  if (known === undefined) items += variant.program.size;
  home.set(key, variant);
  recent.delete(variant);
  recent.add(variant);
  for (const oldest of recent) {
    if (items <= MAX_VARIANT_ITEMS || oldest === variant) break;
    recent.delete(oldest);
    oldest.home.delete(oldest.key);
    items -= oldest.program.size;
  }
  return variant.program;
}

function without(outline: Outline, cohorts: readonly string[]): Outline {
  const meant = <Item extends OutlineItem>({ assign_to, ...item }: Item) =>
    assign_to === undefined || assign_to.some((name) => cohorts.includes(name))
      ? item
      : { ...item, status: "draft" as const };
  return { ...outline, chapters: outline.chapters.map(meant), problems: outline.problems.map(meant) };
}
