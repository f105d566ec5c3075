// Over 350 lines: each check is a few lines, and all of them report in one order.

import type { FieldError } from "../platform/results.ts";
import { findDeadEnds } from "./analysis/dead-ends.ts";
import { cyclicComponents, type Edges, ordered, shortCycle } from "./analysis/graph.ts";
import { contradiction, type Interval, isEmpty, NOW, overlap } from "./analysis/intervals.ts";
import { obstacleName, unreachableItems } from "./analysis/reach.ts";
import { countsChildren, judgeRequirement } from "./analysis/requirements.ts";
import {
  type Entry,
  isOffered,
  NONE,
  type Reference,
  referencesOf,
  type Table,
  tableOf,
  walkRule,
} from "./analysis/table.ts";
import { judgeRule } from "./analysis/truths.ts";
import { MAX_COURSES_ASKED } from "./completion/course.ts";
import { patternDefect } from "./judge.ts";
import type { Outline, When } from "./outline.ts";
import type { Rule } from "./rules.ts";

/**
 * A message names at most this many items of a cycle. A longer cycle is cut in the middle, so that the message stays
 * readable.
 */
const MAX_NAMED_IN_CYCLE = 50;
const TUTORIAL_PATH = "options.tutorial";

/** Findings that only say that an item can never open. If the source platform allows that, publishing allows it too. */
const NEVER_OPENS: ReadonlySet<string> = new Set(["unreachable", "unsatisfiable", "cycle", "self_reference"]);

/**
 * The check at publishing: finds everything that is wrong with the unlock rules of a course in one run.
 *
 * Errors: `duplicate_id`, `foreign_id`, `dangling`, `self_reference`, `cycle`, `unsatisfiable`, `unreachable`,
 * `too_deep`, `invalid_pattern`, `not_finite`, `no_children`. Warnings: `never_scored`, `always_open`,
 * `ignored_prerequisite`, `named_twice` (a repeated part counts once), `dead_end` (a part of a rule never holds, but
 * another may), `cohort_conflict`, `cohort_only` (the items after it are closed to all other cohorts), `closed` (a date
 * has passed, so a learner who starts now can never open it), `missing_reference`, `hides_nothing` and
 * `hidden_prerequisite`. In an imported course (one with a `source`), an item that can never open is a warning,
 * `unreachable`, because the platform allows it.
 * An error is reported only if it is certain that the rules let nobody ever open the item. If there is no error, the
 * items have an order in which they can be evaluated. Linear in the size of the course, except for the search of a
 * short cycle and one bit for each pair of items. Never throws.
 *
 * @param pathOf document path of each item id, see `documentPaths`. Errors are reported below those paths.
 * @param now epoch ms, for warnings about items that have closed already; null for none of these.
 */
