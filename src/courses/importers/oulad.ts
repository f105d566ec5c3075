import { z } from "@hono/zod-openapi";
import { DAY_MS, toInstant } from "../../platform/instants.ts";
import { type CsvRow, MAX_CSV_ERRORS, placeIn, readCsv } from "../../platform/read-csv.ts";
import { type FieldError, ok, type Result, refuse } from "../../platform/results.ts";
import type { Rule } from "../../unlock/index.ts";
import type { CourseDocumentInput } from "./exercism.ts";

/** Texts of the files of the Open University Learning Analytics Dataset that are used, by name without `.csv`. */
export interface OuladTables {
  courses: string;
  assessments: string;
  studentRegistration: string;
  studentAssessment: string;
}

/** One submission in the form of the progress import. */
interface OuladFact {
  user_id: string;
  item: string;
  completed: true;
  /** Null where the dataset has none. */
  score: number | null;
  at: string;
}

/** One module presentation: a course, its registered learners, and what they submitted, by day. */
export interface OuladCourse {
  /** Its name in the dataset: `AAA-2013J`. */
  name: string;
  document: CourseDocumentInput;
  learners: string[];
  facts: OuladFact[];
}

/** Chapters of a course: one for each quarter of the presentation. */
const QUARTERS = 4;
/** The share of the previous quarter's problems that opens the next one, percent. */
const OPENS_AT_PERCENT = 60;
/** Months (from 0) in which the presentations of each letter start, on the first day. */
const START_MONTH = { B: 1, J: 9 } as const;

const text = z.string("must not be missing");
const days = text.regex(/^-?\d{1,5}$/, "a whole number of days").transform(Number);
const presentationFields = {
  code_module: text.regex(/^[A-Z0-9]{1,32}$/, "capital letters and digits"),
  code_presentation: text.regex(/^\d{4}[BJ]$/, "a year and B (February) or J (October), e.g. 2013J"),
};
const id = text.regex(/^\d{1,18}$/, "digits");
const courseSchema = z.object({
  ...presentationFields,
  module_presentation_length: days.pipe(z.number().min(QUARTERS, `at least ${QUARTERS} days`)),
});
const assessmentSchema = z.object({
  ...presentationFields,
  id_assessment: id,
  assessment_type: text.regex(/^[A-Za-z0-9 -]{1,40}$/, "letters and digits"),
  date: days.nullable(),
  weight: text.regex(/^\d{1,3}(\.\d{1,4})?$/, "a number"),
});
const registrationSchema = z.object({ ...presentationFields, id_student: id });
const submissionSchema = z.object({
  id_assessment: id,
  id_student: id,
  date_submitted: days,
  is_banked: text.regex(/^[01]$/, "0 or 1"),
  score: text
    .regex(/^\d{1,3}(\.\d{1,4})?$/, "a number")
    .transform(Number)
    .pipe(z.number().max(100, "at most 100"))
    .nullable(),
});

type Course = z.infer<typeof courseSchema>;
type Assessment = z.infer<typeof assessmentSchema>;
interface Presentation {
  course: Course;
  slug: string;
  /** Midnight UTC of its first day, epoch ms. */
  start: number;
  assessments: Assessment[];
  learners: Set<string>;
  submissions: z.infer<typeof submissionSchema>[];
}

/**
 * Turns the dataset into courses, one for each module presentation (`aaa-2013j`). Its assessments are the problems, in
 * order of date (those without a date last, ties by id), in four chapters, one for each quarter of the presentation. An
 * assessment due on day d of L is in quarter ⌊4 d / L⌋, at least the first and at most the last; without a date (most
 * exams) it is in the last. Type and weight are only in the title: the rules here ask how much is done, not how well.
 *
 * A chapter opens when 60 % of the problems of the previous one are done. There are always four chapters. If a quarter
 * has no assessment, the next gate uses the nearest earlier quarter that has some. An empty chapter counts as complete,
 * so asking for it would open everything after it to everybody. If no earlier quarter has an assessment, the chapter is
 * open.
 *
 * Every registration is a learner, also of those who withdrew, because they had begun. Every submission is a fact, also
 * the banked ones (results carried over from an earlier presentation), which come before the start.
 *
 * @param only names like `AAA-2013J`; the other presentations are checked and left out. Null uses all.
 * @returns `invalid_input`, each error with file, line and column. A name in `only` that does not exist is an error.
 */
