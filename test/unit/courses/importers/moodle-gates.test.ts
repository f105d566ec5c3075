import { describe, expect, it } from "vitest";
import { backupOf, importBackup, importedBackup } from "../../../support/courses/moodle-backup.ts";

const done = (cm: number) => ({ type: "completion", cm, e: 1 });
const all = (...c: unknown[]) => ({ op: "&", c, showc: c.map(() => true) });
const any = (...c: unknown[]) => ({ op: "|", c, show: true });
const ONE_SECTION = [{ id: 1, number: 0, sequence: [1, 2, 3] }];

/** A backup of three pages, the third with this condition. */
const gated = (availability: unknown, release = "4.5.6 (Build: 20250811)") =>
  backupOf(release, ONE_SECTION, [
    { id: 1, section: 1 },
    { id: 2, section: 1 },
    { id: 3, section: 1, availability },
  ]);

async function gate(availability: unknown, release?: string) {
  const { items, report } = await importedBackup(gated(availability, release));
  return { rule: items.get("A3")?.rule, gates: report.gates };
}

describe("a condition of a backup", () => {
  it("asks for the states that count as complete in the release of the backup", async () => {
    const rule = async (e: number, release: string) =>
      (await gate(all({ type: "completion", cm: 1, e }), release)).rule;
    const is = (...states: string[]) => ({ state: { item: "small-one.page-1", is: states } });
    expect(await rule(1, "4.5 (Build: 20241007)")).toEqual(is("complete", "passed"));
    expect(await rule(1, "4.4.9 (Build: 20250414)")).toEqual(is("complete", "passed", "failed"));
    expect(await rule(0, "5.1.2 (Build: 20260101)")).toEqual(is("incomplete", "failed"));
    expect(await rule(0, "3.11 (Build: 20210517)")).toEqual(is("incomplete"));
    expect(await rule(1, "10.0 (Build: 20400101)")).toEqual(is("complete", "passed"));
  });

  it("of an unknown kind is dropped, as Moodle does, and reported with its place", async () => {
    const alone = await gate(all({ type: "shopping", price: 3 }));
    expect(alone.rule).toBeNull();
    expect(alone.gates).toMatchObject([
      { mapped: null, verdict: "unmapped", why: expect.stringMatching(/^c\[0\]: .*"shopping"/) },
    ]);
    const beside = await gate(any({ type: "shopping" }, done(1)));
    expect(beside.rule).toEqual({ state: { item: "small-one.page-1", is: ["complete", "passed"] } });
    expect(beside.gates).toMatchObject([{ verdict: "unmapped", source: "activities/page_3/module.xml" }]);
  });

  it("that is malformed hides the item, whatever other conditions there are, and is reported with its place", async () => {
    const nested = await gate(any({ type: "date", d: ">=", t: 1 }, all(done(1), { type: "date", d: "?", t: 1 })));
    expect(nested.rule).toMatchObject({ hide: { missing: { what: "condition" } } });
    expect(nested.gates[0]?.why).toContain("c[1].c[1].d");
    const text = await gate("{ no JSON");
    expect(text.rule).toMatchObject({ hide: { missing: { what: "condition" } } });
    expect(text.gates).toMatchObject([
      { rule: "{ no JSON", verdict: "exact", why: expect.stringContaining("not JSON") },
    ]);
  });

  it("on something that is gone names it; groups and grades that are gone are told apart from activities", async () => {
    const { rule } = await gate(
      all(done(99), { type: "grade", id: 98 }, { type: "group", id: 97 }, { type: "grouping", id: 96 }),
    );
    expect(rule).toEqual({
      all: [
        { missing: { what: "item", name: "course module 99" } },
        { missing: { what: "grade", name: "grade item 98" } },
        { missing: { what: "cohort", name: "group 97" } },
        { missing: { what: "cohort", name: "grouping 96" } },
      ],
    });
  });

  it("on the previous activity skips activities without completion tracking, and finds nothing before the first one", async () => {
    const files = backupOf("4.5.6", ONE_SECTION, [
      { id: 1, section: 1, availability: all(done(-1)) },
      { id: 2, section: 1, completion: 0 },
      { id: 3, section: 1, availability: all(done(-1)) },
    ]);
    const { items } = await importedBackup(files);
    expect(items.get("A1")?.rule).toEqual({ missing: { what: "item", name: "the activity before it" } });
    expect(items.get("A3")?.rule).toEqual({ state: { item: "small-one.page-1", is: ["complete", "passed"] } });
  });

  it("that waits for itself in a circle is imported as it is", async () => {
    const files = backupOf("4.5.6", ONE_SECTION, [
      { id: 1, section: 1, availability: all(done(3)) },
      { id: 2, section: 1 },
      { id: 3, section: 1, availability: all(done(1)) },
    ]);
    const { report } = await importedBackup(files);
    expect(report.counts).toMatchObject({ exact: 5, unmapped: 0 });
  });

  it("without parts is no unlock rule, and opens the item if it is one of several alternatives", async () => {
    expect(await gate(all())).toEqual({ rule: null, gates: [] });
    const { rule, gates } = await gate(any(done(1), { op: "&", c: [] }));
    expect(rule).toBeNull();
    expect(gates).toMatchObject([{ mapped: null, verdict: "exact" }]);
  });
});