export function analyze(
  outline: Outline,
  pathOf: ReadonlyMap<string, string>,
  now: number | null = null,
): { errors: FieldError[]; warnings: FieldError[] } {
  const table = tableOf(outline, pathOf);
  const references = table.entries.map((entry) => referencesOf(table, entry));
  const canBe = new Map<Rule, number>();
  const errors = [...courseErrors(outline), ...tooManyCourses(table)];
  const warnings: FieldError[] = [];
  /** Items whose own rule has an error. Findings that follow from it are reported only for other items. */
  const faulty = new Set<number>();
  const closed = new Set<number>();
  const openings: (Interval | undefined)[] = [];

  const seen = new Set<string>();
  for (const entry of table.entries) {
    errors.push(...idErrors(outline, entry, seen));
    const named = referenceErrors(table, entry, references[entry.index] ?? []);
    const verdict = judgeRule(table, entry, canBe);
    openings.push(verdict.opening);
    const clash = clashWithChapter(entry, openings);
    const required = judgeRequirement(table, entry);
    errors.push(...required.errors);
    if (entry.status !== "draft") warnings.push(...required.warnings);
    errors.push(...named.errors, ...verdict.errors, ...clash, ...answerErrors(table, entry), ...windowErrors(entry));
    if (entry.status !== "draft") warnings.push(...named.warnings, ...verdict.warnings, ...oddParts(table, entry));
    if (clash.length > 0) closed.add(entry.index);
    if (verdict.errors.length > 0 || clash.length > 0 || named.isSelfReferring) faulty.add(entry.index);
  }

  const tutorial = tutorialOf(table);
  const edges = dependenciesOf(table, references, tutorial.entry);
  const cycles = findCycles(table, references, edges);
  for (const member of cycles.members) faulty.add(member);
  const deadEnds = findDeadEnds(table, ordered(edges), now);
  for (const [index, error] of deadEnds.errors) {
    closed.add(index);
    if (!faulty.has(index) && isOffered(table.entries[index]?.status ?? "draft")) errors.push(error);
    faulty.add(index);
  }
  warnings.push(...deadEnds.warnings);
  const obstacles = unreachableItems(table, canBe, closed);
  errors.push(...tutorial.errors, ...cycles.errors, ...certificateErrors(table));
  if (tutorial.entry !== undefined && tutorial.errors.length === 0 && obstacles.has(tutorial.entry.index)) {
    if (!cycles.members.has(tutorial.entry.index)) errors.push(closedTutorial(tutorial.entry, "can never be opened"));
  }
  for (const [index, obstacle] of obstacles) {
    const entry = table.entries[index];
    if (entry === undefined || faulty.has(index) || !isOffered(entry.status)) continue;
    const isRule = obstacle === "rule";
    const blocker = isRule
      ? (references[index] ?? []).find((reference) => obstacles.has(table.find(reference.target)?.index ?? NONE))
      : undefined;
    const why = isRule
      ? (blocker?.target ?? "more than a learner can ever complete")
      : obstacleName(table, entry, obstacle);
    errors.push({
      path: isRule ? `${entry.path}.rule` : entry.path,
      rule: "unreachable",
      message: `Nobody can ever open ${entry.item.id}: it needs ${why}${isRule && blocker === undefined ? "" : " which can never be opened"}.`,
    });
  }
  if (outline.source === undefined) return { errors, warnings };
  const tolerated = errors.filter(({ rule }) => NEVER_OPENS.has(rule));
  return {
    errors: errors.filter(({ rule }) => !NEVER_OPENS.has(rule)),
    warnings: [...warnings, ...tolerated.map((finding) => ({ ...finding, rule: "unreachable" }))],
  };
}

/** Parts of a rule that mean less than they seem to. */
function oddParts(table: Table, entry: Entry): FieldError[] {
  const found: FieldError[] = [];
  walkRule(entry, (rule, path, isDenied) => {
    if ("previous" in rule && table.before(rule) === undefined) {
      const message =
        "There is no item before this one that counts: this is never true, and its negation is never true either.";
      found.push({ path: `${path}.previous`, rule: "missing_reference", message });
    } else if ("missing" in rule) {
      const { what, name } = rule.missing;
      const message = `The ${what} "${name}" is not in the course: this is never true${what === "item" ? "" : ", and its negation is"}.`;
      found.push({ path: `${path}.missing`, rule: "missing_reference", message });
    } else if ("course_completed" in rule && rule.course_completed === table.outline.course) {
      const message = "This very course is asked for: what waits for it can only open once all of it is done.";
      found.push({ path: `${path}.course_completed`, rule: "self_reference", message });
    } else if ("hide" in rule && isDenied) {
      const message = "Inside a `not`, this part never keeps the item closed, so it hides nothing.";
      found.push({ path: `${path}.hide`, rule: "hides_nothing", message });
    }
  });
  return found;
}

