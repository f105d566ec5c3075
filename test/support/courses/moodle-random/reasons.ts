import type { Reason as Told } from "../../../../src/unlock/index.ts";
import type { TextCourse } from "../moodle-text/model.ts";
import type { Reason } from "../moodle-text/tree.ts";

interface Around {
  course: TextCourse;
  /** Id of the activity or section whose reasons they are. */
  at: number;
  isActivity: boolean;
  /** What a course module is called in the reasons told to this learner; nothing where it is hidden. */
  named(cm: number): string | undefined;
}

/** Reasons of one side that no reason of the other side tells. */
export function misfits(expected: readonly Reason[], told: readonly Told[], around: Around): string[] {
  const missing = expected.filter((reason) => !told.some((one) => fits(reason, one, around)));
  const beyond = told.filter((one) => !expected.some((reason) => fits(reason, one, around)));
  return [
    ...missing.map((reason) => `does not tell ${JSON.stringify(reason)}`),
    ...beyond.map((one) => `tells ${JSON.stringify(one)}, which is not so`),
  ];
}

const OF_STATES = ["not_completed", "not_passed", "excluded"];
const OF_GRADES = ["score_too_low", "score_too_high", "not_scored", "points_too_low", "points_too_high", "excluded"];

/** Whether a reason that is told says what a condition that fails says. */
function fits({ condition, not }: Reason, { code, item, required }: Told, around: Around): boolean {
  const { type, cm, id } = condition;
  switch (type) {
    case "completion": {
      const target = Number(cm) === -1 ? previous(around) : Number(cm);
      if (isGone(target, around)) return code === "missing";
      return OF_STATES.includes(code) && item === around.named(target);
    }
    case "grade": {
      const graded = around.course.gradeItems.find((one) => one.id === id);
      if (graded === undefined) return code === "missing";
      return OF_GRADES.includes(code) && item === (graded.cm === null ? undefined : around.named(graded.cm));
    }
    case "date":
      return ["opens_later", "closed"].includes(code) && Date.parse(String(required)) === Number(condition.t) * 1_000;
    case "profile":
      return code === (not ? "excluded" : "profile_differs");
    default:
      return not ? code === "excluded" : code === "not_in_cohort" || code === "missing";
  }
}

function isGone(cm: number, { course }: Around): boolean {
  return course.activities.every((one) => one.cm !== cm || one.deleting);
}

function previous({ course, at, isActivity }: Around): number {
  const place = isActivity ? course.activities.findIndex(({ cm }) => cm === at) : 0;
  return course.activities.slice(0, place).findLast(({ tracked, deleting }) => tracked && !deleting)?.cm ?? 0;
}