export function importOulad(tables: OuladTables, only: readonly string[] | null): Result<OuladCourse[]> {
  const courses = readCsv("courses.csv", tables.courses, courseSchema);
  const assessments = readCsv("assessments.csv", tables.assessments, assessmentSchema);
  const registrations = readCsv("studentRegistration.csv", tables.studentRegistration, registrationSchema);
  const submissions = readCsv("studentAssessment.csv", tables.studentAssessment, submissionSchema);
  const errors = [courses, assessments, registrations, submissions].flatMap((table) => table.errors);
  if (errors.length > 0) return refuse("invalid_input", { errors });

  const dataset = new Dataset();
  for (const row of courses.rows) dataset.addCourse(row);
  for (const row of assessments.rows) dataset.addAssessment(row);
  for (const row of registrations.rows) dataset.addRegistration(row);
  for (const row of submissions.rows) dataset.addSubmission(row);
  const known = [...dataset.presentations.keys()];
  for (const name of only ?? []) {
    if (dataset.presentations.has(name)) continue;
    const message = `There is no presentation ${JSON.stringify(name)}; there are ${known.join(", ")}.`;
    dataset.errors.push({ path: "courses.csv", rule: "unknown_presentation", message });
  }
  if (dataset.errors.length > 0) {
    return refuse("invalid_input", { errors: dataset.errors.slice(0, MAX_CSV_ERRORS) });
  }
  return ok(known.filter((name) => only?.includes(name) ?? true).map((name) => dataset.course(name)));
}

/** Joins the tables: what a row names must exist in the table that defines it. */
class Dataset {
  readonly presentations = new Map<string, Presentation>();
  readonly errors: FieldError[] = [];
  readonly #ofAssessment = new Map<string, Presentation>();

  addCourse({ line, value }: CsvRow<Course>): void {
    const name = nameOf(value);
    if (this.presentations.has(name)) {
      const message = `${name} is in an earlier line, too.`;
      this.#refuse("courses.csv", line, "code_presentation", "duplicate_id", message);
      return;
    }
    const letter = value.code_presentation.endsWith("B") ? "B" : "J";
    const start = Date.UTC(Number(value.code_presentation.slice(0, -1)), START_MONTH[letter], 1);
    const empty = { assessments: [], learners: new Set<string>(), submissions: [] };
    this.presentations.set(name, { course: value, slug: name.toLowerCase(), start, ...empty });
  }

  addAssessment({ line, value }: CsvRow<Assessment>): void {
    const presentation = this.#presentation("assessments.csv", line, value);
    if (presentation === undefined) return;
    const { id_assessment: number } = value;
    if (this.#ofAssessment.has(number)) {
      const message = `Assessment ${number} is in an earlier line, too.`;
      this.#refuse("assessments.csv", line, "id_assessment", "duplicate_id", message);
      return;
    }
    this.#ofAssessment.set(number, presentation);
    presentation.assessments.push(value);
  }

  /** A repeated registration counts once: enrolling twice changes nothing. */
  addRegistration({ line, value }: CsvRow<z.infer<typeof registrationSchema>>): void {
    this.#presentation("studentRegistration.csv", line, value)?.learners.add(value.id_student);
  }

  addSubmission({ line, value }: CsvRow<z.infer<typeof submissionSchema>>): void {
    const { id_assessment: number, id_student: student } = value;
    const presentation = this.#ofAssessment.get(number);
    if (presentation === undefined) {
      const message = `There is no assessment ${number} in assessments.csv.`;
      this.#refuse("studentAssessment.csv", line, "id_assessment", "unknown_assessment", message);
    } else if (!presentation.learners.has(student)) {
      const message = `Student ${student} is not registered in ${nameOf(presentation.course)}.`;
      this.#refuse("studentAssessment.csv", line, "id_student", "not_registered", message);
    } else {
      presentation.submissions.push(value);
    }
  }

