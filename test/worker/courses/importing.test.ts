import { describe, expect, it } from "vitest";
import { archiveFiles } from "../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../src/courses/importers/archive/source.ts";
import { CARTRIDGE } from "../../../src/courses/importers/cartridge/index.ts";
import { type Format, importCourse } from "../../../src/courses/importers/format.ts";
import { MOODLE } from "../../../src/courses/importers/moodle/index.ts";
import { PRAIRIELEARN } from "../../../src/courses/importers/prairielearn/index.ts";
import { type Files, tgzOf, utf16, zipOf } from "../../support/courses/archives.ts";
import { backupOf } from "../../support/courses/moodle-backup.ts";

const importing = (format: Format, bytes: Uint8Array) =>
  importCourse(format, archiveFiles(blobSource(new Blob([bytes]), "upload")));
const MANIFEST = `<?xml version="1.0" encoding="UTF-16"?><manifest><metadata><schemaversion>1.3.0</schemaversion><lom><general><title>
  <string>Käse</string></title></general></lom></metadata><organizations><organization><item><item identifier="M"><title>One</title></item></item></organization></organizations></manifest>`;
const BACKUP: Files = backupOf(
  "4.5.6",
  [{ id: 1, number: 0, sequence: [1, 2] }],
  [
    { id: 1, section: 1 },
    { id: 2, section: 1, availability: { op: "&", c: [{ type: "completion", cm: 1, e: 1 }], showc: [true] } },
  ],
);

describe("within the Worker", () => {
  it("archives of every kind are read and imported", async () => {
    const gated = { value: { report: { counts: { exact: 3 } }, document: { slug: "small-one" } } };
    expect(await importing(MOODLE, await tgzOf(BACKUP))).toMatchObject(gated);
    expect(await importing(MOODLE, zipOf(BACKUP))).toMatchObject(gated);
    for (const isLittle of [true, false]) {
      const cartridge = await importing(CARTRIDGE, zipOf({ "imsmanifest.xml": utf16(MANIFEST, isLittle) }));
      expect(cartridge).toMatchObject({
        value: { document: { title: { en: "Käse" }, chapters: [{ title: { en: "One" } }] } },
      });
    }
  });

  it("local times of zones and numbers of PHP are read as in Node", async () => {
    const rules = [{ startDate: "2025-07-01T00:00:01" }];
    const course = await importing(
      PRAIRIELEARN,
      zipOf({
        "infoCourse.json": JSON.stringify({ name: "CS 1" }),
        "courseInstances/x/infoCourseInstance.json": JSON.stringify({ publishing: {} }),
        "courseInstances/x/assessments/a/infoAssessment.json": JSON.stringify({ allowAccess: rules }),
      }),
    );
    expect(course).toMatchObject({
      value: { document: { chapters: [{ rule: { hide: { from: "2025-07-01T05:00:01.000Z" } } }] } },
    });
    const date = '{"op":"&","c":[{"type":"date","d":">=","t":1767225600.0}],"showc":[true]}';
    const backup = backupOf(
      "4.5.6",
      [{ id: 1, number: 0, sequence: [1] }],
      [{ id: 1, section: 1, availability: date }],
    );
    expect(await importing(MOODLE, zipOf(backup))).toMatchObject({
      value: { document: { chapters: [{ problems: [{ rule: { hide: { missing: {} } } }] }] } },
    });
  });

  it("truncated archives, and entries that leave their folder, are refused", async () => {
    const whole = await tgzOf(BACKUP);
    const errors = async (bytes: Uint8Array) => {
      const result = await importing(MOODLE, bytes);
      return result.ok ? "imported" : result.refusal.errors?.map(({ rule }) => rule);
    };
    expect(await errors(whole.slice(0, whole.length / 2))).toEqual(["truncated_archive"]);
    expect(await errors(zipOf(BACKUP).slice(0, 900))).toEqual(["truncated_archive"]);
    expect(await errors(await tgzOf({ ...BACKUP, "../x": "y" }))).toEqual(["path_escapes"]);
  });
});
