import { existsSync } from "node:fs";
import { join } from "node:path";
import { importOulad, type OuladCourse } from "../../../src/courses/importers/oulad.ts";
import { worldOfOulad } from "../../../src/insight/oulad.ts";
import type { CourseFacts } from "../../../src/insight/world.ts";
import { checkCourse, describeCourse, publishCourse } from "./course.ts";
import { readText } from "./files.ts";
import { Insistence } from "./insistence.ts";
import { enrollAll, type FactsSummary, sendFacts } from "./learners.ts";
import { Progress } from "./progress.ts";
import { ImportError, refused, say } from "./report.ts";
import { clientFor, isLocal, type Server } from "./server.ts";

export interface OuladRequest extends Server {
  /** Folder of the dataset's CSV files. */
  source: string;
  /** Presentations like `AAA-2013J`; null takes all. */
  only: readonly string[] | null;
  isDryRun: boolean;
  /** Time between two lines of progress. */
  everyMs: number;
}

/** What is printed at the end. Times in seconds. */
export interface OuladSummary {
  courses: { course: string; enrollments: number; facts: number }[];
  enrollments: { sent: number; created: number; existing: number };
  facts: FactsSummary;
  /** Tries that brought no answer and were repeated. */
  retries: number;
  seconds: { publish: number; enroll: number; facts: number; total: number };
}

/** Learners of one call about registrations and outcomes. */
const LEARNERS_PER_CALL = 1_000;
/** Outcomes after which the server has the fact. */
const TAKEN = new Set(["recorded", "unchanged", "superseded"]);

/**
 * Imports module presentations of the Open University Learning Analytics Dataset: the courses, then the enrollments,
 * then what was submitted, presentation by presentation and in each by day. Everything may be repeated, so the command
 * outlasts a server that dies and comes back, and may be run again from the start at any time.
 *
 * @returns what is printed: a summary, or with a dry run the course documents.
 * @throws ImportError naming file, line and column of what is wrong with the dataset, before anything is sent.
 */
export async function runOulad(request: OuladRequest): Promise<OuladSummary | OuladCourse["document"][]> {
  const { source, only, url, everyMs } = request;
  const courses = await readDataset(source, only);
  const world = await readWorld(source, courses);
  if (request.isDryRun) return courses.map(({ document }) => document);

  const hint = isLocal(request) ? ' Is it running? "npm start" starts it.' : "";
  const author = new Insistence(await clientFor(request, "admin"), url, hint);
  // The rate limit of writes is for people: a service may enroll thousands in a minute, an admin may not.
  const service = new Insistence(await clientFor(request, "service"), url, hint);
  const start = Date.now();
  for (const { document } of courses) {
    await publishCourse((path, body) => author.post(path, body), document, "Imported from oulad");
  }
  const publishing = (Date.now() - start) / 1_000;

  const wanted = courses.flatMap(({ document, learners }) => learners.map((user) => ({ course: document.slug, user })));
  const enrolling = new Progress("enroll", wanted.length, everyMs);
  const enrolled = await enrollAll(service, wanted, enrolling);
  const enrollSeconds = enrolling.end();

  const facts = courses.flatMap((course) => course.facts);
  const sending = new Progress("facts", facts.length, everyMs);
  const sent = await sendFacts(service, facts, sending);
  const factSeconds = sending.end();

  await sendToInsight(service, world);

  const lost = Object.entries(sent.outcomes).filter(([outcome]) => !TAKEN.has(outcome));
  if (lost.length > 0) {
    const words = lost.map(([outcome, count]) => `${count} ${outcome}`).join(", ");
    throw new ImportError(`The server did not accept all facts: ${words}. You can run the command again without harm.`);
  }
  return {
    courses: courses.map((course) => ({
      course: course.document.slug,
      enrollments: course.learners.length,
      facts: course.facts.length,
    })),
    enrollments: { sent: wanted.length, ...enrolled },
    facts: sent,
    retries: author.retries + service.retries,
    seconds: {
      publish: publishing,
      enroll: enrollSeconds,
      facts: factSeconds,
      total: (Date.now() - start) / 1_000,
    },
  };
}

/** What early warning receives: of these courses, where the dataset has outcomes at all. */
async function readWorld(folder: string, courses: readonly OuladCourse[]): Promise<CourseFacts[]> {
  const path = (name: string) => join(folder, `${name}.csv`);
  if (!existsSync(path("studentInfo"))) return [];
  const text = (name: string) => readText(path(name));
  const world = worldOfOulad({
    courses: await text("courses"),
    assessments: await text("assessments"),
    studentInfo: await text("studentInfo"),
    studentRegistration: await text("studentRegistration"),
    studentAssessment: await text("studentAssessment"),
  });
  if (!world.ok) throw new ImportError(`${folder} is not what early warning expects.`, world.refusal.errors);
  const wanted = new Set(courses.map(({ document }) => document.slug));
  return world.value.filter(({ course }) => wanted.has(course));
}

/** Sends schedules, registrations and outcomes. The facts themselves are there already. */
async function sendToInsight(service: Insistence, world: readonly CourseFacts[]): Promise<void> {
  for (const { course, module, period, start, length, assessments, learners } of world) {
    const schedule = {
      module,
      period,
      starts_at: new Date(start).toISOString(),
      length_days: length,
      assessments: assessments.map(({ isExam, ...rest }) => ({ ...rest, is_exam: isExam })),
    };
    const base = `/api/v1/courses/${course}/insight`;
    const scheduled = await service.put(`${base}/schedule`, schedule);
    if (scheduled.status >= 300) throw refused(`The schedule of ${course}`, scheduled);
    for (let from = 0; from < learners.length; from += LEARNERS_PER_CALL) {
      const learnersOf = learners
        .slice(from, from + LEARNERS_PER_CALL)
        .map(({ user, submissions: _submissions, ...rest }) => ({ user_id: user, ...rest }));
      const answer = await service.post(`${base}/learners`, { learners: learnersOf });
      if (answer.status >= 300) throw refused(`Outcomes of ${course}`, answer);
    }
  }
  say(`insight  ${world.length} courses take part in early warning`);
}

async function readDataset(folder: string, only: readonly string[] | null): Promise<OuladCourse[]> {
  say(`read     ${folder}`);
  const table = (name: string) => readText(join(folder, `${name}.csv`));
  const [courses, assessments, studentRegistration, studentAssessment] = await Promise.all([
    table("courses"),
    table("assessments"),
    table("studentRegistration"),
    table("studentAssessment"),
  ]);
  const imported = importOulad({ courses, assessments, studentRegistration, studentAssessment }, only);
  if (!imported.ok) throw new ImportError(`${folder} is not what oulad expects.`, imported.refusal.errors);
  for (const { document } of imported.value) {
    describeCourse(document);
    checkCourse(document);
  }
  return imported.value;
}
