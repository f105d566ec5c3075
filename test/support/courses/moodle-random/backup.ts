import type { FileSupply } from "../../../../src/courses/importers/files.ts";
import { ok } from "../../../../src/platform/results.ts";
import type { TextActivity, TextCourse, TextGradeItem, TextLearner, TextSection } from "../moodle-text/model.ts";

/** When everybody did what they did, epoch seconds. */
const THEN = 1_600_000_000;

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const treeOf = (tree: unknown) => (tree === undefined ? "$@NULL@$" : escaped(JSON.stringify(tree)));
const usernameOf = (id: number) => `learner-${id}`;

/** A course and its learners as a backup with user data: what is in each file that is read. */
export function backupWith(course: TextCourse, learners: readonly TextLearner[]): Map<string, string> {
  const files = new Map([
    ["moodle_backup.xml", manifest(course.release)],
    ["gradebook.xml", `<gradebook>${gradesOf(course.gradeItems, null, learners)}</gradebook>`],
    ["groups.xml", groups(course, learners)],
    ["users.xml", `<users>${learners.map(user).join("")}</users>`],
    ["course/enrolments.xml", `<enrolments><enrols>${learners.map(enrolment).join("")}</enrols></enrolments>`],
  ]);
  for (const section of course.sections)
    files.set(`sections/section_${section.id}/section.xml`, sectionFile(section, course));
  for (const activity of course.activities) {
    const folder = `activities/page_${activity.cm}`;
    files.set(`${folder}/module.xml`, moduleFile(activity));
    const rows = learners.map((learner) => completionRow(learner, activity.cm)).join("");
    files.set(`${folder}/completion.xml`, `<completions>${rows}</completions>`);
    files.set(
      `${folder}/grades.xml`,
      `<activity_gradebook>${gradesOf(course.gradeItems, activity.cm, learners)}</activity_gradebook>`,
    );
  }
  return files;
}

/** Files in memory, as an archive would supply them. */
export function supplyOf(files: ReadonlyMap<string, string>): FileSupply {
  return async (open) => {
    const encoder = new TextEncoder();
    for (const [path, text] of files) {
      const sink = open(path);
      await sink?.write(encoder.encode(text));
      await sink?.end();
    }
    return ok({ files: files.size, bytes: 0, skipped: [] });
  };
}

function manifest(release: string): string {
  return `<moodle_backup><information><moodle_release>${release}</moodle_release><backup_date>${THEN}</backup_date>
    <original_course_fullname>Random</original_course_fullname><original_course_shortname>random</original_course_shortname>
    </information></moodle_backup>`;
}

function sectionFile({ id, visible, availability }: TextSection, { activities }: TextCourse): string {
  const sequence = activities.filter(({ section }) => section === id).map(({ cm }) => cm);
  return `<section id="${id}"><number>${id}</number><name>Section</name><summary></summary>
    <sequence>${sequence.join(",")}</sequence><visible>${Number(visible)}</visible>
    <availabilityjson>${treeOf(availability)}</availabilityjson></section>`;
}

function moduleFile({ cm, section, visible, tracked, deleting, grouping, availability }: TextActivity): string {
  return `<module id="${cm}"><modulename>page</modulename><sectionid>${section}</sectionid><visible>${Number(visible)}</visible>
    <completion>${Number(tracked)}</completion><groupingid>${grouping}</groupingid>
    <deletioninprogress>${Number(deleting)}</deletioninprogress><availability>${treeOf(availability)}</availability></module>`;
}

function completionRow({ id, completion }: TextLearner, cm: number): string {
  const state = completion.get(cm);
  if (state === undefined) return "";
  return `<completion><userid>${id}</userid><completionstate>${state}</completionstate><timemodified>${THEN}</timemodified></completion>`;
}

function gradesOf(items: readonly TextGradeItem[], of: number | null, learners: readonly TextLearner[]): string {
  const own = items
    .filter(({ cm }) => cm === of)
    .map(({ id, min, max }) => {
      const rows = learners.map((learner) => gradeRow(learner, id)).join("");
      return `<grade_item id="${id}"><itemtype>${of === null ? "manual" : "mod"}</itemtype><itemnumber>0</itemnumber>
      <grademin>${min}</grademin><grademax>${max}</grademax><grade_grades>${rows}</grade_grades></grade_item>`;
    });
  return `<grade_items>${own.join("")}</grade_items>`;
}

function gradeRow({ id, grades }: TextLearner, item: number): string {
  const grade = grades.get(item);
  if (grade === undefined) return "";
  const fields = Object.entries({ rawgrademin: grade.min, rawgrademax: grade.max, finalgrade: grade.points });
  const numbers = fields.map(([name, value]) => `<${name}>${value.toFixed(5)}</${name}>`).join("");
  return `<grade_grade><userid>${id}</userid>${numbers}<timemodified>${THEN}</timemodified></grade_grade>`;
}

function groups({ groups: ids, groupings }: TextCourse, learners: readonly TextLearner[]): string {
  const members = (id: number) =>
    learners
      .filter((one) => one.groups.has(id))
      .map((one) => `<group_member><userid>${one.id}</userid></group_member>`);
  const all = ids.map(
    (id) => `<group id="${id}"><name>G${id}</name><group_members>${members(id).join("")}</group_members></group>`,
  );
  const sets = [...groupings].map(([id, own]) => {
    const rows = own.map((one) => `<grouping_group><groupid>${one}</groupid></grouping_group>`).join("");
    return `<grouping id="${id}"><name>S${id}</name><grouping_groups>${rows}</grouping_groups></grouping>`;
  });
  return `<groups>${all.join("")}<groupings>${sets.join("")}</groupings></groups>`;
}

function user({ id, standard, custom }: TextLearner): string {
  const own = [...standard].map(([name, value]) => `<${name}>${value}</${name}>`).join("");
  const fields = [...custom].map(
    ([name, value]) => `<custom_field><field_name>${name}</field_name><field_data>${value}</field_data></custom_field>`,
  );
  return `<user id="${id}"><username>${usernameOf(id)}</username>${own}<custom_fields>${fields.join("")}</custom_fields></user>`;
}

function enrolment({ id }: TextLearner): string {
  return `<enrol><user_enrolments><enrolment><userid>${id}</userid><status>0</status><timecreated>${THEN}</timecreated></enrolment></user_enrolments></enrol>`;
}

/** Id of the learner that a user of the import is. */
export function learnerOf(user: string): number {
  return Number(user.replace("learner-", ""));
}