function idErrors(outline: Outline, entry: Entry, seen: Set<string>): FieldError[] {
  const { id } = entry.item;
  const errors: FieldError[] = [];
  if (seen.has(id)) {
    errors.push({
      path: `${entry.path}.id`,
      rule: "duplicate_id",
      message: `The id ${id} is used by an earlier item; chapters and problems share one set of ids.`,
    });
  }
  seen.add(id);
  if (!id.startsWith(`${outline.course}.`)) {
    const message = `The id ${id} does not start with the course and a dot, "${outline.course}.".`;
    errors.push({ path: `${entry.path}.id`, rule: "foreign_id", message });
  }
  return errors;
}

function referenceErrors(table: Table, entry: Entry, references: readonly Reference[]) {
  const errors: FieldError[] = [];
  const warnings: FieldError[] = [];
  let isSelfReferring = false;
  for (const reference of references) {
    const { path, target: id } = reference;
    const target = table.find(id);
    if (target === undefined) {
      errors.push({ path, rule: "dangling", message: `There is no item ${id} in this course.` });
    } else if (reference.reads === "problems" && !table.isChapter(target)) {
      const message = `${id} is a problem; progress of a single id needs a chapter. For items, write a list: ["${id}"].`;
      errors.push({ path, rule: "dangling", message });
    } else if (isSelfReference(table, entry, reference)) {
      isSelfReferring = true;
      const via = target.index === entry.index ? "" : `, one of the problems of ${id}`;
      errors.push({ path, rule: "self_reference", message: `${entry.item.id} waits for itself${via}.` });
    } else if (!isOffered(target.status)) {
      const message =
        target.status === "draft"
          ? `${id} is a draft: it is ignored as a prerequisite.`
          : `${id} is deprecated: it counts for learners who completed it, and nobody else needs it.`;
      warnings.push({ path, rule: "ignored_prerequisite", message });
    } else if (table.isHidden(target)) {
      const message =
        table.askedStatus(target) === "draft"
          ? `${id} is hidden: learners cannot open it, so it is required of nobody.`
          : `${id} is hidden: learners cannot open it, so only facts that a service reports count.`;
      warnings.push({ path, rule: "hidden_prerequisite", message });
    }
  }
  return { errors, warnings, isSelfReferring };
}

/** A problem that asks for progress in its own chapter counts itself among the items it waits for. */
function isSelfReference(table: Table, entry: Entry, reference: Reference): boolean {
  const target = table.find(reference.target);
  if (target === undefined) return false;
  return reference.reads === "item" ? target.item.id === entry.item.id : target.index === entry.chapter;
}

/** Compares a problem's dates with those of the chapter that must be open with it. Chapters come first in the table. */
function clashWithChapter(entry: Entry, openings: readonly (Interval | undefined)[]): FieldError[] {
  const own = openings[entry.index];
  const chapter = openings[entry.gate];
  if (own === undefined || chapter === undefined) return [];
  const both = overlap(own, chapter);
  if (!isEmpty(both)) return [];
  return [{ path: `${entry.path}.rule`, rule: "unsatisfiable", message: contradiction(NOW, both) }];
}

function answerErrors(table: Table, entry: Entry): FieldError[] {
  const answer = table.outline.problems[entry.index - table.chapterCount]?.answer ?? null;
  if (answer?.kind === "regex") {
    const defect = patternDefect(answer);
    return defect === null ? [] : [{ path: `${entry.path}.answer.pattern`, rule: "invalid_pattern", message: defect }];
  }
  if (answer?.kind !== "numeric") return [];
  return (["value", "tolerance"] as const)
    .filter((field) => !Number.isFinite(answer[field]))
    .map((field) => ({ path: `${entry.path}.answer.${field}`, rule: "not_finite", message: "This must be a number." }));
}

/** A window that closes before it opens never accepts anything. */
function windowErrors({ item: { id, opens, closes }, path }: Entry): FieldError[] {
  if (opens === undefined || closes === undefined || !neverWorks(opens, closes)) return [];
  const message = `${id} never accepts work: it closes before it opens.`;
  return [{ path: `${path}.closes`, rule: "unsatisfiable", message }];
}

