// Over 350 lines: an upload is one story, of which each test breaks another step.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { MAX_FILE_BYTES } from "../../../src/files/limits.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  addressFor,
  bytesOf,
  download,
  everything,
  expectNoOrphans,
  fileSchema,
  hashOf,
  patternOf,
  put,
  remove,
  sendBytes,
  sweep,
  upload,
  uploaded,
  variables,
} from "./support.ts";

const fresh = () => `u-${crypto.randomUUID()}`;

/** A body in chunks, which ends when they do, or breaks. */
function streamOf(chunks: readonly Uint8Array[], breaks = false): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const chunk = chunks[next];
      next += 1;
      if (chunk !== undefined) controller.enqueue(chunk);
      else if (breaks) controller.error(new Error("the client has gone"));
      else controller.close();
    },
  });
}

async function filesOf(user: string) {
  const { results } = await env.DB.prepare("SELECT id, state FROM files WHERE owner = ?").bind(user).all();
  const { objects } = await env.FILES.list({ prefix: `u/${user}/` });
  return { rows: results.length, objects: objects.length };
}
const NOTHING = { rows: 0, objects: 0 };

describe("an upload in one request", () => {
  it("stores the bytes under the owner's prefix and computes their SHA-256", async () => {
    const bytes = patternOf(300_000);
    const user = fresh();
    const file = await uploaded(bytes, { user, name: "week 3.pdf", type: "application/pdf" });
    expect(file).toMatchObject({
      user_id: user,
      name: "week 3.pdf",
      content_type: "application/pdf",
      size: 300_000,
      sha256: await hashOf(bytes),
      state: "ready",
      expires_at: null,
    });
    expect(await env.FILES.head(`u/${user}/${file.id}`)).not.toBeNull();
    const got = await download(file.id, user);
    expect(new Uint8Array(await got.arrayBuffer())).toEqual(bytes);
  });

  it("accepts a body in many chunks, and an empty file", async () => {
    const bytes = patternOf(10_000);
    const chunks = Array.from({ length: 100 }, (_, index) => bytes.slice(index * 100, (index + 1) * 100));
    const file = await read(await upload(streamOf(chunks), { length: 10_000 }), 201, fileSchema);
    expect(file.sha256).toBe(await hashOf(bytes));
    for (const body of [null, new Uint8Array()]) {
      const empty = await read(await upload(body, { length: 0 }), 201, fileSchema);
      expect(empty).toMatchObject({ size: 0, sha256: await hashOf(new Uint8Array()), state: "ready" });
      const got = await download(empty.id);
      expect([got.status, await got.text(), got.headers.get("content-length")]).toEqual([200, "", "0"]);
    }
  });

  it("checks the expected SHA-256", async () => {
    const user = fresh();
    const bytes = bytesOf("exactly this");
    const right = await hashOf(bytes);
    expect(await uploaded(bytes, { user, headers: { "x-content-sha256": right } })).toMatchObject({ sha256: right });
    const wrong = await upload(bytes, { user, headers: { "x-content-sha256": await hashOf(bytesOf("that")) } });
    expect(await problem(wrong, 422)).toMatchObject({
      code: "content_mismatch",
      detail: "The body does not have the announced SHA-256.",
    });
    const garbled = await upload(bytes, { user, headers: { "x-content-sha256": "abc" } });
    expect(await problem(garbled, 400)).toMatchObject({ code: "invalid_input" });
    expect(await filesOf(user)).toEqual({ rows: 1, objects: 1 });
  });

  it("[I9] that is longer or shorter than announced, or broken off, leaves nothing", async () => {
    const user = fresh();
    const bytes = bytesOf("ten bytes.");
    const bodies: [string, ReadableStream<Uint8Array>, number][] = [
      ["longer", streamOf([bytes, bytes]), 10],
      ["longer within a chunk", streamOf([bytes]), 9],
      ["shorter", streamOf([bytes]), 11],
      ["empty though announced", streamOf([]), 5],
      ["full though announced empty", streamOf([bytes]), 0],
    ];
    for (const [name, body, length] of bodies) {
      const document = await problem(await upload(body, { user, length }), 422);
      expect(document.code, name).toBe("content_mismatch");
      expect(await filesOf(user), name).toEqual(NOTHING);
    }
    const broken = await upload(streamOf([bytes], true), { user, length: 20 });
    expect((await problem(broken, 503)).code).toBe("unavailable");
    expect(await filesOf(user)).toEqual(NOTHING);
  });

  it("[I9] of unknown length, or larger than allowed, is refused before a byte is read", async () => {
    const user = fresh();
    let pulled = 0;
    // The queue of a stream asks for one chunk by itself; more would mean that somebody reads.
    const watched = () =>
      new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            pulled += 1;
            controller.enqueue(bytesOf("x"));
          },
        },
        { highWaterMark: 0 },
      );
    expect((await problem(await upload(watched(), { user, length: null }), 411)).code).toBe("length_required");
    const chunked = await upload(watched(), { user, length: 5, headers: { "transfer-encoding": "chunked" } });
    expect((await problem(chunked, 411)).code).toBe("length_required");
    const large = await upload(watched(), { user, length: MAX_FILE_BYTES + 1 });
    expect((await problem(large, 413)).code).toBe("body_too_large");
    for (const length of ["-1", "1e3", "ten", "99999999999999999999"]) {
      const odd = await upload(watched(), { user, length: null, headers: { "content-length": length } });
      expect([400, 411, 413], length).toContain(odd.status);
    }
    expect(pulled).toBe(0);
    expect(await filesOf(user)).toEqual(NOTHING);
  });

  it("[I9] accepts only the listed types, in any case and with any parameters", async () => {
    const user = fresh();
    for (const type of ["text/html", "image/svg+xml", "application/javascript", "text/plainx", "", "*/*", "text"]) {
      const refused = await upload(bytesOf("<script>"), { user, type });
      expect((await problem(refused, 415)).code, type).toBe("file_type_not_allowed");
    }
    expect(await filesOf(user)).toEqual(NOTHING);
    const file = await uploaded(bytesOf("a"), { user, type: "Text/Plain; charset=utf-8" });
    expect(file.content_type).toBe("text/plain");
  });

  it("[I9] refuses names that could be paths, headers or disguises, and keeps all others as they are", async () => {
    const user = fresh();
    const bad = [
      "",
      " ",
      ".",
      "..",
      "../../etc/passwd",
      "a/b",
      "a\\b",
      "/",
      "a\r\nset-cookie: x=1",
      "a\u0000b",
      "a\tb",
      "\u202egpj.exe",
      "a\u2028b",
      "a".repeat(300),
      "文".repeat(86),
    ];
    for (const name of bad) {
      const document = await problem(await upload(bytesOf("x"), { user, name }), 400);
      expect(document, JSON.stringify(name)).toMatchObject({ code: "invalid_input", errors: [{ path: "query.name" }] });
    }
    expect(await filesOf(user)).toEqual(NOTHING);
    const good = [
      "a".repeat(255),
      "文".repeat(85),
      "第三周 総括 🎓.pdf",
      'it\'s 100% "done"; (really)*.txt',
      "%2e%2e%2f",
      "..a",
    ];
    for (const name of good) {
      const file = await uploaded(bytesOf("x"), { user, name });
      expect(file.name).toBe(name);
      expect(await env.FILES.head(`u/${user}/${file.id}`)).not.toBeNull();
      const disposition = (await download(file.id, user)).headers.get("content-disposition") ?? "";
      expect(disposition).toMatch(
        /^attachment; filename="[ !#$&-:<-[\]-~]*"; filename\*=UTF-8''[A-Za-z0-9.!#$&+^_`|~%-]*$/,
      );
      expect(decodeURIComponent(disposition.split("UTF-8''")[1] ?? "")).toBe(name);
    }
    const decomposed = await uploaded(bytesOf("x"), { user, name: "e\u0301.txt" });
    expect(decomposed.name).toBe("\u00e9.txt");
  });

  it("[I9] accepts only an expiry in the future", async () => {
    for (const expires_at of ["yesterday", "2020-01-01T00:00:00Z", "2030-01-01"]) {
      const document = await problem(await upload(bytesOf("x"), { query: { expires_at } }), 400);
      expect(document.errors?.[0]?.path).toBe("query.expires_at");
    }
  });

  it("[I5] with an Idempotency-Key stores once, repeats the answer, and refuses another file", async () => {
    const user = fresh();
    const headers = { "idempotency-key": "k1" };
    const first = await uploaded(bytesOf("once"), { user, headers });
    const again = await upload(bytesOf("once"), { user, headers });
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(await read(again, 201, fileSchema)).toEqual(first);
    for (const [bytes, options] of [
      [bytesOf("twin"), {}],
      [bytesOf("another"), {}],
      [bytesOf("once"), { name: "other.txt" }],
      [bytesOf("once"), { type: "text/csv" }],
    ] as const) {
      const other = await upload(bytes, { user, headers, ...options });
      expect((await problem(other, 422)).code).toBe("idempotency_key_reused");
    }
    expect(await filesOf(user)).toEqual({ rows: 1, objects: 1 });
    // Another user's key is another key.
    expect((await uploaded(bytesOf("once"), { user: fresh(), headers })).id).not.toBe(first.id);
  });

  it("[I5] sent twice at once with one key makes one file; a request that died frees its key", async () => {
    const user = fresh();
    const headers = { "idempotency-key": "k2" };
    const both = await Promise.all([upload(bytesOf("x"), { user, headers }), upload(bytesOf("x"), { user, headers })]);
    const statuses = both.map(({ status }) => status).sort();
    expect([
      [201, 201],
      [201, 409],
    ]).toContainEqual(statuses);
    expect(await filesOf(user)).toEqual({ rows: 1, objects: 1 });
    await env.DB.prepare("UPDATE files SET state = 'pending', created_at = created_at - 61000 WHERE owner = ?")
      .bind(user)
      .run();
    const retried = await upload(bytesOf("x"), { user, headers });
    expect(retried.headers.get("idempotency-replayed")).toBeNull();
    await read(retried, 201, fileSchema);
    expect(await filesOf(user)).toEqual({ rows: 1, objects: 1 });
  });
});

