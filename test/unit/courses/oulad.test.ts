import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { courseDocumentSchema, documentPaths, splitDocument } from "../../../src/courses/document.ts";
import { importOulad, type OuladTables } from "../../../src/courses/importers/oulad.ts";
import { readCsv } from "../../../src/platform/read-csv.ts";
import { analyze } from "../../../src/unlock/analyze.ts";

/** Not part of the product; see its README. */
const DATA = "../shared/data/oulad";
const LENGTH = 100;

/** Rows below each header; a presentation AAA-2013J of 100 days is there unless others are given. */
function tables(rows: { [Table in keyof OuladTables]?: readonly string[] }): OuladTables {
  const text = (header: string, lines: readonly string[] = []) => `${[header, ...lines].join("\n")}\n`;
  return {
    courses: text("code_module,code_presentation,module_presentation_length", rows.courses ?? [`AAA,2013J,${LENGTH}`]),
    assessments: text("code_module,code_presentation,id_assessment,assessment_type,date,weight", rows.assessments),
    studentRegistration: text(
      "code_module,code_presentation,id_student,date_registration,date_unregistration",
      rows.studentRegistration,
    ),
    studentAssessment: text("id_assessment,id_student,date_submitted,is_banked,score", rows.studentAssessment),
  };
}

function imported(source: OuladTables, only: readonly string[] | null = null) {
  const result = importOulad(source, only);
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.refusal)}`);
  return result.value;
}

function refusedAt(source: OuladTables, only: readonly string[] | null = null) {
  const result = importOulad(source, only);
  if (result.ok) throw new Error("this should have been refused");
  expect(result.refusal.code).toBe("invalid_input");
  return result.refusal.errors?.map(({ path, rule }) => `${path} ${rule}`);
}

/** Ids of the problems of each chapter, without the course, and what each chapter asks for. */
function shapeOf(source: OuladTables) {
  const [course] = imported(source);
  const parsed = courseDocumentSchema.parse(course?.document);
  expect(analyze(splitDocument(parsed).outline, documentPaths(parsed))).toEqual({ errors: [], warnings: [] });
  return parsed.chapters.map(({ problems, rule }) => ({
    problems: problems.map(({ id }) => id.slice(id.indexOf(".") + 1)),
    rule,
  }));
}

const asks = (chapter: string) => ({ progress: { of: `aaa-2013j.${chapter}`, min_percent: 60 } });

describe("courses and chapters", () => {
  it("makes a course of each presentation, with its name as title and four named quarters", () => {
    const courses = imported(tables({ courses: ["AAA,2013J,268", "BBB,2014B,234"] }));
    expect(courses.map(({ name, document }) => [name, document.slug, document.title])).toEqual([
      ["AAA-2013J", "aaa-2013j", "AAA-2013J"],
      ["BBB-2014B", "bbb-2014b", "BBB-2014B"],
    ]);
    expect(courses[0]?.document.chapters?.map(({ title }) => title)).toEqual([
      "Quarter 1 (days 0 to 66)",
      "Quarter 2 (days 67 to 133)",
      "Quarter 3 (days 134 to 200)",
      "Quarter 4 (days 201 to 267)",
    ]);
  });

  it("puts assessments into quarters by date, sorts them by date and id, and locks each behind the one before", () => {
    const assessments = ["AAA,2013J,30,TMA,80,20", "AAA,2013J,9,CMA,30,5", "AAA,2013J,10,TMA,30,5"];
    const more = ["AAA,2013J,1,TMA,0,5", "AAA,2013J,2,TMA,24,5", "AAA,2013J,3,TMA,25,5", "AAA,2013J,4,TMA,50,5"];
    expect(shapeOf(tables({ assessments: [...assessments, ...more] }))).toEqual([
      { problems: ["1", "2"], rule: null },
      { problems: ["3", "9", "10"], rule: asks("q1") },
      { problems: ["4"], rule: asks("q2") },
      { problems: ["30"], rule: asks("q3") },
    ]);
  });

  it.each(["", "?"])("takes an assessment without a date (%j) as due at the end, after those with one", (date) => {
    const assessments = [`AAA,2013J,5,Exam,${date},100`, "AAA,2013J,6,TMA,99,10", "AAA,2013J,7,TMA,1,10"];
    expect(shapeOf(tables({ assessments })).map(({ problems }) => problems)).toEqual([["7"], [], [], ["6", "5"]]);
  });

  it("puts work that is due before the start or after the end into the first or the last quarter", () => {
    const assessments = ["AAA,2013J,1,TMA,-3,10", `AAA,2013J,2,Exam,${LENGTH},10`, "AAA,2013J,3,Exam,300,10"];
    expect(shapeOf(tables({ assessments })).map(({ problems }) => problems)).toEqual([["1"], [], [], ["2", "3"]]);
  });

  it("skips a quarter without assessments, and waits for the nearest earlier one that has some", () => {
    const assessments = ["AAA,2013J,1,TMA,10,10", "AAA,2013J,2,TMA,60,10", "AAA,2013J,3,TMA,90,10"];
    expect(shapeOf(tables({ assessments })).map(({ rule }) => rule)).toEqual([
      null,
      asks("q1"),
      asks("q1"),
      asks("q3"),
    ]);
  });

  it("leaves the first quarters open while no quarter before them has assessments", () => {
    const assessments = ["AAA,2013J,1,TMA,30,10", "AAA,2013J,2,TMA,90,10"];
    expect(shapeOf(tables({ assessments })).map(({ rule }) => rule)).toEqual([null, null, asks("q2"), asks("q2")]);
  });

  it("makes a course of a presentation without assessments too", () => {
    expect(shapeOf(tables({})).map(({ rule }) => rule)).toEqual([null, null, null, null]);
  });

  it("has type and weight in the title, with a number where there are several", () => {
    const assessments = ["AAA,2013J,2,TMA,20,12.5", "AAA,2013J,1,TMA,10,10", "AAA,2013J,3,Exam,,100"];
    const [course] = imported(tables({ assessments }));
    const problems = course?.document.chapters?.flatMap((chapter) => chapter.problems ?? []);
    expect(problems?.map(({ id, title }) => [id, title])).toEqual([
      ["aaa-2013j.1", "TMA 1 (weight 10)"],
      ["aaa-2013j.2", "TMA 2 (weight 12.5)"],
      ["aaa-2013j.3", "Exam (weight 100)"],
    ]);
  });

  it("always makes courses that can be published, with every assessment in the quarter of its date", () => {
    const dates = fc.array(fc.option(fc.integer({ min: 0, max: 120 })), { maxLength: 20 });
    fc.assert(
      fc.property(dates, fc.integer({ min: 4, max: 120 }), (days, length) => {
        const assessments = days.map((day, index) => `AAA,2013J,${index + 1},TMA,${day ?? ""},1`);
        const shape = shapeOf(tables({ courses: [`AAA,2013J,${length}`], assessments }));
        expect(shape).toHaveLength(4);
        days.forEach((day, index) => {
          const quarter = shape.findIndex(({ problems }) => problems.includes(String(index + 1)));
          const due = day ?? length;
          expect(quarter === 0 || due >= (quarter * length) / 4).toBe(true);
          expect(quarter === 3 || due < ((quarter + 1) * length) / 4).toBe(true);
        });
      }),
    );
  });
});

describe("learners and facts", () => {
  const assessments = ["AAA,2013J,1,TMA,10,10", "BBB,2014B,2,TMA,10,10"];
  const courses = ["AAA,2013J,100", "BBB,2014B,100"];
  const studentRegistration = ["AAA,2013J,11,-9,?", "AAA,2013J,12,-9,3", "BBB,2014B,11,?,?", "AAA,2013J,11,-9,?"];

  it("enrolls everybody who was registered, once, also those who left", () => {
    const [first, second] = imported(tables({ courses, assessments, studentRegistration }));
    expect(first?.learners).toEqual(["11", "12"]);
    expect(second?.learners).toEqual(["11"]);
  });

  it("makes a completion of every submission, in order of day, also of banked ones and of those without a score", () => {
    const studentAssessment = ["1,11,18,0,78", "1,12,-1,1,60", "2,11,0,0,?", "1,11,20,0,", "1,11,18,0,0"];
    const [first, second] = imported(tables({ courses, assessments, studentRegistration, studentAssessment }));
    const fact = (user_id: string, score: number | null, at: string) => {
      return { user_id, item: "aaa-2013j.1", completed: true, score, at };
    };
    expect(first?.facts).toEqual([
      fact("12", 60, "2013-09-30T00:00:00.000Z"),
      fact("11", 78, "2013-10-19T00:00:00.000Z"),
      fact("11", 0, "2013-10-19T00:00:00.000Z"),
      fact("11", null, "2013-10-21T00:00:00.000Z"),
    ]);
    expect(second?.facts).toEqual([
      { user_id: "11", item: "bbb-2014b.2", completed: true, score: null, at: "2014-02-01T00:00:00.000Z" },
    ]);
  });

  it("imports only the presentations that are asked for, and refuses one that does not exist", () => {
    const source = tables({ courses, assessments, studentRegistration });
    expect(imported(source, ["BBB-2014B"]).map(({ name }) => name)).toEqual(["BBB-2014B"]);
    expect(refusedAt(source, ["CCC-2014B"])).toEqual(["courses.csv unknown_presentation"]);
  });
});

describe("bad input", () => {
  it.each([
    ["courses", "AAA,2013,100", "courses.csv line 2 code_presentation invalid_format"],
    ["courses", "AAA,2013J,3", "courses.csv line 2 module_presentation_length too_small"],
    ["courses", "a-b,2013J,100", "courses.csv line 2 code_module invalid_format"],
    ["assessments", "AAA,2013J,x,TMA,1,1", "assessments.csv line 2 id_assessment invalid_format"],
    ["assessments", "AAA,2013J,1,TMA,soon,1", "assessments.csv line 2 date invalid_format"],
    ["assessments", "AAA,2013J,1,?,1,1", "assessments.csv line 2 assessment_type invalid_type"],
    ["assessments", "AAA,2014J,1,TMA,1,1", "assessments.csv line 2 code_presentation unknown_presentation"],
    ["assessments", "AAA,2013J,1,TMA,1", "assessments.csv line 2 column_count"],
    ["assessments", 'AAA,2013J,1,"TMA,1,1', "assessments.csv line 2 broken_quotes"],
    ["studentRegistration", "AAA,2013J,,1,?", "studentRegistration.csv line 2 id_student invalid_type"],
    ["studentRegistration", "ZZZ,2013J,1,1,?", "studentRegistration.csv line 2 code_presentation unknown_presentation"],
    ["studentAssessment", "1,11,1,2,50", "studentAssessment.csv line 2 is_banked invalid_format"],
    ["studentAssessment", "1,11,1,0,101", "studentAssessment.csv line 2 score too_big"],
    ["studentAssessment", "1,11,1,0,-1", "studentAssessment.csv line 2 score invalid_format"],
    ["studentAssessment", "1,11,?,0,50", "studentAssessment.csv line 2 date_submitted invalid_type"],
    ["studentAssessment", "7,11,1,0,50", "studentAssessment.csv line 2 id_assessment unknown_assessment"],
  ])("%s: %s", (table, line, error) => {
    expect(refusedAt(tables({ [table]: [line] }))).toEqual([error]);
  });

  it("names a submission of somebody who was never registered, and ids that occur twice", () => {
    const assessments = ["AAA,2013J,1,TMA,10,10", "AAA,2013J,1,CMA,10,10"];
    const courses = ["AAA,2013J,100", "AAA,2013J,90"];
    expect(refusedAt(tables({ courses, assessments, studentAssessment: ["1,11,1,0,50"] }))).toEqual([
      "courses.csv line 3 code_presentation duplicate_id",
      "assessments.csv line 3 id_assessment duplicate_id",
      "studentAssessment.csv line 2 id_student not_registered",
    ]);
  });

  it("names every column that a header lacks", () => {
    const source = { ...tables({}), studentAssessment: "id_assessment,id_student,score\n" };
    expect(refusedAt(source)).toEqual([
      "studentAssessment.csv line 1 date_submitted missing_column",
      "studentAssessment.csv line 1 is_banked missing_column",
    ]);
  });

  it("lists a limited number of errors", () => {
    const studentAssessment = Array.from({ length: 1_000 }, () => "1,11,1,0,101");
    expect(refusedAt(tables({ studentAssessment }))).toHaveLength(50);
  });
});

describe("comma-separated text", () => {
  const schema = z.object({ b: z.string(), a: z.string().nullable() });

  it("reads columns by name, quotes, a byte order mark and both kinds of line ends", () => {
    const text = '\uFEFF"a","x",b\r\n"say ""hi"", you",1,2\r\n?,,3\n\n';
    expect(readCsv("t.csv", text, schema)).toEqual({
      rows: [
        { line: 2, value: { a: 'say "hi", you', b: "2" } },
        { line: 3, value: { a: null, b: "3" } },
      ],
      errors: [],
    });
  });

  it.each(['a,b\n1,"2"3', 'a,b\n1,2"', 'a,b\n"1,2'])("refuses a stray quote: %j", (text) => {
    expect(readCsv("t.csv", text, schema).errors.map(({ path, rule }) => `${path} ${rule}`)).toEqual([
      "t.csv line 2 broken_quotes",
    ]);
  });
});

describe.skipIf(!existsSync(DATA))("the real dataset", () => {
  const read = (table: string) => readFileSync(`${DATA}/${table}.csv`, "utf8");

  it("is imported completely", () => {
    const courses = imported({
      courses: read("courses"),
      assessments: read("assessments"),
      studentRegistration: read("studentRegistration"),
      studentAssessment: read("studentAssessment"),
    });
    expect(courses).toHaveLength(15);
    expect(courses.reduce((sum, { learners }) => sum + learners.length, 0)).toBe(21_333);
    expect(courses.reduce((sum, { facts }) => sum + facts.length, 0)).toBe(121_738);
    // The one presentation whose first quarter has no assessment.
    const gaps = courses.filter(({ document }) =>
      document.chapters?.some(({ problems = [] }) => problems.length === 0),
    );
    expect(gaps.map(({ name, document }) => [name, document.chapters?.map(({ rule }) => rule)])).toEqual([
      [
        "GGG-2014B",
        [
          null,
          null,
          { progress: { of: "ggg-2014b.q2", min_percent: 60 } },
          { progress: { of: "ggg-2014b.q3", min_percent: 60 } },
        ],
      ],
    ]);
  });
});
