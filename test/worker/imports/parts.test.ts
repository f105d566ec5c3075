import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { PART_BYTES, PARTS_TTL_MS, RECEIVING_TTL_MS } from "../../../src/imports/limits.ts";
import { pruneImports } from "../../../src/imports/remove.ts";
import { importView, uploadView } from "../../../src/imports/schemas.ts";
import { tarOf } from "../../support/courses/archives.ts";
import { freshSlug } from "../../support/worker/courses.ts";
import { API, call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { hashOf, sendBytes } from "../files/support.ts";
import { AUTHOR, archive, backup, begin, begun, keptOf, seen, workOn } from "./support.ts";

const PATH = "/courses/imports/uploads";
const upload = z.strictObject(uploadView.shape);
const view = z.strictObject(importView.shape);

interface Announce {
  course: string;
  size: number;
  key?: string;
  user?: string;
}

async function announce({ course, size, key, user = AUTHOR }: Announce) {
  return call("POST", PATH, {
    token: await tokenOf(user, "author"),
    body: { format: "moodle", course, name: "large.mbz", size },
    headers: key === undefined ? {} : { "idempotency-key": key },
  });
}

const announced = async (what: Announce) => read(await announce(what), 201, upload);

async function put(id: string, part: number, bytes: Uint8Array, user = AUTHOR, bindings: Partial<Env> = {}) {
  return sendBytes(
    "PUT",
    `${API}${PATH}/${id}/parts/${part}`,
    bytes,
    {
      authorization: `Bearer ${await tokenOf(user, "author")}`,
      "content-type": "application/octet-stream",
      "content-length": String(bytes.byteLength),
    },
    bindings,
  );
}

const ask = async (method: string, path: string, user = AUTHOR) =>
  call(method, `${PATH}/${path}`, { token: await tokenOf(user, "author") });
const received = async (id: string) => (await read(await ask("GET", id), 200, upload)).received;

const partOf = (bytes: Uint8Array, part: number) => bytes.slice((part - 1) * PART_BYTES, part * PART_BYTES);
/** A backup that is sent in two parts. */
const large = () => tarOf({ ...backup("2030-01-01T00:00:00Z"), "files/film": new Uint8Array(PART_BYTES + 1_000) });

describe("an archive that is sent in parts", () => {
  it("[I5] becomes the same draft as one sent in one request, if parts are repeated or in another order", async () => {
    const [course, bytes] = [freshSlug("parts"), await large()];
    const what = { course, size: bytes.length, key: `key-${course}` };
    const first = await announced(what);
    expect(first).toMatchObject({ parts: 2, part_size: PART_BYTES, received: [], state: "receiving", course });
    expect((await problem(await ask("POST", `${first.id}/complete`), 409)).detail).toContain("1, 2");

    const second = await put(first.id, 2, partOf(bytes, 2));
    expect(await second.json()).toEqual({ part: 2, sha256: await hashOf(partOf(bytes, 2)) });
    expect((await put(first.id, 2, partOf(bytes, 2))).status).toBe(200);
    // Whoever begins again with the same key carries on.
    expect(await announced(what)).toEqual({ ...first, received: [2] });
    expect((await problem(await ask("POST", `${first.id}/complete`), 409)).detail).toContain("missing: 1.");
    expect((await put(first.id, 1, partOf(bytes, 1))).status).toBe(200);
    expect(await received(first.id)).toEqual([1, 2]);

    const completed = await read(await ask("POST", `${first.id}/complete`), 202, view);
    expect(completed).toMatchObject({ id: first.id, state: "queued", size: bytes.length, sha256: await hashOf(bytes) });
    // All of it again.
    expect((await put(first.id, 1, partOf(bytes, 1))).status).toBe(200);
    expect((await problem(await put(first.id, 1, partOf(bytes, 1).fill(1, 0, 9)), 422)).code).toBe("content_mismatch");
    expect(await read(await ask("POST", `${first.id}/complete`), 202, view)).toEqual(completed);
    expect((await announced(what)).state).toBe("received");

    await workOn(first.id);
    const done = await seen(first.id);
    expect(done).toMatchObject({ state: "done", version: 1, counts: { exact: 1, approximated: 0, unmapped: 0 } });
    const whole = await begun(bytes, { course });
    await workOn(whole.id);
    expect(await seen(whole.id)).toMatchObject({ state: "done", version: 1 });
  });

  it("[I9] has only parts of the announced sizes and bytes, and belongs to the user who began it", async () => {
    const [course, bytes] = [freshSlug("parts"), await large()];
    const { id } = await announced({ course, size: bytes.length, key: `key-${course}` });
    expect((await problem(await put(id, 1, partOf(bytes, 2)), 422)).code).toBe("content_mismatch");
    expect((await problem(await put(id, 3, partOf(bytes, 2)), 400)).errors).toMatchObject([{ path: "part" }]);
    expect((await problem(await put(id, 2, partOf(bytes, 1)), 422)).code).toBe("content_mismatch");
    expect(await received(id)).toEqual([]);
    expect((await put(id, 2, partOf(bytes, 2))).status).toBe(200);
    expect((await problem(await put(id, 2, partOf(bytes, 2).fill(7)), 422)).code).toBe("content_mismatch");
    for (const answer of [
      await put(id, 1, partOf(bytes, 1), "another"),
      await ask("GET", id, "another"),
      await ask("POST", `${id}/complete`, "another"),
    ]) {
      expect((await problem(answer, 404)).code).toBe("not_found");
    }
    expect((await ask("DELETE", id, "another")).status).toBe(204);
    expect(await received(id)).toEqual([2]);
    const other = { course, size: bytes.length + 1, key: `key-${course}` };
    expect((await problem(await announce(other), 422)).code).toBe("idempotency_key_reused");
    expect((await problem(await announce({ course, size: 200_000_001 }), 400)).errors).toMatchObject([
      { path: "size", rule: "too_big" },
    ]);
  });

  it("counts among the running uploads of its owner, and is removed with its parts when it is given up", async () => {
    const user = `parts-${crypto.randomUUID()}`;
    const size = PART_BYTES + 5;
    const ids = [];
    for (let n = 0; n < 5; n += 1) ids.push((await announced({ course: freshSlug("parts"), size, user })).id);
    expect((await problem(await announce({ course: freshSlug("parts"), size, user }), 409)).code).toBe(
      "quota_exceeded",
    );
    const [id = ""] = ids;
    expect((await put(id, 2, new Uint8Array(5), user)).status).toBe(200);
    expect((await ask("DELETE", id, user)).status).toBe(204);
    expect((await ask("DELETE", id, user)).status).toBe(204);
    expect((await problem(await ask("GET", id, user), 404)).code).toBe("not_found");
    expect((await problem(await put(id, 1, new Uint8Array(PART_BYTES), user), 404)).code).toBe("not_found");
    expect((await announce({ course: freshSlug("parts"), size, user })).status).toBe(201);
    expect(await partRows(id)).toBe(0);
  });

  it("[I1] and dies between its last part and its answer is completed by the next try", async () => {
    const [course, bytes] = [freshSlug("parts"), await large()];
    const { id } = await announced({ course, size: bytes.length });
    for (const part of [1, 2]) await put(id, part, partOf(bytes, part));
    // What the bucket did, and nobody noted.
    const row = await env.DB.prepare("SELECT upload_id FROM course_imports WHERE id = ?")
      .bind(id)
      .first<{ upload_id: string }>();
    const { results } = await env.DB.prepare("SELECT part, etag FROM course_import_parts WHERE import_id = ?")
      .bind(id)
      .all<{ part: number; etag: string }>();
    const begunUpload = env.DOCUMENTS.resumeMultipartUpload(`imports/${id}/archive`, row?.upload_id ?? "");
    await begunUpload.complete(results.map(({ part, etag }) => ({ partNumber: part, etag })));
    expect((await read(await ask("POST", `${id}/complete`), 202, view)).sha256).toBe(await hashOf(bytes));
  });

  it("[I11] and is never completed is removed after a day, and not before", async () => {
    const bytes = await large();
    const { id } = await announced({ course: freshSlug("parts"), size: bytes.length });
    await put(id, 2, partOf(bytes, 2));
    await pruneImports(env, Date.now() + RECEIVING_TTL_MS + 60_000);
    expect(await received(id)).toEqual([2]);
    await pruneImports(env, Date.now() + PARTS_TTL_MS + 60_000);
    expect((await problem(await ask("GET", id), 404)).code).toBe("not_found");
    expect(await partRows(id)).toBe(0);
    expect(await keptOf(id)).toEqual([]);
  });
});

it("a key of an upload in parts is independent of keys for archives sent in one request", async () => {
  const [course, bytes] = [freshSlug("parts"), await archive()];
  const key = `key-${course}`;
  const { id } = await announced({ course, size: bytes.length, key });
  const whole = await begin(bytes, { course, headers: { "idempotency-key": key } });
  expect(whole.status).toBe(202);
  expect((await read(whole, 202, view)).id).not.toBe(id);
});

async function partRows(id: string): Promise<number> {
  const row = await env.DB.prepare("SELECT count(*) AS n FROM course_import_parts WHERE import_id = ?")
    .bind(id)
    .first<{ n: number }>();
  return row?.n ?? -1;
}