/** Compares two instants, or two delays. An instant and a delay together may suit some learner. */
function neverWorks(opens: When, closes: When): boolean {
  if (typeof opens === "string") return typeof closes === "string" && Date.parse(opens) >= Date.parse(closes);
  return typeof closes !== "string" && opens.days >= closes.days;
}

/** Each other course that rules name costs a call, so their number has a bound. */
function tooManyCourses(table: Table): FieldError[] {
  const asked = new Set<string>();
  const errors: FieldError[] = [];
  for (const entry of table.entries) {
    walkRule(entry, (rule, path) => {
      if (!("course_completed" in rule) || asked.has(rule.course_completed)) return;
      asked.add(rule.course_completed);
      if (asked.size <= MAX_COURSES_ASKED) return;
      const message = `The rules of a course ask for at most ${MAX_COURSES_ASKED} other courses.`;
      errors.push({ path: `${path}.course_completed`, rule: "too_big", message });
    });
  }
  return errors;
}

/** A course that ends before it starts never accepts anything. */
function courseErrors({ options: { starts, ends } }: Outline): FieldError[] {
  if (starts === undefined || ends === undefined || Date.parse(starts) < Date.parse(ends)) return [];
  return [{ path: "options.ends", rule: "unsatisfiable", message: "The course ends before it starts." }];
}

function tutorialOf(table: Table): { entry: Entry | undefined; errors: FieldError[] } {
  const id = table.outline.options.tutorial;
  if (id === null) return { entry: undefined, errors: [] };
  const entry = table.find(id);
  if (entry === undefined) {
    const message = `There is no item ${id} in this course.`;
    return { entry, errors: [{ path: TUTORIAL_PATH, rule: "dangling", message }] };
  }
  if (!isOffered(entry.status)) return { entry, errors: [closedTutorial(entry, `is ${entry.status}`)] };
  return { entry, errors: table.isHidden(entry) ? [closedTutorial(entry, "is hidden")] : [] };
}

/** If a certificate names an item, learners must be able to complete that item. */
function certificateErrors(table: Table): FieldError[] {
  const { certificate } = table.outline.options;
  if (certificate?.for !== "item") return [];
  const entry = table.find(certificate.item);
  const path = "options.certificate.item";
  if (entry === undefined) {
    return [{ path, rule: "dangling", message: `There is no item ${certificate.item} in this course.` }];
  }
  if (isOffered(entry.status) && !table.isHidden(entry)) return [];
  const why = isOffered(entry.status) ? "hidden" : entry.status;
  const message = `Nobody can earn the certificate: ${certificate.item} is ${why}.`;
  return [{ path, rule: "unreachable", message }];
}

function closedTutorial(entry: Entry, why: string): FieldError {
  const message = `The tutorial ${entry.item.id} ${why}, and everything else waits for it.`;
  return { path: TUTORIAL_PATH, rule: "unreachable", message };
}

/** The nodes that a reference reads, see {@link dependenciesOf}; none if nothing that it reads counts. */
function nodesOf(table: Table, entry: Entry, reference: Reference): number[] {
  const target = table.find(reference.target);
  if (target === undefined || target.status === "draft" || isSelfReference(table, entry, reference)) return [];
  if (reference.reads === "item") return [target.index, ...itemsBehind(table, target)];
  return table.isChapter(target) ? [table.entries.length + target.index] : [];
}

/** The node of a chapter's problems, if the chapter is completed by them. */
function itemsBehind(table: Table, target: Entry | undefined): number[] {
  if (target === undefined || !table.isChapter(target) || !countsChildren(target)) return [];
  return [table.entries.length + target.index];
}

/**
 * The nodes that each item waits for. Numbers from `table.entries.length` on mean "the problems of chapter n", so that
 * a hundred rules on one chapter's progress do not each repeat its problems.
 */
