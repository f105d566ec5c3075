import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import worker from "../../../src/back.ts";
import { MAX_STRAYS, SWEEP_PAGE } from "../../../src/files/sweep.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import {
  addressFor,
  bucketWith,
  bytesOf,
  databaseFailingAt,
  download,
  everything,
  expectNoOrphans,
  fileSchema,
  openSweep,
  put,
  remove,
  sweep,
  upload,
  uploaded,
} from "./support.ts";

const BYTES = bytesOf("some bytes");
const fails = async () => {
  throw new Error("R2 does not answer");
};
/** The statement that makes a pending file ready. */
const MARK_READY = /"ready_at" = \?/;
const hour = 3_600_000;

async function rowsOf(user: string) {
  const { results } = await env.DB.prepare("SELECT state FROM files WHERE owner = ?").bind(user).all();
  return results.map(({ state }) => state);
}
async function keysOf(user: string) {
  return (await env.FILES.list({ prefix: `u/${user}/` })).objects.length;
}
const age = (user: string, hours: number) =>
  env.DB.prepare("UPDATE files SET created_at = created_at - ? WHERE owner = ?")
    .bind(hours * hour, user)
    .run();

let user = "";
let keeper = "";
/** A file that no sweep may touch, there before each test. */
let kept = "";
beforeEach(async () => {
  user = `u-${crypto.randomUUID()}`;
  keeper = `k-${crypto.randomUUID()}`;
  kept = (await uploaded(BYTES, { user: keeper })).id;
});

async function expectSwept() {
  await sweep(25);
  await expectNoOrphans();
  expect([await rowsOf(user), await keysOf(user)]).toEqual([[], 0]);
  expect((await download(kept, keeper)).status).toBe(200);
}

describe("[I10] the sweep removes or completes", () => {
  it("an address that was never used, after two hours and not before", async () => {
    await addressFor(BYTES, user);
    await sweep(1.9);
    expect(await rowsOf(user)).toEqual(["pending"]);
    await sweep(2.1);
    expect(await rowsOf(user)).toEqual([]);
    await expectSwept();
  });

  it("an upload whose database stopped answering between bytes and row", async () => {
    const down = { DB: databaseFailingAt(MARK_READY) };
    expect((await problem(await upload(BYTES, { user, bindings: down }), 503)).code).toBe("unavailable");
    expect([await rowsOf(user), await keysOf(user)]).toEqual([["pending"], 1]);
    await expectSwept();
  });

  it("an upload whose bucket stopped answering: its row is removed at once, or later if the bucket still does not answer", async () => {
    const bindings = { FILES: bucketWith({ put: fails }) };
    expect((await problem(await upload(BYTES, { user, bindings }), 503)).code).toBe("unavailable");
    expect(await rowsOf(user)).toEqual([]);
    const down = { FILES: bucketWith({ put: fails, delete: fails }) };
    expect((await problem(await upload(BYTES, { user, bindings: down }), 503)).code).toBe("unavailable");
    expect(await rowsOf(user)).toEqual(["deleting"]);
    await expectSwept();
  });

  it("an upload that the bucket stored although it reported a failure", async () => {
    const liar = bucketWith({
      put: async (key: string, body: ReadableStream) => {
        await env.FILES.put(key, body);
        throw new Error("the answer was lost");
      },
      delete: fails,
    });
    expect((await upload(BYTES, { user, bindings: { FILES: liar } })).status).toBe(503);
    expect(await keysOf(user)).toBe(1);
    await expectSwept();
  });

  it("a deletion that died before the bytes, and one that died before the row; both look done at once", async () => {
    const first = await uploaded(BYTES, { user });
    expect((await remove(first.id, user, { FILES: bucketWith({ delete: fails }) })).status).toBe(204);
    expect([await rowsOf(user), await keysOf(user)]).toEqual([["deleting"], 1]);
    expect((await download(first.id, user)).status).toBe(404);
    const second = await uploaded(BYTES, { user });
    expect((await remove(second.id, user, { DB: databaseFailingAt(/^delete from "files"/i) })).status).toBe(204);
    expect([await rowsOf(user), await keysOf(user)]).toEqual([["deleting", "deleting"], 1]);
    expect((await download(second.id, user)).status).toBe(404);
    await expectSwept();
  });

  it("no file after a deletion that could not begin", async () => {
    const file = await uploaded(BYTES, { user });
    const answer = await remove(file.id, user, { DB: databaseFailingAt(/^update "files"/i) });
    expect(answer.status).toBe(500);
    expect((await download(file.id, user)).status).toBe(200);
  });

  it("an expired file, which nobody sees from that moment", async () => {
    const expires_at = new Date(Date.now() + hour).toISOString();
    const file = await uploaded(BYTES, { user, query: { expires_at } });
    expect(file.expires_at).toBe(expires_at);
    await sweep(0.9);
    expect((await download(file.id, user)).status).toBe(200);
    await env.DB.prepare("UPDATE files SET expires_at = ? WHERE id = ?")
      .bind(Date.now() - 1, file.id)
      .run();
    expect((await download(file.id, user)).status).toBe(404);
    const token = await tokenOf(user);
    expect((await call("GET", `/storage/files/${file.id}`, { token })).status).toBe(404);
    expect(await (await call("GET", "/storage/files", { token })).json()).toMatchObject({ results: [] });
    await expectSwept();
  });

  it("bytes without a row, after a day and not before", async () => {
    await env.FILES.put(`u/${user}/stray`, BYTES);
    await sweep(23);
    expect(await keysOf(user)).toBe(1);
    await expectSwept();
  });

  it("nothing outside the prefix of files", async () => {
    await env.FILES.put("backup/important", BYTES);
    await env.FILES.put("v", BYTES);
    await sweep(1_000);
    expect(await env.FILES.head("backup/important")).not.toBeNull();
    expect(await env.FILES.head("v")).not.toBeNull();
    await env.FILES.delete(["backup/important", "v"]);
  });

  it("a ready row whose bytes are gone; before that, requests get an answer as for no file", async () => {
    const file = await uploaded(BYTES, { user });
    await env.FILES.delete(`u/${user}/${file.id}`);
    expect((await download(file.id, user)).status).toBe(404);
    await expectSwept();
  });

  it("all bytes of a file that was deleted during its upload", async () => {
    const address = await addressFor(BYTES, user);
    const late = bucketWith({
      put: async (...values: Parameters<R2Bucket["put"]>) => {
        const stored = await env.FILES.put(...values);
        await remove(address.file.id, user, { FILES: bucketWith({ delete: async () => undefined }) });
        return stored;
      },
    });
    const answer = await put(address, BYTES, {}, { FILES: late });
    expect((await problem(answer, 404)).code).toBe("not_found");
    expect([await rowsOf(user), await keysOf(user)]).toEqual([[], 0]);
  });
});

