import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { addressFor, bytesOf, download, type FileView, fileSchema, patternOf, remove, uploaded } from "./support.ts";

const SIZE = 1_000;
const BYTES = patternOf(SIZE);
let file: FileView;
beforeAll(async () => {
  file = await uploaded(BYTES, { user: "owner", name: "naïve\u00a0plan.pdf", type: "application/pdf" });
});

async function get(headers: Record<string, string> = {}) {
  const answer = await download(file.id, "owner", headers);
  return { answer, status: answer.status, bytes: new Uint8Array(await answer.arrayBuffer()) };
}

describe("a download", () => {
  it("is saved, never shown in the browser, and not cached", async () => {
    const { answer, bytes } = await get();
    expect(bytes).toEqual(BYTES);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "application/pdf",
      "content-length": "1000",
      "content-disposition": "attachment; filename=\"nai_ve plan.pdf\"; filename*=UTF-8''na%C3%AFve%C2%A0plan.pdf",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; sandbox",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "private, no-store",
      "accept-ranges": "bytes",
      etag: `"${file.sha256}"`,
    });
  });

  it("can be one range, also at both ends", async () => {
    const parts: [string, number, number][] = [
      ["bytes=0-0", 0, 1],
      ["bytes=0-99", 0, 100],
      ["bytes=500-", 500, 1_000],
      ["bytes=999-", 999, 1_000],
      ["bytes=990-5000", 990, 1_000],
      ["bytes=-1", 999, 1_000],
      ["bytes=-5000", 0, 1_000],
      ["BYTES= 10-19", 10, 20],
    ];
    for (const [range, from, to] of parts) {
      const { answer, status, bytes } = await get({ range });
      expect(status, range).toBe(206);
      expect(bytes, range).toEqual(BYTES.slice(from, to));
      expect(answer.headers.get("content-range")).toBe(`bytes ${from}-${to - 1}/1000`);
      expect(answer.headers.get("content-length")).toBe(String(to - from));
    }
  });

  it("refuses a range behind the end and names the size; an invalid range or several ranges get the whole file", async () => {
    for (const range of ["bytes=1000-", "bytes=99999999999999999999-", "bytes=-0"]) {
      const answer = await download(file.id, "owner", { range });
      expect(answer.headers.get("content-range"), range).toBe("bytes */1000");
      expect((await problem(answer, 416)).code).toBe("range_not_satisfiable");
    }
    for (const range of ["bytes=5-4", "bytes=-", "bytes=a-b", "items=0-1", "bytes=0-1,5-6", "0-1", "bytes=1.5-2"]) {
      const { status, bytes } = await get({ range });
      expect([status, bytes.byteLength], range).toEqual([200, SIZE]);
    }
    const empty = await uploaded(new Uint8Array(), { user: "owner" });
    for (const range of ["bytes=0-", "bytes=-1"]) {
      expect((await download(empty.id, "owner", { range })).status).toBe(416);
    }
  });

  it("is not sent to a client that has the file, and a range counts only for the file version it was meant for", async () => {
    const etag = `"${file.sha256}"`;
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const { answer, status, bytes } = await get({ "if-none-match": tag, range: "bytes=0-9" });
      expect([status, bytes.byteLength, answer.headers.get("etag")], tag).toEqual([304, 0, etag]);
    }
    expect((await get({ "if-none-match": '"other"' })).status).toBe(200);
    const modified = (await get()).answer.headers.get("last-modified") ?? "";
    for (const [validator, status] of [
      [etag, 206],
      [modified, 206],
      [`W/${etag}`, 200],
      ['"other"', 200],
      ["Thu, 01 Jan 1970 00:00:00 GMT", 200],
    ] as const) {
      expect((await get({ "if-range": validator, range: "bytes=0-9" })).status, validator).toBe(status);
    }
  });
});

