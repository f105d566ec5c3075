import { describe, expect, it } from "vitest";
import { z } from "zod";
import { archiveFiles } from "../../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../../src/courses/importers/archive/source.ts";
import { importCourse } from "../../../../src/courses/importers/format.ts";
import { instantIn } from "../../../../src/courses/importers/prairielearn/clock.ts";
import { PRAIRIELEARN } from "../../../../src/courses/importers/prairielearn/index.ts";
import { importReportSchema } from "../../../../src/courses/importers/report.ts";
import { zipOf } from "../../../support/courses/archives.ts";
import { type Known, outcomeOf } from "../../../support/courses/imported-rules.ts";
import { courseJson, hasCourses, importedFile } from "../../../support/courses/sources.ts";

const expectedSchema = z.object({
  counts: z.object({ assessments: z.number(), course_instances: z.number(), access_rules: z.number() }),
  assessments: z.array(
    z.object({
      path: z.string(),
      reachable: z.boolean(),
      zones: z.number(),
      question_ids: z.number(),
      missing_questions: z.number(),
      allowAccess: z.array(z.unknown()).nullable(),
      advanceScorePerc: z.array(z.number()).nullable(),
      question_advanceScorePerc: z.array(z.unknown()).nullable(),
    }),
  ),
});

describe.skipIf(!hasCourses)("real courses of PrairieLearn", () => {
  it.each(["theory-course", "access-shapes", "practice-quizzes"])(
    "%s: every assessment, question and rule is in the report",
    async (file) => {
      const { counts, assessments } = expectedSchema.parse(courseJson(`prairielearn/${file}.EXPECTED.json`));
      const { document, report } = await importedFile(PRAIRIELEARN, `prairielearn/${file}.zip`);
      expect(importReportSchema.parse(report)).toEqual(report);
      const reachable = assessments.filter((one) => one.reachable);
      expect(report.content.elements).toMatchObject({
        assessment: reachable.length,
        course_instance: counts.course_instances,
      });
      const root = `${file}/`;
      const sources = new Map(report.items.map(({ source, id }) => [source, id]));
      const problems = new Map(document.chapters.map((chapter) => [chapter.id, chapter.problems ?? []]));
      for (const { path, question_ids } of reachable)
        expect(problems.get(sources.get(root + path) ?? "")).toHaveLength(question_ids);
      const rules = report.gates.filter(({ source }) => /infoAssessment\.json: allowAccess\[\d+\]$/.test(source));
      expect(rules).toHaveLength(counts.access_rules);
      const advances = report.gates.filter(({ rule }) => JSON.stringify(rule).includes("advanceScorePerc"));
      expect(advances).toHaveLength(
        assessments.reduce(
          (sum, one) => sum + (one.advanceScorePerc?.length ?? 0) + (one.question_advanceScorePerc?.length ?? 0),
          0,
        ),
      );
      const missing = report.content.notes.filter(({ rule }) => rule === "missing_question");
      expect(missing).toHaveLength(reachable.reduce((sum, one) => sum + one.missing_questions, 0));
    },
  );
});

const question = (id: string, rest: object = {}) => ({ id, ...rest });
async function imported(assessment: object, instance: object = { publishing: { startDate: "2020-01-01T00:00:00" } }) {
  const result = await importing(assessment, instance);
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
}
const importing = (assessment: unknown, instance: object = {}) =>
  importCourse(
    PRAIRIELEARN,
    archiveFiles(
      blobSource(
        new Blob([
          zipOf({
            "t/infoCourse.json": JSON.stringify({ name: "CS 1", title: "Intro", timezone: "Europe/Berlin" }),
            "t/courseInstances/Fa 25/infoCourseInstance.json": JSON.stringify(instance),
            "t/courseInstances/Fa 25/assessments/hw/one/infoAssessment.json": JSON.stringify(assessment),
            "t/questions/a/info.json": JSON.stringify({ title: "Question A" }),
            "t/questions/b/c/info.json": JSON.stringify({ title: "Question C" }),
          }),
        ]),
        "t.zip",
      ),
    ),
  );