describe("[I1] an upload that died between bytes and row", () => {
  it("is finished by sending to the same address again, or by a request to complete it", async () => {
    const down = { DB: databaseFailingAt(MARK_READY) };
    for (const finish of ["put", "complete"] as const) {
      const address = await addressFor(BYTES, user);
      expect((await put(address, BYTES, {}, down)).status).toBe(503);
      const token = await tokenOf(user);
      const answer =
        finish === "put"
          ? await put(address, BYTES)
          : await call("POST", `/storage/files/${address.file.id}/complete`, { token });
      expect((await read(answer, finish === "put" ? 201 : 200, fileSchema)).state).toBe("ready");
      expect((await download(address.file.id, user)).status).toBe(200);
    }
    await sweep(25);
    await expectNoOrphans();
    expect(await rowsOf(user)).toEqual(["ready", "ready"]);
  });
});

describe("completing an upload that did not pass the Worker", () => {
  const complete = async (id: string) => call("POST", `/storage/files/${id}/complete`, { token: await tokenOf(user) });

  it("makes a file ready if it is the announced one, with or without a checksum in the bucket, and can be repeated", async () => {
    for (const withChecksum of [true, false]) {
      const { file } = await addressFor(BYTES, user);
      expect((await problem(await complete(file.id), 409)).code).toBe("upload_incomplete");
      const sha256 = withChecksum && file.sha256 !== null ? { sha256: file.sha256 } : {};
      await env.FILES.put(`u/${user}/${file.id}`, BYTES, sha256);
      for (const _time of [1, 2]) {
        expect(await read(await complete(file.id), 200, fileSchema)).toMatchObject({ id: file.id, state: "ready" });
      }
    }
  });

  it("[I9] refuses and removes any other file", async () => {
    for (const bytes of [bytesOf("SOME BYTES"), bytesOf("some byte"), bytesOf("some bytes.")]) {
      const { file } = await addressFor(BYTES, user);
      await env.FILES.put(`u/${user}/${file.id}`, bytes);
      expect((await problem(await complete(file.id), 422)).code).toBe("content_mismatch");
      expect(await env.FILES.head(`u/${user}/${file.id}`)).toBeNull();
      expect((await download(file.id, user)).status).toBe(404);
    }
    await expectSwept();
  });
});

