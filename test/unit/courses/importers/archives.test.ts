import { packTar } from "modern-tar";
import { describe, expect, it } from "vitest";
import { archiveFiles } from "../../../../src/courses/importers/archive/index.ts";
import { blobSource } from "../../../../src/courses/importers/archive/source.ts";
import { type SourceFile, textOf, wholeFiles } from "../../../../src/courses/importers/files.ts";
import { readXml } from "../../../../src/courses/importers/xml.ts";
import { type Files, gzipOf, tarOf, tgzOf, utf16, zipOf } from "../../../support/courses/archives.ts";

const LIMITS = { unpacked: 100_000, entries: 20 };
const MOST_WHOLE = 50_000;
const PACKERS = [
  ["zip", async (files: Files) => zipOf(files)],
  ["tar", tarOf],
  ["gzip'd tar", tgzOf],
] as const;

interface Options {
  name?: string;
  limits?: typeof LIMITS;
  wants?: (path: string) => boolean;
}

async function read(bytes: Uint8Array, { name = "a.bin", limits = LIMITS, wants = () => true }: Options = {}) {
  const files: SourceFile[] = [];
  const source = blobSource(new Blob([bytes]), name);
  const result = await archiveFiles(source, limits)(wholeFiles(wants, (file) => files.push(file), MOST_WHOLE));
  return { result, files: Object.fromEntries(files.map((file) => [file.path, textOf(file)])) };
}

async function refused(bytes: Uint8Array, options: Options = {}) {
  const { result } = await read(bytes, options);
  if (result.ok) throw new Error("this should have been refused");
  expect(result.refusal.code).toBe("invalid_input");
  return result.refusal.errors?.map(({ path, rule }) => `${path} ${rule}`);
}

describe.each(PACKERS)("%s", (_, pack) => {
  it("returns the wanted files and counts all files", async () => {
    const { result, files } = await read(
      await pack({ "a.txt": "one", "b/c d.txt": "zwölf", "b/e.bin": "x".repeat(5_000) }),
      {
        wants: (path) => path.endsWith(".txt"),
      },
    );
    expect(files).toEqual({ "a.txt": "one", "b/c d.txt": "zwölf" });
    expect(result).toEqual({ ok: true, value: { files: 3, bytes: 5_009, skipped: [] } });
  });

  it("refuses a path that leaves its folder, and names it", async () => {
    expect(await refused(await pack({ "good.txt": "x", "../bad.txt": "x" }))).toEqual(["../bad.txt path_escapes"]);
    expect(await refused(await pack({ "a/../../bad.txt": "x" }))).toEqual(["a/../../bad.txt path_escapes"]);
    expect(await refused(await pack({ "/etc/passwd": "x" }))).toEqual(["/etc/passwd path_escapes"]);
    expect(await refused(await pack({ "C:\\bad.txt": "x" }))).toEqual(["C:\\bad.txt path_escapes"]);
    expect(await refused(await pack({ "a\\..\\..\\bad.txt": "x" }))).toEqual(["a\\..\\..\\bad.txt path_escapes"]);
  });

  it("accepts paths with the backslashes of Windows", async () => {
    expect((await read(await pack({ "course_settings\\module_meta.xml": "x" }))).files).toEqual({
      "course_settings/module_meta.xml": "x",
    });
  });

  it("refuses too many entries, too many bytes and too large files, also of files that are not wanted", async () => {
    const many = Object.fromEntries(Array.from({ length: 21 }, (_, i) => [`f${i}`, "x"]));
    expect(await refused(await pack(many))).toEqual(["f20 too_many_entries"]);
    const large = { a: "x".repeat(49_000), b: "x".repeat(49_000), c: "x".repeat(49_000) };
    expect(await refused(await pack(large))).toEqual(["c too_large_unpacked"]);
    expect(await refused(await pack(large), { wants: () => false })).toEqual(["c too_large_unpacked"]);
    expect(await refused(await pack({ a: "x".repeat(51_000) }))).toEqual(["a too_large_file"]);
    expect((await read(await pack({ a: "x".repeat(51_000) }), { wants: () => false })).result.ok).toBe(true);
  });

  it("refuses an archive that was cut off, at any byte", async () => {
    const noise = Uint8Array.from({ length: 4_000 }, (_, i) => (i * i * 31 + i) & 255);
    const whole = await pack({ "a.bin": noise, "b.bin": noise, "c.txt": "last" });
    for (const share of [0.2, 0.5, 0.8]) {
      const [error] = (await refused(whole.slice(0, Math.floor(whole.length * share)))) ?? [];
      expect(error).toMatch(/ (truncated_archive|malformed_archive)$/);
    }
  });
});