describe("sections of a backup", () => {
  it("that are locked hide their activities; activities of a hidden section open by address only", async () => {
    const files = backupOf(
      "4.5.6",
      [
        { id: 1, number: 0, sequence: [1] },
        { id: 2, number: 1, sequence: [2], availability: all(done(1)) },
        { id: 3, number: 2, sequence: [3], visible: 0 },
      ],
      [
        { id: 1, section: 1 },
        { id: 2, section: 2 },
        { id: 3, section: 3 },
      ],
    );
    const { items } = await importedBackup(files);
    const rule = { state: { item: "small-one.page-1", is: ["complete", "passed"] } };
    expect(items.get("S1")?.rule).toEqual(rule);
    expect(items.get("A2")?.rule).toEqual({ hide: rule });
    expect(items.get("S2")?.visibility).toBe("unlisted");
    expect(items.get("A3")?.visibility).toBe("unlisted");
  });

  it.each([
    ["4.5.6", "small-one.page-3"],
    ["5.0.1", "small-one.page-1"],
  ])(
    "within sections are chapters that wait for both; in %s the activity before the first is %s",
    async (release, previous) => {
      const files = backupOf(
        release,
        [
          { id: 1, number: 0, sequence: [1, 2, 3], availability: all({ type: "date", d: ">=", t: 1_700_000_000 }) },
          {
            id: 2,
            number: 1,
            sequence: [4],
            subsection: 2,
            availability: all({ type: "date", d: "<", t: 1_800_000_000 }),
          },
        ],
        [
          { id: 1, section: 1 },
          { id: 2, section: 1, kind: "subsection", completion: 0 },
          { id: 3, section: 1 },
          { id: 4, section: 2, availability: all(done(-1)) },
        ],
      );
      const { items, document } = await importedBackup(files);
      expect(document.chapters.map(({ problems = [] }) => problems.map(({ title }) => title.en))).toEqual([
        ["A1", "A3"],
        ["A4"],
      ]);
      const from = { from: "2023-11-14T22:13:20.000Z" };
      const until = { until: "2027-01-15T08:00:00.000Z" };
      expect(items.get("S1")?.rule).toEqual({ all: [{ hide: from }, until] });
      expect(items.get("A4")?.rule).toEqual({
        all: [{ hide: { all: [from, until] } }, { state: { item: previous, is: ["complete", "passed"] } }],
      });
    },
  );
});