function dependenciesOf(
  table: Table,
  references: readonly (readonly Reference[])[],
  tutorial: Entry | undefined,
): Edges {
  return [
    ...table.entries.map((entry) => {
      const demanded = (references[entry.index] ?? []).flatMap((reference) => nodesOf(table, entry, reference));
      const gatedBy = tutorial === undefined || tutorial.index === entry.index ? NONE : tutorial.index;
      const made = [entry.previous, gatedBy].flatMap((node) => itemsBehind(table, table.entries[node]));
      return [...demanded, entry.gate, entry.previous, gatedBy, ...made].filter((node) => node !== NONE);
    }),
    ...table.problemsOf.map((problems) =>
      problems.filter((problem) => problem.status !== "draft").map((problem) => problem.index),
    ),
  ];
}

/** One error for each set of items that wait for each other. */
function findCycles(table: Table, references: readonly (readonly Reference[])[], edges: Edges) {
  const size = table.entries.length;
  const members = new Set<number>();
  const errors: FieldError[] = [];
  for (const component of cyclicComponents(edges)) {
    for (const node of component) if (node < size) members.add(node);
    const steps = shortCycle(edges, component)
      .map((node, position, cycle) => ({ node, next: cycle[(position + 1) % cycle.length] ?? node }))
      .filter(({ node }) => node < size)
      .map(({ node, next }) => explainStep(node, next));
    // Begin at a rule if there is one. Authors write no containment and no course order here.
    const inRule = steps.findIndex(({ path }) => path !== null && path !== TUTORIAL_PATH);
    const begin = Math.max(0, inRule === NONE ? steps.findIndex(({ path }) => path !== null) : inRule);
    const turned = [...steps.slice(begin), ...steps.slice(0, begin)];
    const names = turned.map((step) => step.id);
    const notes = [...new Set(turned.flatMap((step) => (step.note === "" ? [] : [step.note])))];
    errors.push({
      path: turned[0]?.path ?? "",
      rule: "cycle",
      message: `These items wait for each other: ${abbreviate([...names, names[0] ?? ""])}.${notes
        .slice(0, MAX_NAMED_IN_CYCLE)
        .map((note) => ` ${note}.`)
        .join("")}`,
    });
  }
  return { members, errors };

  /** Where the dependency of one item on the next node is written, and the text to use if it is written nowhere. */
  function explainStep(node: number, next: number): { id: string; path: string | null; note: string } {
    const entry = table.entries[node];
    const id = entry?.item.id ?? "";
    const reference = (references[node] ?? []).find(
      (each) => entry !== undefined && nodesOf(table, entry, each).includes(next),
    );
    if (reference !== undefined) {
      const isMade = reference.reads === "problems" || next >= size;
      const note = isMade ? `${id} waits for the problems of ${reference.target}` : "";
      return { id, path: reference.path, note };
    }
    const nextId = table.entries[next >= size ? next - size : next]?.item.id ?? "";
    if (next >= size) {
      const path = entry?.previous === next - size ? null : TUTORIAL_PATH;
      return { id, path, note: `${id} waits for the problems of ${nextId}, which make it complete` };
    }
    if (entry?.gate === next) return { id, path: null, note: `${id} is in ${nextId}` };
    if (entry?.previous === next) return { id, path: null, note: `${id} follows ${nextId} in sequential mode` };
    return { id, path: TUTORIAL_PATH, note: `${id} waits for the tutorial ${nextId}` };
  }
}

function abbreviate(names: readonly string[]): string {
  if (names.length <= MAX_NAMED_IN_CYCLE) return names.join(" -> ");
  const half = MAX_NAMED_IN_CYCLE / 2;
  const left = names.length - 2 * half;
  return [...names.slice(0, half), `(${left} more)`, ...names.slice(-half)].join(" -> ");
}