const at = (instant: string, cohorts: string[] = [], scores: [string, number][] = []): Known => ({
  now: Date.parse(instant),
  states: new Map(),
  scores: new Map(scores.map(([item, points]) => [item, { points, min: 0, max: 100 }])),
  cohorts: new Set(cohorts),
  profile: new Map(),
});

describe("access rules of PrairieLearn", () => {
  it("open an assessment in their windows, in the time zone of the instance", async () => {
    const allowAccess = [{ startDate: "2025-07-01T00:00:01", endDate: "2025-07-31T23:59:59", credit: 100 }];
    const { document, report } = await imported({ allowAccess });
    const rule = document.chapters[0]?.rule ?? null;
    expect(outcomeOf(rule, at("2025-06-30T22:00:00Z"))).toBe("hidden");
    expect(outcomeOf(rule, at("2025-06-30T22:00:01Z"))).toBe("open");
    expect(outcomeOf(rule, at("2025-07-31T21:59:59Z"))).toBe("hidden");
    expect(report.counts).toEqual({ exact: 2, approximated: 0, unmapped: 0 });
  });

  it("show an inactive assessment without opening it, and give more time to the people they name", async () => {
    const allowAccess = [
      { active: false, startDate: "2025-01-01T00:00:00" },
      { startDate: "2025-02-01T00:00:00", endDate: "2025-03-01T00:00:00", credit: 100 },
      { uids: ["b@x.example", "A@x.example"], endDate: "2025-04-01T00:00:00", credit: 80, timeLimitMin: 50 },
    ];
    const { document, report, people } = await imported({ allowAccess });
    const rule = document.chapters[0]?.rule ?? null;
    const [cohort = ""] = people?.learners[0]?.cohorts ?? [];
    expect(people?.learners.map(({ user, cohorts }) => [user, cohorts])).toEqual([
      ["A@x.example", [cohort]],
      ["b@x.example", [cohort]],
    ]);
    expect(
      ["2024-12-01", "2025-01-15", "2025-02-15", "2025-03-15"].map((day) => outcomeOf(rule, at(`${day}T12:00:00Z`))),
    ).toEqual(["hidden", "locked", "open", "locked"]);
    expect(outcomeOf(rule, at("2025-03-15T12:00:00Z", [cohort]))).toBe("open");
    const told = report.gates.find(({ source }) => source.endsWith("[2]"));
    expect(told).toMatchObject({
      rule: { uids: "2 people" },
      verdict: "approximated",
      why: expect.stringMatching(/80 %.*50 minutes/),
    });
    expect(JSON.stringify(report)).not.toContain("x.example");
  });

  it("that ask for something Latchkey does not know open for nobody, and this is reported", async () => {
    for (const access of [{ password: "x" }, { mode: "Exam" }, { examUuid: "u" }, { startDate: "soon" }]) {
      const { document, report } = await imported({ allowAccess: [access] });
      expect(outcomeOf(document.chapters[0]?.rule ?? null, at("2025-01-01T00:00:00Z"))).toBe("hidden");
      expect(report.counts.unmapped).toBe(1);
    }
    for (const empty of [{}, { allowAccess: [] }, { accessControl: [] }, { allowAccess: [{ uids: [] }] }]) {
      const { document, report } = await imported(empty);
      expect(outcomeOf(document.chapters[0]?.rule ?? null, at("2025-01-01T00:00:00Z"))).toBe("hidden");
      expect(report.counts.unmapped).toBe(0);
    }
  });

  it("wait for the rules of their instance too", async () => {
    const { document } = await imported(
      { allowAccess: [{}] },
      { allowAccess: [{ startDate: "2025-01-01T00:00:00", institution: "Any" }] },
    );
    const rule = document.chapters[0]?.rule ?? null;
    expect(outcomeOf(rule, at("2024-12-31T22:59:59Z"))).toBe("hidden");
    expect(outcomeOf(rule, at("2024-12-31T23:00:00Z"))).toBe("open");
  });
});

