import { importCourse } from "../../../../src/courses/importers/format.ts";
import { MOODLE } from "../../../../src/courses/importers/moodle/index.ts";
import { evaluate, layOut, type Program, reasonsOf, VEIL } from "../../../../src/unlock/index.ts";
import { factsOf, programOf } from "../engine.ts";
import { activityAnswer, sectionAnswer } from "../moodle-text/answer.ts";
import type { TextCourse } from "../moodle-text/model.ts";
import type { Reason } from "../moodle-text/tree.ts";
import { backupWith, learnerOf, supplyOf } from "./backup.ts";
import type { RandomCase } from "./courses.ts";
import { misfits } from "./reasons.ts";

/** What is compared of one activity or section, by either side. */
interface Seen {
  /** `open`, `open_unlisted`, `greyed` or `hidden`; `locked` is greyed or hidden, where it is not known which. */
  state: string;
  reasons: Reason[];
}

/** @throws with each difference, see {@link differencesOf}. */
export async function assertSame(one: RandomCase): Promise<void> {
  const differences = await differencesOf(one);
  if (differences.length > 0) throw new Error(differences.join("\n"));
}

/** Imports a random course and asks the engine. @returns each place where it answers otherwise than what is written. */
async function differencesOf({ course, learners, now }: RandomCase): Promise<string[]> {
  const result = await importCourse(MOODLE, supplyOf(backupWith(course, learners)));
  if (!result.ok) return [`refused: ${JSON.stringify(result.refusal)}`];
  const imported = result.value;
  const program = programOf(imported.document);
  const idOf = new Map(imported.report.items.map(({ source, id }) => [source, id]));
  const expected = gatesOf(course);
  const found = imported.report.gates.map(({ source }) => source).sort();
  const differences =
    JSON.stringify(found) === JSON.stringify(expected) ? [] : [`gates ${found} instead of ${expected}`];
  const facts = Map.groupBy(imported.people?.facts ?? [], ({ user }) => user);
  for (const { user, cohorts, profile } of imported.people?.learners ?? []) {
    const learner = learners.find(({ id }) => id === learnerOf(user));
    if (learner === undefined) throw new Error(`nobody is ${user}`);
    const policy = { cohorts, practice_mode: false, overrides: [], profile };
    const laidOut = layOut(program, {
      enrolled_at: 0,
      facts: factsOf(facts.get(user) ?? []),
      opened: new Set(),
      policy,
    });
    const evaluation = evaluate(program, laidOut, now * 1_000);
    const isShown = (item: number) => evaluation.visible[item] === 1;
    const compare = (source: string, { state, reasons }: Seen) => {
      const item = program.indexOf.get(idOf.get(source) ?? "") ?? -1;
      const own = stateOf(program, evaluation, item);
      const isSame = own === state || (state === "locked" && (own === "greyed" || own === "hidden"));
      if (!isSame) differences.push(`${source} is ${own} for ${user} and should be ${state}`);
      if (own !== "greyed" || state !== "greyed") return;
      const told = reasonsOf(program, laidOut, evaluation, item, now * 1_000);
      const named = (cm: number) => {
        const index = program.indexOf.get(idOf.get(`activities/page_${cm}/module.xml`) ?? "");
        return index !== undefined && isShown(index) ? program.ids[index] : undefined;
      };
      const wrong = misfits(reasons, told, {
        course,
        at: Number(/_(\d+)/.exec(source)?.[1]),
        isActivity: source.startsWith("act"),
        named,
      });
      differences.push(...wrong.map((one) => `${source} for ${user}: ${one}`));
    };
    for (const section of course.sections) {
      const { available, shown, reasons } = sectionAnswer(course, section, learner, now);
      const open = section.visible ? "open" : "open_unlisted";
      const locked = section.visible ? (shown ? "greyed" : "hidden") : "locked";
      compare(`sections/section_${section.id}/section.xml`, { state: available ? open : locked, reasons });
    }
    for (const activity of course.activities) {
      if (activity.deleting) continue;
      const { available, shown, reasons, unlisted, decided } = activityAnswer(course, activity, learner, now);
      const open = unlisted ? "open_unlisted" : "open";
      const state = shown ? (available ? open : decided ? "greyed" : "locked") : decided ? "hidden" : "locked";
      compare(`activities/page_${activity.cm}/module.xml`, { state, reasons });
    }
  }
  return differences;
}

function stateOf(program: Program, { open, visible }: ReturnType<typeof evaluate>, item: number): string {
  if (item < 0) return "absent";
  if (visible[item] !== 1) return "hidden";
  if (open[item] !== 1) return "greyed";
  return program.veils[item] === VEIL.UNLISTED ? "open_unlisted" : "open";
}

/** The files that hold a gate: a tree with something in it. */
function gatesOf({ sections, activities }: TextCourse): string[] {
  const holds = (tree: unknown) => {
    if (typeof tree !== "object" || tree === null) return false;
    const children: unknown = Reflect.get(tree, "c");
    return !Array.isArray(children) || children.length > 0;
  };
  return [
    ...sections.flatMap(({ id, availability }) => (holds(availability) ? [`sections/section_${id}/section.xml`] : [])),
    ...activities.flatMap(({ cm, availability }) => (holds(availability) ? [`activities/page_${cm}/module.xml`] : [])),
  ].sort();
}
