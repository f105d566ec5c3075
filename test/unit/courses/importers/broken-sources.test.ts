import fc from "fast-check";
import { describe, it } from "vitest";
import { courseDocumentSchema } from "../../../../src/courses/document.ts";
import { archiveFiles } from "../../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../../src/courses/importers/archive/source.ts";
import { CANVAS } from "../../../../src/courses/importers/canvas/index.ts";
import { CARTRIDGE } from "../../../../src/courses/importers/cartridge/index.ts";
import type { ImportedDocument } from "../../../../src/courses/importers/document.ts";
import { type Format, importCourse } from "../../../../src/courses/importers/format.ts";
import { MOODLE } from "../../../../src/courses/importers/moodle/index.ts";
import { OLX } from "../../../../src/courses/importers/olx/index.ts";
import { PRAIRIELEARN } from "../../../../src/courses/importers/prairielearn/index.ts";
import { importReportSchema } from "../../../../src/courses/importers/report.ts";
import { type Files, tgzOf, zipOf } from "../../../support/courses/archives.ts";
import { backupOf } from "../../../support/courses/moodle-backup.ts";

const tree = {
  op: "&",
  c: [
    { type: "completion", cm: 1, e: 1 },
    { type: "date", d: ">=", t: 1_700_000_000 },
  ],
  showc: [true, false],
};
const MANIFEST = `<manifest><metadata><schemaversion>1.1.0</schemaversion></metadata><organizations><organization><item><item identifier="M"><title>One</title>
  <item identifier="A" identifierref="R"><title>Alpha</title></item></item></item></organization></organizations><resources><resource identifier="R" type="webcontent" href="a.html"><file href="a.html"/></resource></resources></manifest>`;
const MODULES = `<modules><module identifier="m1"><title>x</title><position>1</position><unlock_at>2026-01-02T03:04:05</unlock_at><items><item identifier="a"><content_type>WikiPage</content_type><identifierref>R</identifierref></item></items>
  <completionRequirements><completionRequirement type="min_score"><identifierref>a</identifierref><min_score>3</min_score></completionRequirement></completionRequirements></module>
  <module identifier="m2"><prerequisites><prerequisite><identifierref>m1</identifierref></prerequisite></prerequisites></module></modules>`;

/** A small source of each format. */
const SOURCES: [Format, Files][] = [
  [
    MOODLE,
    {
      ...backupOf(
        "4.5.6",
        [{ id: 1, number: 0, sequence: [1, 2], availability: tree }],
        [
          {
            id: 1,
            section: 1,
            kind: "quiz",
            completion: 2,
            own: "<timeopen>1700000000</timeopen><completionminattempts>2</completionminattempts>",
          },
          { id: 2, section: 1, availability: tree },
        ],
      ),
      "gradebook.xml":
        '<gradebook><grade_items><grade_item id="9"><itemtype>course</itemtype><grademax>10</grademax></grade_item></grade_items></gradebook>',
      "groups.xml": '<groups><group id="1"><name>red</name></group></groups>',
    },
  ],
  [
    CANVAS,
    { "imsmanifest.xml": MANIFEST, "a.html": "<p>Text <b>x</b></p>", "course_settings/module_meta.xml": MODULES },
  ],
  [CARTRIDGE, { "imsmanifest.xml": MANIFEST, "a.html": "<ul><li>Text</ul>" }],
  [
    OLX,
    {
      "course.xml": '<course url_name="r" org="O" course="C"/>',
      "course/r.xml": '<course start="2025-01-01T00:00:00Z"><chapter url_name="c"/></course>',
      "policies/r/policy.json": '{"course/r": {"enable_subsection_gating": true}}',
      "chapter/c.xml":
        '<chapter start="2026-01-01T00:00:00Z"><sequential url_name="s"><vertical><html url_name="h">x</html></vertical></sequential><sequential url_name="t" required_content="s" min_score="5" due="2026-01-01T00:00:00Z" group_access="{&quot;1&quot;: [2]}"/></chapter>',
    },
  ],
  [
    PRAIRIELEARN,
    {
      "infoCourse.json": '{"name": "CS", "timezone": "UTC"}',
      "courseInstances/i/infoCourseInstance.json": '{"publishing": {"startDate": "2025-01-01T00:00:00"}}',
      "courseInstances/i/assessments/a/infoAssessment.json":
        '{"number": "1", "allowAccess": [{"uids": ["a@b"], "endDate": "2025-01-01T00:00:00", "credit": 50}], "zones": [{"advanceScorePerc": 50, "questions": [{"id": "q"}, {"id": "r"}]}]}',
    },
  ],
];

/** Whether a document has the form that a server takes, as far as servers know all of it. */
function isPublishable(document: ImportedDocument): boolean {
  if (/"(?:total|average)":/.test(JSON.stringify(document))) return true;
  return courseDocumentSchema.safeParse(document).success;
}

/** Whatever a source holds, the answer is a course with its report, or a refusal: never an exception. */
async function answers(format: Format, bytes: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const result = await importCourse(format, archiveFiles(blobSource(new Blob([bytes]), "source")), { course: "c" });
  if (result.ok)
    return importReportSchema.safeParse(result.value.report).success && isPublishable(result.value.document);
  return result.refusal.code === "invalid_input" && (result.refusal.errors ?? []).length > 0;
}

/** Runs of each property; a search for faults takes fifty times as many, and other seeds. */
const RUNS = { bytes: 10, values: 25 };
const SEED = 20_261_130;

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
/** What stands in place of a piece of a file: numbers and texts that no one expects there. */
const junk = fc.oneof(
  fc.constantFrom(
    "",
    "-1",
    "1e300",
    "99999999999999999",
    "null",
    "[]",
    '"',
    "<",
    "&",
    "NaN",
    "../..",
    "\u0000",
    "true",
  ),
  fc.string(),
);

describe.each(SOURCES.map(([format, files]) => ({ name: format.name, format, files })))(
  "a broken source of $name",
  ({ format, files }) => {
    it("is imported or refused, whichever of its bytes are damaged or cut off", async () => {
      const archives = [zipOf(files), await tgzOf(files)];
      const damage = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...archives), damage, fc.option(place), async (archive, hits, cut) => {
          const bytes = archive.slice(0, cut === null ? archive.length : Math.floor(cut * archive.length));
          for (const [at, byte] of hits) bytes[Math.floor(at * bytes.length)] = byte;
          return answers(format, bytes);
        }),
        { numRuns: RUNS.bytes, seed: SEED },
      );
    });

    it("is imported or refused, whatever text is in its files", async () => {
      const paths = Object.keys(files);
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...paths), place, fc.nat(12), junk, async (path, at, length, text) => {
          const content = String(files[path]);
          const start = Math.floor(at * content.length);
          return answers(
            format,
            zipOf({ ...files, [path]: content.slice(0, start) + text + content.slice(start + length) }),
          );
        }),
        { numRuns: RUNS.values, seed: SEED },
      );
    });

    it("is imported or refused, whatever values its fields have", async () => {
      const fields = Object.entries(files).flatMap(([path, content]) =>
        [...String(content).matchAll(/(?<=>)[^<>]+(?=<)|(?<=")[^"<>]+(?=")|(?<=: )\d+/g)].map((match) => ({
          path,
          at: match.index,
          length: match[0].length,
        })),
      );
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...fields), junk, async ({ path, at, length }, text) => {
          const content = String(files[path]);
          return answers(format, zipOf({ ...files, [path]: content.slice(0, at) + text + content.slice(at + length) }));
        }),
        { numRuns: RUNS.values, seed: SEED },
      );
    });
  },
);
