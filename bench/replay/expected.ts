import { readFileSync } from "node:fs";
import { join } from "node:path";

// What must be true after an import of the Open University dataset, from the dataset and the words of the rule alone.
// It shares no code with the importer or the unlock core, so a mistake of theirs is not repeated here.

const DAY_MS = 86_400_000;
const QUARTERS = 4;
/** A chapter opens when this share of the previous one is done. */
const OPENS_AT = 0.6;
/** Score of a completion that came without one: the API counts it as done fully. */
const FULL_SCORE = 100;

export interface ExpectedFact {
  /** Epoch ms. */
  completed_at: number;
  best_score: number;
}

export interface ExpectedEnrollment {
  course: string;
  user: string;
  facts: Map<string, ExpectedFact>;
}

interface ExpectedCourse {
  /** Problems of each quarter, by id. */
  quarters: string[][];
  start: number;
  length: number;
}

/** The dataset, read a second time. */
export class Expectations {
  readonly courses = new Map<string, ExpectedCourse>();
  /** By enrollment id. */
  readonly enrollments = new Map<string, ExpectedEnrollment>();
  /** Lines of studentAssessment.csv that belong to the chosen presentations, and those of them without a score. */
  submissions = 0;
  withoutScore = 0;

  /** @param only names like AAA-2013J; undefined takes all. */
  constructor(folder: string, only: readonly string[] | undefined) {
    const isWanted = (row: Row) => only?.includes(`${row.code_module}-${row.code_presentation}`) ?? true;
    const courseOf = (row: Row) => `${row.code_module}-${row.code_presentation}`.toLowerCase();
    for (const row of rowsOf(folder, "courses").filter(isWanted)) {
      const presentation = row.code_presentation ?? "";
      const start = Date.parse(`${presentation.slice(0, 4)}-${presentation.endsWith("B") ? "02" : "10"}-01T00:00:00Z`);
      const quarters = Array.from({ length: QUARTERS }, (): string[] => []);
      this.courses.set(courseOf(row), { quarters, start, length: Number(row.module_presentation_length) });
    }
    const courseOfAssessment = new Map<string, string>();
    for (const row of rowsOf(folder, "assessments").filter(isWanted)) {
      const course = this.course(courseOf(row));
      const number = row.id_assessment ?? "";
      courseOfAssessment.set(number, courseOf(row));
      const due = row.date === "" || row.date === "?" ? course.length : Number(row.date);
      const quarter = Math.min(Math.floor(due / (course.length / QUARTERS)), QUARTERS - 1);
      course.quarters[quarter]?.push(`${courseOf(row)}.${number}`);
    }
    for (const row of rowsOf(folder, "studentRegistration").filter(isWanted)) {
      const user = row.id_student ?? "";
      this.enrollments.set(`${courseOf(row)}:${user}`, { course: courseOf(row), user, facts: new Map() });
    }
    for (const row of rowsOf(folder, "studentAssessment")) {
      const course = courseOfAssessment.get(row.id_assessment ?? "");
      if (course !== undefined) this.#addSubmission(course, row);
    }
  }

  get factCount(): number {
    return [...this.enrollments.values()].reduce((sum, { facts }) => sum + facts.size, 0);
  }

  course(slug: string): ExpectedCourse {
    const course = this.courses.get(slug);
    if (course === undefined) throw new Error(`no course ${slug}`);
    return course;
  }

  /** State of every item. Nobody completes a chapter in this dataset, so chapters are locked or unlocked. */
  states({ course, facts }: ExpectedEnrollment): Record<string, "locked" | "unlocked" | "completed"> {
    const states: Record<string, "locked" | "unlocked" | "completed"> = {};
    let previous: readonly string[] = [];
    this.course(course).quarters.forEach((problems, quarter) => {
      const done = previous.filter((problem) => facts.has(problem)).length;
      const isOpen = done >= OPENS_AT * previous.length;
      states[`${course}.q${quarter + 1}`] = isOpen ? "unlocked" : "locked";
      for (const problem of problems) {
        states[problem] = facts.has(problem) ? "completed" : isOpen ? "unlocked" : "locked";
      }
      // A quarter without problems is no gate: the one after it asks for the nearest earlier one that has some.
      if (problems.length > 0) previous = problems;
    });
    return states;
  }

  /** Two lines of one student and assessment are one fact: the earliest day, the best score. */
  #addSubmission(course: string, row: Row): void {
    const user = row.id_student ?? "";
    const enrollment = this.enrollments.get(`${course}:${user}`);
    if (enrollment === undefined) throw new Error(`${user} is not registered in ${course}`);
    this.submissions += 1;
    const isMissing = row.score === "" || row.score === "?";
    if (isMissing) this.withoutScore += 1;
    const item = `${course}.${row.id_assessment}`;
    const completedAt = this.course(course).start + Number(row.date_submitted) * DAY_MS;
    const score = isMissing ? FULL_SCORE : Number(row.score);
    const known = enrollment.facts.get(item);
    enrollment.facts.set(item, {
      completed_at: Math.min(known?.completed_at ?? completedAt, completedAt),
      best_score: Math.max(known?.best_score ?? score, score),
    });
  }
}

type Row = Record<string, string>;

function rowsOf(folder: string, table: string): Row[] {
  const [header = "", ...lines] = readFileSync(join(folder, `${table}.csv`), "utf8")
    .trim()
    .split(/\r?\n/);
  const names = header.split(",");
  return lines.map((line) => {
    const fields = line.split(",");
    return Object.fromEntries(names.map((name, at) => [name, fields[at] ?? ""]));
  });
}
