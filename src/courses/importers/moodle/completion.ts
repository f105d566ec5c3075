import { allRequired, type Requirement } from "../document.ts";
import { type Mapping, type Verdict, worst } from "../report.ts";
import { entryOf } from "../table.ts";
import type { MoodleCourse, MoodleModule } from "./model.ts";

interface Part {
  requirement: Requirement | null;
  verdict: Verdict;
  why: string | null;
}

const exact = (requirement: Requirement): Part => ({ requirement, verdict: "exact", why: null });

/** The settings that require something, by the field of each kind of activity. Each counts if it is more than zero. */
const OWN: Readonly<Record<string, Part>> = {
  completionsubmit: exact({ submit: true }),
  completionposts: contributed("the forum must report the number of posts"),
  completiondiscussions: contributed("the forum must report the number of discussions"),
  completionreplies: contributed("the forum must report the number of replies"),
  completionentries: contributed("the activity must report the number of entries"),
  completionendreached: contributed("the lesson must report that the end was reached"),
  completiontimespent: contributed("the lesson must report the time spent"),
  completionstatusrequired: contributed("the package must report the status"),
  completionscorerequired: contributed("the package must report the score"),
  completionstatusallscos: contributed("the package must report the status of all parts"),
  completionminattempts: contributed("the quiz must report the number of attempts"),
  completionattemptsexhausted: contributed("the quiz must report that no attempt is left"),
};

function contributed(why: string): Part {
  return { requirement: { contribute: true }, verdict: "approximated", why };
}

/** How an activity is completed. @returns null if Moodle does not track it. */
export function mapCompletion(module: MoodleModule, course: MoodleCourse): Mapping<Requirement> | null {
  if (module.completion === 0) return null;
  const rule = settingsOf(module);
  if (module.completion === 1) {
    return { source: module.source, rule, mapped: { mark: true }, verdict: "exact", why: null };
  }
  const parts = partsOf(module, course);
  const requirements = parts.flatMap((part) => part.requirement ?? []);
  if (parts.length === 0) {
    const why = "it is completed by conditions but has none, so Moodle never completes it";
    return { source: module.source, rule, mapped: null, verdict: "unmapped", why };
  }
  const distinct = [...new Map(requirements.map((one) => [JSON.stringify(one), one])).values()];
  const notes = parts.flatMap((part) => part.why ?? []);
  return {
    source: module.source,
    rule,
    mapped: allRequired(distinct) ?? null,
    verdict: worst(parts.map((part) => part.verdict)),
    why: notes.length === 0 ? null : notes.join("; "),
  };
}

function partsOf(module: MoodleModule, course: MoodleCourse): Part[] {
  const parts: Part[] = [];
  if (module.completionView) parts.push(exact({ view: true }));
  if (module.completionGrade !== null) parts.push(gradePart(module, module.completionGrade, course));
  // A quiz of 3.x itself requires that it be passed; then the grade is required, too.
  if (isOn(module, "completionpass") && !module.completionPass) parts.push(exact({ pass: true }));
  for (const [field, part] of Object.entries(OWN)) if (isOn(module, field)) parts.push(part);
  for (const [field, value] of module.own) {
    const isKnown = entryOf(OWN, field) !== undefined || field === "completionpass";
    if (isKnown || !field.startsWith("completion") || !(Number(value) > 0)) continue;
    const why = `${field} is an unknown setting of ${module.kind}; its service must report it`;
    parts.push({ requirement: { contribute: true }, verdict: "unmapped", why });
  }
  return parts;
}

function gradePart(module: MoodleModule, number: number, course: MoodleCourse): Part {
  const item = [...course.gradeItems.values()].find((one) => one.module === module.id && one.number === number);
  const hasMark = item !== undefined && item.pass > 0;
  const pass: Requirement = { pass: number === 0 && hasMark ? { min_points: item.pass } : true };
  if (module.completionPass) return exact(pass);
  if (hasMark) {
    const why = "any grade is enough; with a pass mark, Moodle counts a lower grade as failed";
    return { requirement: pass, verdict: "exact", why };
  }
  if (number === 0) return exact({ score: {} });
  const why = "the required grade is not the first grade of the activity; an item in Latchkey has only one";
  return { requirement: { score: {} }, verdict: "approximated", why };
}

function isOn(module: MoodleModule, field: string): boolean {
  return Number(module.own.get(field)) > 0;
}

function settingsOf(module: MoodleModule): Record<string, unknown> {
  const own = [...module.own].filter(([field, value]) => field.startsWith("completion") && Number(value) > 0);
  return {
    completion: module.completion,
    ...(module.completionView ? { completionview: 1 } : {}),
    ...(module.completionGrade === null ? {} : { completiongradeitemnumber: module.completionGrade }),
    ...(module.completionPass ? { completionpassgrade: 1 } : {}),
    ...Object.fromEntries(own),
  };
}