describe("an upload address", () => {
  it("accepts the announced bytes, once", async () => {
    const bytes = patternOf(50_000);
    const user = fresh();
    const address = await addressFor(bytes, user);
    expect(address).toMatchObject({ file: { state: "pending", ready_at: null }, upload: { completion: "automatic" } });
    expect((await problem(await download(address.file.id, user), 404)).code).toBe("not_found");
    const ready = await read(await put(address, bytes), 201, fileSchema);
    expect(ready).toMatchObject({ id: address.file.id, state: "ready", user_id: user });
    expect(new Uint8Array(await (await download(ready.id, user)).arrayBuffer())).toEqual(bytes);
    const reused = await problem(await put(address, bytes), 403);
    expect(reused).toMatchObject({ code: "upload_url_invalid", detail: "The address has been used." });
  });

  it("[I9] refuses a wrong type, a longer, a shorter and another body, and still accepts the right one", async () => {
    const bytes = bytesOf("the announced text");
    const address = await addressFor(bytes);
    const other = bytesOf("THE ANNOUNCED TEXT");
    const attempts: [string, Promise<Response>][] = [
      ["wrong type", put(address, bytes, { "content-type": "text/csv" })],
      ["no type", put(address, bytes, { "content-type": "" })],
      ["longer", put(address, bytesOf("the announced text!"), { "content-length": "19" })],
      ["shorter", put(address, bytesOf("the"), { "content-length": "3" })],
      ["longer than it says", put(address, streamOf([bytesOf("the announced text!")]))],
      ["shorter than it says", put(address, streamOf([bytesOf("the announced")]))],
      ["wrong hash", put(address, other)],
    ];
    for (const [name, attempt] of attempts) {
      expect((await problem(await attempt, 422)).code, name).toBe("content_mismatch");
      expect(await env.FILES.head(`u/ada/${address.file.id}`), name).toBeNull();
    }
    expect((await problem(await put(address, bytes, { "content-length": "" }), 411)).code).toBe("length_required");
    expect((await read(await put(address, bytes), 201, fileSchema)).state).toBe("ready");
  });

  it("[I5] used twice at once stores once: at least one request succeeds, and the bytes stay", async () => {
    const bytes = patternOf(5_000);
    const address = await addressFor(bytes);
    const both = await Promise.all([put(address, bytes), put(address, bytes)]);
    expect(both.some(({ status }) => status === 201)).toBe(true);
    for (const { status } of both) expect([201, 403, 409]).toContain(status);
    expect(new Uint8Array(await (await download(address.file.id)).arrayBuffer())).toEqual(bytes);
  });

  it("[I8] is refused if it is forged or expired, or if its file was given up", async () => {
    const bytes = bytesOf("mine");
    const address = await addressFor(bytes);
    const token = address.upload.url.split("/").at(-1) ?? "";
    const [head = "", body = "", signature = ""] = token.split(".");
    const claims = JSON.parse(atob(body)) as { sub: string };
    const forgedBody = btoa(JSON.stringify({ ...claims, sub: "eve" })).replaceAll("=", "");
    const base = address.upload.url.slice(0, -token.length);
    const unsigned = btoa(JSON.stringify({ alg: "none", typ: "upload+jwt" })).replaceAll("=", "");
    for (const forged of [
      `${head}.${forgedBody}.${signature}`,
      `${unsigned}.${body}.`,
      await tokenOf("ada"),
      "x",
      `${token}x`,
      "a".repeat(1_500),
    ]) {
      const answer = await sendBytes("PUT", base + forged, bytes, address.upload.headers);
      expect((await problem(answer, 403)).code).toBe("upload_url_invalid");
    }
    // The token opens nothing else.
    const reading = await call("GET", `/storage/files/${address.file.id}`, { token });
    expect((await problem(reading, 401)).code).toBe("unauthenticated");
    expect((await remove(address.file.id)).status).toBe(204);
    const given = await problem(await put(address, bytes), 403);
    expect(given).toMatchObject({ code: "upload_url_invalid", detail: "The upload was cancelled." });
  });

  it("[I9] is not given for a file that could not be uploaded", async () => {
    const good = { name: "a", content_type: "text/plain", size: 1, sha256: "a".repeat(64) };
    const bad: [string, object][] = [
      ["name", { ...good, name: "../a" }],
      ["name", { ...good, name: "a\ud800" }],
      ["content_type", { ...good, content_type: "text/html" }],
      ["size", { ...good, size: MAX_FILE_BYTES + 1 }],
      ["size", { ...good, size: -1 }],
      ["size", { ...good, size: 1.5 }],
      ["sha256", { ...good, sha256: "A".repeat(64) }],
      ["expires_at", { ...good, expires_at: "2020-01-01T00:00:00Z" }],
      ["owner", { ...good, owner: "eve" }],
    ];
    for (const [path, body] of bad) {
      const answer = await call("POST", "/storage/files/upload-url", { token: await tokenOf("ada"), body });
      expect((await problem(answer, 400)).errors?.[0]?.path, JSON.stringify(body)).toBe(path);
    }
  });

  it("[I5] requested twice with one key is for one file", async () => {
    const user = fresh();
    const body = { name: "a", content_type: "text/plain", size: 1, sha256: "a".repeat(64) };
    const ask = async () =>
      call("POST", "/storage/files/upload-url", {
        token: await tokenOf(user),
        body,
        headers: { "idempotency-key": "ask" },
      });
    const first = await (await ask()).text();
    expect(await (await ask()).text()).toBe(first);
    expect((await filesOf(user)).rows).toBe(1);
  });
});