describe("questions of PrairieLearn", () => {
  it("lock the questions after them until their score is reached; the setting nearest to the question counts", async () => {
    const zones = [
      {
        questions: [
          question("a", { advanceScorePerc: 80 }),
          { numberChoose: 1, alternatives: [question("b/c"), question("gone")] },
        ],
      },
      { advanceScorePerc: 0, lockpoint: true, questions: [question("@other/q")] },
    ];
    const { document, report } = await imported({ allowAccess: [{}], advanceScorePerc: 50, zones });
    const [first, second, third, fourth] = document.chapters[0]?.problems ?? [];
    expect([first, second, third, fourth].map((item) => item?.title.en)).toEqual([
      "Question A",
      "Question C",
      "gone",
      "@other/q",
    ]);
    expect(first?.rule).toBeNull();
    expect(second?.rule).toEqual({ score: { item: first?.id, min: 80 } });
    expect(third?.rule).toEqual(second?.rule);
    expect(fourth?.rule).toEqual({
      all: [
        { score: { item: first?.id, min: 80 } },
        { any: [{ score: { item: second?.id, min: 50 } }, { score: { item: third?.id, min: 50 } }] },
      ],
    });
    expect(report.gates.filter(({ verdict }) => verdict === "unmapped")).toMatchObject([{ rule: { lockpoint: true } }]);
    expect(report.content.notes.map(({ message }) => message)).toEqual([
      expect.stringContaining("gone is not in the file"),
      expect.stringContaining("belongs to another course"),
    ]);
  });

  it("in a random order lock nothing, and this is reported", async () => {
    const zones = [{ advanceScorePerc: 80, questions: [question("a"), question("b/c")] }];
    const { document, report } = await imported({ type: "Exam", allowAccess: [{}], zones });
    expect(document.chapters[0]?.problems?.map(({ rule }) => rule)).toEqual([null, null]);
    expect(report.counts.unmapped).toBe(1);
  });
});

describe("files of PrairieLearn", () => {
  it("of another form are refused with their place", async () => {
    expect(await importing({ allowAccess: [{ credit: "all" }] })).toMatchObject({
      refusal: {
        errors: [
          {
            path: "t/courseInstances/Fa 25/assessments/hw/one/infoAssessment.json: allowAccess[0].credit",
            rule: "invalid_type",
          },
        ],
      },
    });
    expect(await importing({}, { timezone: "Mars/Olympus" })).toMatchObject({
      refusal: { errors: [{ rule: "time_zone" }] },
    });
    expect(await importing({ number: 3, allowAccess: [{}] })).toMatchObject({
      value: { document: { chapters: [{ title: { en: "3" } }] } },
    });
    const none = await importCourse(
      PRAIRIELEARN,
      archiveFiles(blobSource(new Blob([zipOf({ "a.txt": "x" })]), "a.zip")),
    );
    expect(none).toMatchObject({ refusal: { errors: [{ path: "infoCourse.json", rule: "missing_file" }] } });
  });

  it("have dates in time zones with summer time", () => {
    expect(instantIn("America/Chicago", "2025-01-19T00:00:01")).toBe("2025-01-19T06:00:01.000Z");
    expect(instantIn("America/Chicago", "2025-07-19T00:00:01")).toBe("2025-07-19T05:00:01.000Z");
    expect(instantIn("Europe/Berlin", "2025-03-30T02:30:00")).toBe("2025-03-30T01:30:00.000Z");
    expect(instantIn("Europe/Berlin", "2025-10-26T02:30:00")).toBe("2025-10-26T00:30:00.000Z");
    expect(instantIn("Asia/Kolkata", "2400-05-13T23:59:59")).toBe("2400-05-13T18:29:59.000Z");
    expect(instantIn("UTC", "tomorrow")).toBeNull();
  });
});