describe("[I8] files of others", () => {
  it("are like files that do not exist, whatever is done with them", async () => {
    const pending = await addressFor(bytesOf("x"), "owner");
    const absent = "0".repeat(32);
    for (const role of ["learner", "author"] as const) {
      const token = await tokenOf("eve", role);
      for (const [method, suffix] of [
        ["GET", ""],
        ["GET", "/download"],
        ["DELETE", ""],
        ["POST", "/complete"],
      ] as const) {
        const answers = [];
        for (const id of [absent, file.id, pending.file.id]) {
          const { request_id: _id, ...rest } = await problem(
            await call(method, `/storage/files/${id}${suffix}`, { token }),
            404,
          );
          answers.push(rest);
        }
        expect(answers[1], `${method} ${suffix}`).toEqual(answers[0]);
        expect(answers[2], `${method} ${suffix}`).toEqual(answers[0]);
      }
      const listing = await call("GET", "/storage/files?user_id=owner", { token });
      expect((await problem(listing, 403)).code).toBe("forbidden");
    }
    expect((await get()).status).toBe(200);
  });

  it("can be read by services and admins", async () => {
    for (const role of ["service", "admin"] as const) {
      expect((await download(file.id, "staff", {}, role)).status).toBe(200);
      const token = await tokenOf("staff", role);
      const seen = await read(await call("GET", `/storage/files/${file.id}`, { token }), 200, fileSchema);
      expect(seen).toEqual(file);
      const list = await call("GET", "/storage/files?user_id=owner", { token });
      expect((await read(list, 200, z.object({ results: z.array(fileSchema) }))).results.length).toBeGreaterThan(1);
    }
  });

  it("with invalid ids are refused, and nobody without a token gets any file", async () => {
    for (const id of ["..", "%2e%2e%2fowner", "owner%2fx", file.id.toUpperCase(), `${file.id}0`, "x"]) {
      const answer = await call("GET", `/storage/files/${id}/download`, { token: await tokenOf("owner") });
      expect([400, 404], id).toContain(answer.status);
    }
    for (const [method, path] of [
      ["GET", "/storage/files"],
      ["GET", `/storage/files/${file.id}/download`],
      ["POST", "/storage/files/upload?name=a"],
      ["POST", "/storage/files/upload-url"],
      ["DELETE", `/storage/files/${file.id}`],
    ] as const) {
      expect((await problem(await call(method, path), 401)).code).toBe("unauthenticated");
    }
  });
});

describe("the list of files", () => {
  const page = z.object({ results: z.array(fileSchema), next_cursor: z.string().nullable() });
  const listOf = async (user: string, query = "") =>
    call("GET", `/storage/files${query}`, { token: await tokenOf(user) });

  it("shows each file once, newest first, while files are added and removed", async () => {
    const files: FileView[] = [];
    for (let number = 0; number < 7; number += 1) {
      files.push(await uploaded(bytesOf(String(number)), { user: "lister", name: `f${number}` }));
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "?limit=2" : `?limit=2&cursor=${cursor}`;
      const found: z.infer<typeof page> = await read(await listOf("lister", query), 200, page);
      seen.push(...found.results.map(({ id }) => id));
      if (seen.length === 2) {
        await uploaded(bytesOf("late"), { user: "lister" });
        await remove(files[0]?.id ?? "", "lister");
      }
      cursor = found.next_cursor;
    } while (cursor !== null);
    const kept = files.slice(1).map(({ id }) => id);
    expect([...seen].sort()).toEqual([...kept].sort());
    const times = await read(await listOf("lister"), 200, page);
    const created = times.results.map(({ created_at }) => created_at);
    expect(created).toEqual([...created].sort().reverse());
  });

  it("[I8] takes only its own cursors", async () => {
    const { next_cursor } = await read(await listOf("lister", "?limit=1"), 200, page);
    const stolen = await listOf("list-thief", `?limit=1&cursor=${next_cursor}`);
    expect((await problem(stolen, 400)).code).toBe("invalid_cursor");
    const mine = await read(await listOf("list-thief"), 200, page);
    expect(mine).toEqual({ results: [], next_cursor: null });
  });
});
