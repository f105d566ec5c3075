import { USER_ID } from "../../../platform/ids.ts";
import { clampedInstant } from "../clamped.ts";
import type { ImportedFact, ImportedPeople } from "../format.ts";
import type { ReportBuilder } from "../report.ts";
import type { CompletionRow, MoodleCourse } from "./model.ts";
import type { MoodleNames } from "./names.ts";

/** The meaning of Moodle's completion numbers. 4 is a failure that is hidden from the learner. */
const STATES = ["incomplete", "complete", "passed", "failed", "failed"] as const;
const HIDDEN_FAILURE = 4;

/** The students of a backup and what they did. @returns null if it has no people. */
export function mapPeople(course: MoodleCourse, names: MoodleNames, report: ReportBuilder): ImportedPeople | null {
  const { users, enrolled, students } = course.people;
  const learners = [...users].filter(([id]) => enrolled.has(id) && (students === null || students.has(id)));
  if (learners.length === 0) return null;
  report.leaveOut("people without the role of a student", "only learners are enrolled", users.size - learners.length);
  const idOf = new Map(learners.map(([id, { username }]) => [id, USER_ID.test(username) ? username : `moodle-${id}`]));
  const cohortsOf = new Map<number, string[]>();
  for (const [group, { members }] of course.groups) {
    for (const member of members) cohortsOf.set(member, [...(cohortsOf.get(member) ?? []), names.group(group)]);
  }
  return {
    learners: learners.map(([id, { fields }]) => {
      const at = enrolled.get(id) ?? null;
      const profile = [...names.fieldsAsked].flatMap(([field, own]) => {
        const value = fields.get(own);
        return value === undefined ? [] : [[field, value] as const];
      });
      return {
        user: idOf.get(id) ?? "",
        email: fields.get("sf:email") || null,
        enrolled_at: at === null ? null : clampedInstant(at * 1_000),
        cohorts: cohortsOf.get(id) ?? [],
        profile: Object.fromEntries(profile),
      };
    }),
    facts: [...completionFacts(course, names, idOf, report), ...gradeFacts(course, names, idOf, report)],
  };
}

function* completionFacts(
  course: MoodleCourse,
  names: MoodleNames,
  idOf: ReadonlyMap<number, string>,
  report: ReportBuilder,
): Generator<ImportedFact> {
  for (const module of course.modules.values()) {
    const item = names.module(module);
    for (const row of module.completions) {
      const user = idOf.get(row.user);
      if (user === undefined) report.leaveOut("facts of people who are not learners", "these people are not enrolled");
      else yield factOf(row, user, item, course.backupAt, report);
    }
  }
}

function factOf(
  row: CompletionRow,
  user: string,
  item: string,
  otherwise: number,
  report: ReportBuilder,
): ImportedFact {
  const state = row.state === null ? undefined : STATES[row.state];
  if (row.state === HIDDEN_FAILURE)
    report.note(item, "hidden_failure", "A failure that Moodle hides from the learner counts as failed.");
  return {
    user,
    item,
    at: clampedInstant((row.at ?? otherwise) * 1_000),
    ...(state === undefined ? {} : { state }),
    ...(row.viewed ? { viewed: true as const } : {}),
  };
}

function* gradeFacts(
  course: MoodleCourse,
  names: MoodleNames,
  idOf: ReadonlyMap<number, string>,
  report: ReportBuilder,
): Generator<ImportedFact> {
  for (const grade of course.gradeItems.values()) {
    const module = grade.module === null ? undefined : course.modules.get(grade.module);
    const isOwn = module !== undefined && grade.number === 0;
    if (!isOwn && !names.gradesAsked.has(grade.id)) {
      report.leaveOut(
        "grades that belong to no item and that no rule asks for",
        "Latchkey computes totals itself",
        grade.grades.length,
      );
      continue;
    }
    const item = isOwn ? names.module(module) : names.gradeItem(grade);
    for (const { user: id, points, min, max, at } of grade.grades) {
      const user = idOf.get(id);
      if (user === undefined) continue;
      yield { user, item, at: clampedInstant((at ?? course.backupAt) * 1_000), score: { points, min, max } };
    }
  }
}