  /** @param name of an existing presentation. */
  course(name: string): OuladCourse {
    const presentation = this.presentations.get(name);
    if (presentation === undefined) throw new Error(`no presentation ${name}`);
    const { slug, start, submissions, learners } = presentation;
    const facts = submissions
      .toSorted((a, b) => a.date_submitted - b.date_submitted)
      .map(
        ({ id_student, id_assessment, date_submitted, score }): OuladFact => ({
          user_id: id_student,
          item: `${slug}.${id_assessment}`,
          completed: true,
          score,
          at: toInstant(start + date_submitted * DAY_MS),
        }),
      );
    return { name, document: documentOf(name, presentation), learners: [...learners], facts };
  }

  #presentation(
    file: string,
    line: number,
    row: { code_module: string; code_presentation: string },
  ): Presentation | undefined {
    const name = nameOf(row);
    const presentation = this.presentations.get(name);
    if (presentation === undefined) {
      const message = `There is no presentation ${name} in courses.csv.`;
      this.#refuse(file, line, "code_presentation", "unknown_presentation", message);
    }
    return presentation;
  }

  #refuse(file: string, line: number, column: string, rule: string, message: string): void {
    this.errors.push({ path: placeIn(file, line, column), rule, message });
  }
}

function nameOf(row: { code_module: string; code_presentation: string }): string {
  return `${row.code_module}-${row.code_presentation}`;
}

function documentOf(name: string, { course, slug, assessments }: Presentation): CourseDocumentInput {
  const length = course.module_presentation_length;
  const ordered = assessments.toSorted(
    (a, b) =>
      (a.date ?? Number.POSITIVE_INFINITY) - (b.date ?? Number.POSITIVE_INFINITY) ||
      Number(a.id_assessment) - Number(b.id_assessment),
  );
  const titles = titlesOf(ordered);
  const problems = ordered.map((assessment, position) => ({
    quarter: quarterOf(assessment.date, length),
    problem: { id: `${slug}.${assessment.id_assessment}`, title: titles[position] ?? assessment.assessment_type },
  }));
  /** The nearest earlier chapter that has problems. */
  let gate: string | null = null;
  const chapters = Array.from({ length: QUARTERS }, (_, quarter) => {
    const chapterId = `${slug}.q${quarter + 1}`;
    const rule: Rule | null = gate === null ? null : { progress: { of: gate, min_percent: OPENS_AT_PERCENT } };
    const own = problems.filter((entry) => entry.quarter === quarter).map((entry) => entry.problem);
    if (own.length > 0) gate = chapterId;
    const first = Math.ceil((quarter * length) / QUARTERS);
    const last = Math.ceil(((quarter + 1) * length) / QUARTERS) - 1;
    return { id: chapterId, title: `Quarter ${quarter + 1} (days ${first} to ${last})`, rule, problems: own };
  });
  return { slug, title: name, chapters };
}

/** Counted from 0. */
function quarterOf(day: number | null, length: number): number {
  if (day === null) return QUARTERS - 1;
  return Math.min(Math.max(Math.floor((day * QUARTERS) / length), 0), QUARTERS - 1);
}

/** `TMA 2 (weight 18)`: numbered if the presentation has several of a type. */
function titlesOf(ordered: readonly Assessment[]): string[] {
  const totals = Map.groupBy(ordered, (assessment) => assessment.assessment_type);
  return ordered.map((assessment) => {
    const { assessment_type: type, weight } = assessment;
    const alike = totals.get(type) ?? [];
    return `${type}${alike.length > 1 ? ` ${alike.indexOf(assessment) + 1}` : ""} (weight ${weight})`;
  });
}
