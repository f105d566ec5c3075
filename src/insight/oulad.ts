import { z } from "@hono/zod-openapi";
import { readCsv } from "../platform/read-csv.ts";
import { ok, type Result, refuse } from "../platform/results.ts";
import type { CourseFacts, Learner } from "./world.ts";

/** Texts of the dataset's files, by name without `.csv`. */
export interface OuladInsightTables {
  courses: string;
  assessments: string;
  studentInfo: string;
  studentRegistration: string;
  studentAssessment: string;
}

/** Months (from 0) in which the presentations of each letter start, on the first day. */
const START_MONTH: Readonly<Record<string, number>> = { B: 1, J: 9 };

const text = z.string("must not be missing");
const number = text.regex(/^-?\d{1,6}(\.\d{1,4})?$/, "a number").transform(Number);
const presentation = {
  code_module: text.regex(/^[A-Z0-9]{1,32}$/, "capital letters and digits"),
  code_presentation: text.regex(/^\d{4}[BJ]$/, "a year and B (February) or J (October), e.g. 2013J"),
};
const id = text.regex(/^\d{1,18}$/, "digits");
const courseSchema = z.object({ ...presentation, module_presentation_length: number });
const assessmentSchema = z.object({
  ...presentation,
  id_assessment: id,
  assessment_type: text,
  date: number.nullable(),
  weight: number,
});
/** Only these columns are read. The dataset's columns about a person's sex, origin, age or disability are not. */
const infoSchema = z.object({
  ...presentation,
  id_student: id,
  num_of_prev_attempts: number,
  studied_credits: number,
  final_result: z.enum(["Pass", "Distinction", "Fail", "Withdrawn"]),
});
const registrationSchema = z.object({
  ...presentation,
  id_student: id,
  date_registration: number.nullable(),
  date_unregistration: number.nullable(),
});
const submissionSchema = z.object({
  id_assessment: id,
  id_student: id,
  date_submitted: number,
  score: number.nullable(),
});

/**
 * Reads the Open University Learning Analytics Dataset as facts for early warning. Courses and items have the ids that
 * the importer of courses gives them. All lists are in the order of their ids, as in a snapshot.
 *
 * @returns `invalid_input`, each error with file, line and column. Rows that name something unknown are left out,
 * because cleaning could not join them.
 */
export function worldOfOulad(tables: OuladInsightTables): Result<CourseFacts[]> {
  const courses = readCsv("courses.csv", tables.courses, courseSchema);
  const assessments = readCsv("assessments.csv", tables.assessments, assessmentSchema);
  const infos = readCsv("studentInfo.csv", tables.studentInfo, infoSchema);
  const registrations = readCsv("studentRegistration.csv", tables.studentRegistration, registrationSchema);
  const submissions = readCsv("studentAssessment.csv", tables.studentAssessment, submissionSchema);
  const errors = [courses, assessments, infos, registrations, submissions].flatMap((table) => table.errors);
  if (errors.length > 0) return refuse("invalid_input", { errors });

  const world = new Map<string, CourseFacts>();
  for (const { value } of courses.rows) {
    const { code_module: module, code_presentation: period } = value;
    const start = Date.UTC(Number(period.slice(0, -1)), START_MONTH[period.slice(-1)] ?? 0, 1);
    const name = nameOf(value);
    const length = value.module_presentation_length;
    world.set(name, {
      course: name,
      module: module.toLowerCase(),
      period,
      start,
      length,
      assessments: [],
      learners: [],
    });
  }
  const courseOfAssessment = new Map<string, CourseFacts>();
  for (const { value } of assessments.rows) {
    const course = world.get(nameOf(value));
    if (course === undefined) continue;
    courseOfAssessment.set(value.id_assessment, course);
    course.assessments.push({
      item: `${course.course}.${value.id_assessment}`,
      due: value.date,
      weight: value.weight,
      isExam: value.assessment_type === "Exam",
    });
  }
  const learners = new Map<string, Learner>();
  for (const { value } of infos.rows) {
    const course = world.get(nameOf(value));
    if (course === undefined) continue;
    const learner: Learner = {
      user: value.id_student,
      registered: null,
      withdrawn: null,
      attempts: value.num_of_prev_attempts,
      credits: value.studied_credits,
      passed: value.final_result === "Pass" || value.final_result === "Distinction",
      submissions: [],
    };
    course.learners.push(learner);
    learners.set(`${course.course}:${learner.user}`, learner);
  }
  for (const { value } of registrations.rows) {
    const learner = learners.get(`${nameOf(value)}:${value.id_student}`);
    if (learner === undefined) continue;
    learner.registered = value.date_registration;
    learner.withdrawn = value.date_unregistration;
  }
  for (const { value } of submissions.rows) {
    const course = courseOfAssessment.get(value.id_assessment);
    if (course === undefined) continue;
    const learner = learners.get(`${course.course}:${value.id_student}`);
    const item = `${course.course}.${value.id_assessment}`;
    learner?.submissions.push({ item, day: value.date_submitted, score: value.score });
  }
  for (const course of world.values()) {
    course.learners.sort((a, b) => (a.user < b.user ? -1 : 1));
    course.assessments.sort((a, b) => (a.item < b.item ? -1 : 1));
  }
  return ok([...world.values()].sort((a, b) => (a.course < b.course ? -1 : 1)));
}

function nameOf(row: { code_module: string; code_presentation: string }): string {
  return `${row.code_module}-${row.code_presentation}`.toLowerCase();
}
