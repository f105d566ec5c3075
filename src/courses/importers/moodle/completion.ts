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

/** What an activity's own settings ask for, by the field of its kind. Each counts where it is set to more than zero. */
const OWN: Readonly<Record<string, Part>> = {
  completionsubmit: exact({ submit: true }),
  completionposts: contributed("the number of posts is told by the forum"),
  completiondiscussions: contributed("the number of discussions is told by the forum"),
  completionreplies: contributed("the number of replies is told by the forum"),
  completionentries: contributed("the number of entries is told by the activity"),
  completionendreached: contributed("that the end was reached is told by the lesson"),
  completiontimespent: contributed("the time spent is told by the lesson"),
  completionstatusrequired: contributed("the status is told by the package"),
  completionscorerequired: contributed("the score is told by the package"),
  completionstatusallscos: contributed("the status of all parts is told by the package"),
  completionminattempts: contributed("the number of attempts is told by the quiz"),
  completionattemptsexhausted: contributed("that no attempt is left is told by the quiz"),
};

function contributed(why: string): Part {
  return { requirement: { contribute: true }, verdict: "approximated", why };
}

/** How an activity becomes complete. @returns null where Moodle does not track it. */
export function mapCompletion(module: MoodleModule, course: MoodleCourse): Mapping<Requirement> | null {
  if (module.completion === 0) return null;
  const rule = settingsOf(module);
  if (module.completion === 1) {
    return { source: module.source, rule, mapped: { mark: true }, verdict: "exact", why: null };
  }
  const parts = partsOf(module, course);
  const requirements = parts.flatMap((part) => part.requirement ?? []);
  if (parts.length === 0) {
    const why = "it is completed by conditions and names none: Moodle never completes it";
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
  // A quiz of 3.x says itself that it must be passed; there the grade is asked for too.
  if (isOn(module, "completionpass") && !module.completionPass) parts.push(exact({ pass: true }));
  for (const [field, part] of Object.entries(OWN)) if (isOn(module, field)) parts.push(part);
  for (const [field, value] of module.own) {
    const isKnown = entryOf(OWN, field) !== undefined || field === "completionpass";
    if (isKnown || !field.startsWith("completion") || !(Number(value) > 0)) continue;
    const why = `${field} is a setting of ${module.kind} that is not known here; its service has to tell it`;
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
    const why = "any grade was asked for; with a pass mark Moodle calls a lower one failed";
    return { requirement: pass, verdict: "exact", why };
  }
  if (number === 0) return exact({ score: {} });
  const why = "the grade asked for is not the first of the activity; here an item has one";
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