describe("quotas", () => {
  it("[I9] are exact however many uploads run at once, and pending files count", async () => {
    const user = fresh();
    const bindings = variables({ FILE_QUOTA_FILES: "4", FILE_QUOTA_BYTES: "100" });
    const answers = await Promise.all(Array.from({ length: 10 }, () => upload(patternOf(10), { user, bindings })));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(4);
    for (const answer of answers) {
      if (answer.status !== 201) expect((await problem(answer, 409)).code).toBe("quota_exceeded");
    }
    expect(await filesOf(user)).toEqual({ rows: 4, objects: 4 });
  });

  it("count every byte, and are freed when a file is deleted", async () => {
    const user = fresh();
    const bindings = variables({ FILE_QUOTA_BYTES: "100" });
    const file = await uploaded(patternOf(60), { user, bindings });
    expect((await problem(await upload(patternOf(41), { user, bindings }), 409)).code).toBe("quota_exceeded");
    await uploaded(patternOf(40), { user, bindings });
    await uploaded(new Uint8Array(), { user, bindings });
    expect((await problem(await upload(patternOf(1), { user, bindings }), 409)).code).toBe("quota_exceeded");
    await uploaded(patternOf(100), { user: fresh(), bindings });
    expect((await remove(file.id, user)).status).toBe(204);
    await uploaded(patternOf(60), { user, bindings });
  });

  it("never become unlimited by an invalid variable", async () => {
    const bindings = variables({ FILE_QUOTA_BYTES: "lots", FILE_QUOTA_FILES: "" });
    const user = fresh();
    await env.DB.prepare(
      `INSERT INTO files (id, owner, key, name, type, size, state, created_at)
       VALUES (?1, ?2, ?1, 'n', 'text/plain', 1000000000, 'pending', ?3)`,
    )
      .bind(crypto.randomUUID(), user, Date.now())
      .run();
    expect((await problem(await upload(patternOf(1), { user, bindings }), 409)).code).toBe("quota_exceeded");
    await env.DB.prepare("DELETE FROM files WHERE owner = ?").bind(user).run();
  });
});

it("[I10] after all tests above, a sweep a day later leaves no row without bytes and no bytes without a row", async () => {
  await sweep(25);
  await expectNoOrphans();
  expect((await everything()).rows.length).toBeGreaterThan(10);
});