describe("completion settings of a backup", () => {
  it("become completion requirements; what a service has to report is in the report", async () => {
    const files = backupOf("4.5.6", ONE_SECTION, [
      { id: 1, section: 1, kind: "page", completion: 2, fields: "<completionview>1</completionview>" },
      {
        id: 2,
        section: 1,
        kind: "assign",
        completion: 2,
        own: "<completionsubmit>1</completionsubmit><duedate>1700000000</duedate>",
      },
      {
        id: 3,
        section: 1,
        kind: "forum",
        completion: 2,
        fields:
          "<completionview>1</completionview><completiongradeitemnumber>0</completiongradeitemnumber><completionpassgrade>1</completionpassgrade>",
        own: "<completionposts>2</completionposts>",
      },
    ]);
    const { items, report } = await importedBackup(files);
    expect(items.get("A1")?.completion).toEqual({ view: true });
    expect(items.get("A2")).toMatchObject({
      completion: { submit: true },
      kind: "assignment",
      due: "2023-11-14T22:13:20.000Z",
    });
    expect(items.get("A3")?.completion).toEqual({ all: [{ view: true }, { pass: true }, { contribute: true }] });
    expect(report.completion.map(({ verdict }) => verdict)).toEqual(["exact", "exact", "approximated"]);
    expect(report.completion[2]?.rule).toEqual({
      completion: 2,
      completionview: 1,
      completiongradeitemnumber: 0,
      completionpassgrade: 1,
      completionposts: "2",
    });
  });
});

describe("the files of a backup", () => {
  it("may be in a folder of their own", async () => {
    const files = Object.entries(gated(all(done(1))));
    const { report } = await importedBackup(
      Object.fromEntries(files.map(([path, content]) => [`course-main/${path}`, content])),
    );
    expect(report.gates).toMatchObject([{ source: "activities/page_3/module.xml" }]);
  });

  it("may have activities whose section is in another file, and kinds that no page shows", async () => {
    const files = backupOf("5.0.2", ONE_SECTION, [
      { id: 1, section: 1, kind: "qbank", completion: 0 },
      { id: 9, section: 7 },
    ]);
    const { document } = await importedBackup(files);
    expect(document.problems.map(({ id }) => id)).toEqual(["small-one.page-9"]);
    expect(document.chapters[0]?.problems).toMatchObject([{ id: "small-one.qbank-1", visibility: "hidden" }]);
  });

  it("may have criteria of the course and dependencies of lessons: these are not imported, but reported", async () => {
    const files = backupOf("4.5.6", ONE_SECTION, [
      { id: 1, section: 1, kind: "lesson", own: "<dependency>12</dependency>" },
    ]);
    const criteria =
      '<course_completion><course_completion_criteria id="1"/><course_completion_criteria id="2"/></course_completion>';
    const { report } = await importedBackup({ ...files, "completion.xml": criteria });
    expect(report.content.left_out).toMatchObject([{ count: 2 }]);
    expect(report.content.notes).toEqual(
      expect.arrayContaining([expect.objectContaining({ rule: "lesson_dependency" })]),
    );
  });
});

describe("a file that is not a backup", () => {
  it("is refused with file and place", async () => {
    const errors = async (files: Record<string, string>) => {
      const result = await importBackup(files);
      return result.ok ? "imported" : result.refusal.errors?.map(({ path, rule }) => `${path} ${rule}`);
    };
    expect(await errors({ "a.txt": "x" })).toEqual(["moodle_backup.xml missing_file"]);
    const files = gated(undefined);
    expect(
      await errors({ ...files, "activities/page_2/module.xml": "<module>\n<visible>1</module>" } as Record<
        string,
        string
      >),
    ).toEqual([expect.stringMatching(/^activities\/page_2\/module\.xml:2:\d+ malformed_xml$/)]);
  });

  it("may have a name that gives no slug: then the import asks for one", async () => {
    const files = gated(undefined);
    const manifest = String(files["moodle_backup.xml"]).replace("Small One", "课程");
    const unnamed = { ...files, "moodle_backup.xml": manifest };
    expect(await importBackup(unnamed)).toMatchObject({
      refusal: { errors: [{ path: "moodle_backup.xml", rule: "invalid_format" }] },
    });
    expect(await importBackup(unnamed, "Wrong Slug")).toMatchObject({
      refusal: { errors: [{ path: "course", rule: "invalid_format" }] },
    });
    expect(await importBackup(unnamed, "kecheng")).toMatchObject({ value: { document: { slug: "kecheng" } } });
  });
});