describe("[I10] a sweep", () => {
  it("goes page by page, and continues where it died", async () => {
    const now = Date.now();
    const count = SWEEP_PAGE + 20;
    const numbers = Array.from({ length: count }, (_, index) => index);
    await env.DB.prepare(
      `INSERT INTO files (id, owner, key, name, type, size, state, created_at)
       SELECT 'p' || value, ?1, 'u/' || ?1 || '/p' || value, 'n', 'text/plain', 1, 'pending', ?2 FROM json_each(?3)`,
    )
      .bind(user, now - 3 * hour, JSON.stringify(numbers))
      .run();
    const other = `${user}-o`;
    await env.DB.prepare(
      `INSERT INTO files (id, owner, key, name, type, size, state, created_at)
       SELECT 'r' || value, ?1, 'u/' || ?1 || '/' || value, 'n', 'text/plain', 1, 'ready', 1 FROM json_each(?2)`,
    )
      .bind(other, JSON.stringify(numbers))
      .run();
    for (const number of numbers) await env.FILES.put(`u/${other}/${number}`, BYTES);
    await env.FILES.put(`u/${user}/stray`, BYTES);
    await env.FILES.put(`u/${other}z/stray`, BYTES);
    // The bucket stops answering after the first listed page: the cron fails, and says so.
    let lists = 0;
    const failing = bucketWith({
      list: async (options: R2ListOptions) => {
        lists += 1;
        if (lists > 1) throw new Error("R2 does not answer");
        return env.FILES.list(options);
      },
    });
    await expect(sweep(25, { FILES: failing })).rejects.toThrow(/R2 does not answer/);
    const died = await openSweep();
    expect(died?.position).toMatch(/^u\//);
    expect(await rowsOf(user)).toEqual([]);
    // The next minute goes on behind that page, with nobody asking.
    const positions: (string | undefined)[] = [];
    const watching = bucketWith({
      list: async (options: R2ListOptions) => {
        positions.push(options.startAfter);
        return env.FILES.list(options);
      },
    });
    const minute = { cron: "* * * * *", scheduledTime: now, noRetry() {} };
    await worker.scheduled(minute, { ...env, FILES: watching });
    expect(positions[0]).toBe(died?.position);
    expect(await openSweep()).toBeNull();
    expect(await keysOf(other)).toBe(count);
    expect(await keysOf(`${other}z`)).toBe(0);
    await expectSwept();
    await env.FILES.delete(numbers.map((number) => `u/${other}/${number}`));
    await env.DB.prepare("DELETE FROM files WHERE owner = ?").bind(other).run();
  });

  it("[I1] stops before it empties a bucket or a table that do not belong together", async () => {
    const numbers = Array.from({ length: MAX_STRAYS + 1 }, (_, index) => index);
    const insert = () =>
      env.DB.prepare(
        `INSERT INTO files (id, owner, key, name, type, size, state, created_at)
         SELECT 's' || value, ?1, 'u/' || ?1 || '/' || value, 'n', 'text/plain', 1, 'ready', 1 FROM json_each(?2)`,
      )
        .bind(user, JSON.stringify(numbers))
        .run();
    for (const number of numbers) await env.FILES.put(`u/${user}/${number}`, BYTES);
    await expect(sweep(25)).rejects.toThrow(/101 objects have no row/);
    expect(await keysOf(user)).toBe(numbers.length);
    await insert();
    await env.FILES.delete(numbers.map((number) => `u/${user}/${number}`));
    await expect(sweep(25)).rejects.toThrow(/101 ready files have no bytes/);
    expect((await rowsOf(user)).length).toBe(numbers.length);
    await env.DB.prepare("DELETE FROM files WHERE owner = ?").bind(user).run();
    await expectSwept();
  });

  it("that is done needs one small read in the next minute", async () => {
    await sweep(0);
    const list = vi.fn();
    await worker.scheduled(
      { cron: "* * * * *", scheduledTime: Date.now(), noRetry() {} },
      { ...env, FILES: bucketWith({ list }) },
    );
    expect(list).not.toHaveBeenCalled();
  });

  it("changes no row with bytes while the bucket does not answer", async () => {
    await addressFor(BYTES, user);
    await age(user, 3);
    const before = await everything();
    await expect(sweep(25, { FILES: bucketWith({ list: fails, delete: fails, head: fails }) })).rejects.toThrow();
    const after = await everything();
    expect(after.keys).toEqual(before.keys);
    expect(await rowsOf(user)).toEqual(["deleting"]);
    await sweep(25);
    await expectSwept();
  });
});