describe("archives", () => {
  it("refuses a path that occurs twice", async () => {
    const entry = { header: { name: "a.txt", size: 1, type: "file" as const }, body: "x" };
    expect(await refused(await packTar([entry, entry]))).toEqual(["a.txt duplicate_entry"]);
  });

  it("refuses a tar that was cut between two entries", async () => {
    const tar = await tarOf({ "a.txt": "x", "b.txt": "y" });
    expect(await refused(tar.slice(0, 1_024))).toEqual(["a.bin truncated_archive"]);
  });

  it("reads names in a zip as macOS writes them, and finds the end of the zip behind any comment", async () => {
    const zip = zipOf({ "caf\u00c3\u00a9.txt": "x" });
    const comment = new TextEncoder().encode("PK\u0005\u0006, said the comment of this archive, is no end of it");
    const commented = new Uint8Array([...zip, ...comment]);
    new DataView(commented.buffer).setUint16(zip.length - 2, comment.length, true);
    expect((await read(commented)).files).toEqual({ "caf\u00e9.txt": "x" });
  });

  it("does not follow links, and names them", async () => {
    const tar = await packTar([
      { header: { name: "link", size: 0, type: "symlink", linkname: "/etc/passwd" } },
      { header: { name: "a.txt", size: 1, type: "file" }, body: "x" },
    ]);
    const { result, files } = await read(tar);
    expect(files).toEqual({ "a.txt": "x" });
    expect(result).toMatchObject({ value: { skipped: ["link"] } });
  });

  it("refuses damaged bytes in a gzip and in a zip", async () => {
    const tar = await tarOf({ "a.txt": "x".repeat(3_000) });
    const damaged = await gzipOf(tar);
    damaged.fill(0xff, 30, 34);
    expect((await refused(damaged))?.[0]).toMatch(/ truncated_archive$/);
    const noise = Uint8Array.from({ length: 4_000 }, (_, i) => (i * i * 31 + i) & 255);
    const zip = zipOf({ "a.bin": noise });
    zip.fill(0xff, 60, 90);
    expect((await refused(zip))?.[0]).toMatch(/ malformed_archive$/);
  });

  it("reads a file that is not an archive as it is", async () => {
    expect((await read(new TextEncoder().encode("{}"), { name: "folder/config.json" })).files).toEqual({
      "config.json": "{}",
    });
  });

  it("refuses an archive that is larger than the limit of uploads before it reads any byte of it", async () => {
    const source = { ...blobSource(new Blob([]), "big.mbz"), size: 200_000_001 };
    const result = await archiveFiles(source)(() => null);
    expect(result).toMatchObject({ refusal: { errors: [{ path: "big.mbz", rule: "too_large" }] } });
  });
});

describe("XML", () => {
  const xml =
    '<?xml version="1.0" encoding="UTF-16"?><a:manifest xmlns:a="x"><title>Zwölf &amp; é &#233;</title></a:manifest>';
  const file = (content: Uint8Array): SourceFile => ({
    path: "imsmanifest.xml",
    chunks: [content.slice(0, 7), content.slice(7)],
  });
  const plain = new TextEncoder().encode(xml);

  it("is read in UTF-8 and both kinds of UTF-16, at whatever byte it is cut into parts", () => {
    for (const content of [
      plain,
      utf16(xml, true),
      utf16(xml, false),
      utf16(xml, true).slice(2),
      utf16(xml, false).slice(2),
    ]) {
      const root = readXml(file(content));
      expect(root.name).toBe("manifest");
      expect(root.children[0]?.text).toBe("Zwölf & é é");
    }
  });

  it("that is malformed is refused with its line and column", () => {
    const broken = () => readXml(file(new TextEncoder().encode("<a>\n <b></a>")));
    expect(broken).toThrow(
      expect.objectContaining({
        error: {
          path: expect.stringMatching(/^imsmanifest\.xml:2:\d+$/),
          rule: "malformed_xml",
          message: expect.any(String),
        },
      }),
    );
    expect(() => readXml(file(new TextEncoder().encode("<a><b>")))).toThrow();
  });

  it("expands no entity of a document type", () => {
    const bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>';
    expect(() => readXml(file(new TextEncoder().encode(bomb)))).toThrow();
  });

  it("of a hundred rows is passed on row by row", () => {
    const rows: string[] = [];
    const content = `<t>${Array.from({ length: 100 }, (_, i) => `<row><id>${i}</id></row>`).join("")}</t>`;
    const root = readXml(file(new TextEncoder().encode(content)), {
      row: (row) => rows.push(row.children[0]?.text ?? ""),
    });
    expect(rows).toHaveLength(100);
    expect(root.children).toEqual([]);
  });
});
