import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { exportStream } from "../../../src/audit/export.ts";
import { MIN_RETENTION_MS } from "../../../src/audit/routes-chain.ts";
import { countedDatabase } from "../../../src/platform/database/counted.ts";
import { brokenDatabase, recordedDatabase } from "../../support/worker/faults.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import { setClock } from "../../support/worker/learners.ts";
import { chain, entries, logs, rebindChain, report, reported, root, settle, state, verify } from "./support.ts";

afterEach(() => {
  vi.useRealTimers();
});

const seqs = (page: { results: { seq: number }[] }) => page.results.map(({ seq }) => seq);
const purge = async (before: number) =>
  call("POST", "/audit/purge", { token: await root(), body: { before: new Date(before).toISOString() } });

describe("the audit API", () => {
  it("[I8] is read and purged by admins only, and written by services and admins", async () => {
    for (const role of ["learner", "author", "service"] as const) {
      const token = await tokenOf("someone", role);
      for (const path of ["/audit/logs", "/audit/logs/export", "/audit/stats", "/audit/verify"]) {
        expect((await problem(await call("GET", path, { token }), 403)).code).toBe("forbidden");
      }
      await problem(await call("POST", "/audit/purge", { token, body: { before: "2020-01-01T00:00:00Z" } }), 403);
    }
    for (const role of ["learner", "author"] as const) {
      const options = { token: await tokenOf("someone", role), body: { entries: [reported("x")] } };
      await problem(await call("POST", "/audit/logs/batch", options), 403);
    }
    await problem(await call("GET", "/audit/logs"), 401);
    expect((await state()).seq).toBe(0);
  });

  it("[I5][I9] accepts the right entries of a batch, names the errors of the others, and accepts each key once", async () => {
    const batch = [
      reported("one"),
      reported("bad", { action: "course.published" }),
      reported("mail", { details: { note: "ada@example.org" } }),
      reported("field", { details: { password: "x" } }),
      reported("future", { occurred_at: "2999-01-01T00:00:00Z" }),
      "garbage",
      reported("two", { details: { note: "翻译服务启动完成" } }),
    ];
    const first = await report(batch);
    expect(first.results.map(({ status }) => status)).toEqual([
      "created",
      "invalid",
      "invalid",
      "invalid",
      "invalid",
      "invalid",
      "created",
    ]);
    expect(first).toMatchObject({ accepted: 2, rejected: 5 });
    expect((await report(batch)).results.map(({ status, seq }) => [status, seq]).at(0)).toEqual(["duplicate", 1]);
    const other = await report([reported("one", { actor: { id: "other", role: "admin" } })]);
    expect(other.results[0]).toMatchObject({ status: "invalid", errors: [{ rule: "key_reused" }] });
    // Another reporter's key is another key, and who reported is written down.
    expect((await report([reported("one")], "second")).results[0]).toMatchObject({ status: "created", seq: 3 });
    expect((await entries()).map(({ reported_by }) => reported_by)).toEqual(["reporter", "reporter", "second"]);
    const many = { token: await root(), body: { entries: Array.from({ length: 501 }, () => "x") } };
    await problem(await call("POST", "/audit/logs/batch", many), 400);
  });

  it("has no gap in its numbers, however many write at once", async () => {
    const from = (await state()).seq;
    await Promise.all(
      Array.from({ length: 8 }, (_, w) => report(Array.from({ length: 25 }, (_, i) => reported(`w${w}-${i}`)))),
    );
    const rows = (await entries()).filter(({ seq }) => seq > from);
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 200 }, (_, i) => from + 1 + i));
    expect((await verify(50)).breaks).toEqual([]);
  });

  it("[I1][I5] accepts entries while D1 does not answer, without loss or delay, and every entry arrives once", async () => {
    // That somebody looks at the log is recorded too, once a day: it is there before anything is counted.
    await logs();
    await settle();
    const before = seqs(await logs()).length;
    await rebindChain({ DB: brokenDatabase() });
    const taken = await report([reported("dark1"), reported("dark2")]);
    expect(taken.accepted).toBe(2);
    await settle();
    expect(await state()).toMatchObject({
      unprojected: 2,
      projection_error: expect.stringContaining("does not answer"),
    });
    await rebindChain({});
    await settle();
    // A confirmation that was lost: the same page once more.
    await runInDurableObject(chain(), (_i, { storage }) => {
      storage.sql.exec("UPDATE chain SET projected_seq = projected_seq - 2");
      storage.sql.exec("INSERT OR REPLACE INTO due_times (name, at, failures) VALUES ('project', 1, 0)");
    });
    await settle();
    expect(seqs(await logs()).length).toBe(before + 2);
    expect(seqs(await logs("&q=dark1"))).toEqual([taken.results[0]?.seq]);
    expect(await state()).toMatchObject({ unprojected: 0, projection_error: null });
  });

  it("finds two Chinese characters inside a sentence, and filters, newest first, page by page", async () => {
    await report([
      reported("f1", { actor: { id: "filter-me", role: "author" }, details: { note: "审计日志查询" } }),
      reported("f2", { actor: { id: "filter-me", role: "author" }, action: "job.started" }),
      reported("f3", { target: { type: "file", id: "the-target" }, details: { note: "翻译任务完成" } }),
    ]);
    await settle();
    expect((await logs("&q=服务")).results).toHaveLength(1);
    expect((await logs("&q=翻译")).results).toHaveLength(2);
    expect((await logs("&q=翻译 完成")).results).toHaveLength(2);
    expect((await logs("&q=译完")).results).toHaveLength(0);
    expect((await logs("&q=日")).results).toHaveLength(1);
    expect((await logs("&q=%21%21")).results).toHaveLength(0);
    const long = await call("GET", `/audit/logs?q=${"审".repeat(66)}`, { token: await root() });
    expect((await problem(long, 400)).errors?.[0]?.path).toBe("query.q");
    expect((await logs("&actor=filter-me")).results).toHaveLength(2);
    expect((await logs("&actor=filter-me&action=job.started")).results).toHaveLength(1);
    expect((await logs("&target=the-target&target_type=file&q=任务")).results).toHaveLength(1);
    expect((await logs("&to=2020-01-01T00:00:00Z")).results).toEqual([]);
    expect((await logs("&from=2999-01-01T00:00:00Z")).results).toEqual([]);
    const all = seqs(await logs("&from=2020-01-01T00:00:00Z"));
    expect(all).toEqual(all.toSorted((a, b) => b - a));
    const walked: number[] = [];
    for (let cursor = ""; ; ) {
      const page = await logs(`&from=2020-01-01T00:00:00Z${cursor}`, 50);
      walked.push(...seqs(page));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    expect(walked).toEqual(all);
  });

  it("refuses a cursor of another filter", async () => {
    const page = await call("GET", "/audit/logs?limit=1&action=job.finished", { token: await root() });
    const { next_cursor } = JSON.parse(await page.text());
    const other = await call("GET", `/audit/logs?limit=1&cursor=${next_cursor}`, { token: await root() });
    expect((await problem(other, 400)).code).toBe("invalid_cursor");
  });

  it("counts entries, and says how many wait", async () => {
    const answer = await call("GET", "/audit/stats", { token: await root() });
    const stats = JSON.parse(await answer.text());
    expect(stats).toMatchObject({ chain: "main", first_seq: 1, unprojected: 0, outbox: { waiting: 0, refused: 0 } });
    const total = stats.actions.reduce((sum: number, { entries: n }: { entries: number }) => sum + n, 0);
    expect(total).toBe(stats.last_seq);
  });

  it("removes whole segments in a purge, leaves a signed record, and verify accepts exactly that", async () => {
    await settle();
    const cut = (await state()).seq;
    await report([reported("young")]);
    expect((await problem(await purge(Date.now()), 400)).errors?.[0]?.rule).toBe("too_recent");
    expect(await (await purge(Date.now() - MIN_RETENTION_MS - 1)).json()).toEqual({ purged: null });
    const later = Date.now() + MIN_RETENTION_MS + 60_000;
    setClock(later);
    // The bucket does not answer: nothing may go before the record is there.
    const down = new Proxy(env.DOCUMENTS, {
      get: () => () => Promise.reject(new Error("the bucket does not answer")),
    });
    await rebindChain({ DOCUMENTS: down });
    await problem(await purge(later - MIN_RETENTION_MS), 503);
    expect((await entries())[0]?.seq).toBe(1);
    expect(await state()).toMatchObject({ is_purging: true, base_seq: 0 });
    await rebindChain({});
    await settle();
    expect(await state()).toMatchObject({ is_purging: false, base_seq: cut, purges: 1 });
    vi.useRealTimers();
    await settle();
    const left = await entries();
    expect(left.map(({ action }) => action)).toEqual(["job.finished", "audit.purged"]);
    expect(left[1]).toMatchObject({ actor_id: "root", details: expect.stringContaining(`"to_seq":${cut}`) });
    expect(seqs(await logs())).toEqual([cut + 2, cut + 1]);
    expect((await logs("&q=翻译")).results).toEqual([]);
    expect((await verify()).breaks).toEqual([]);
    expect((await verify(1)).breaks).toEqual([]);
    // One entry more than the record covers is a break; so is the same hole without the record.
    await runInDurableObject(chain(), (_i, { storage }) =>
      storage.sql.exec(`DELETE FROM entries WHERE seq = ${cut + 1}`),
    );
    expect((await verify()).breaks).toContainEqual({ kind: "start_missing", from_seq: cut + 1, to_seq: cut + 1 });
    await env.DOCUMENTS.delete("audit/main/purges/0000000001.json");
    expect((await verify()).breaks).toContainEqual({ kind: "start_missing", from_seq: 1, to_seq: cut + 1 });
  });
});

describe("an export", () => {
  it("is recorded, has no text that is run as a formula, and says where it ends", async () => {
    await report([
      reported("csv", { target: { type: "job", id: "=cmd|' /C calc'!A0" } }),
      reported("csv2", { target: { type: "job", id: "\t@SUM(A1)" } }),
    ]);
    await settle();
    const answer = await call("GET", "/audit/logs/export?format=csv", { token: await root() });
    expect(answer.headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const text = await answer.text();
    expect(text).toContain(",'=cmd|' /C calc'!A0,");
    expect(text).toContain(`,"'\t@SUM(A1)",`);
    expect((await entries()).at(-1)).toMatchObject({ action: "audit.exported", actor_id: "root", outcome: "ordered" });
    const lines = (await (await call("GET", "/audit/logs/export?format=ndjson", { token: await root() })).text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toEqual({ end: true, entries: lines.length - 1 });
  });

  it.each(["csv", "ndjson"] as const)(
    "of 20,000 rows as %s reads a page when the reader has read the page before",
    async (format) => {
      await env.DB.prepare(
        `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
       INSERT INTO audit_log (chain, seq, hash, key, action, occurred_at, received_at, actor_id, actor_role, target_type, target_id, outcome, details, tokens)
       SELECT 'main', 1000000 + i, 'h', 'k' || i, 'bulk.row', i, i, 'a', 'admin', 't', 'x', 'done', '{}', 'bulk' FROM n
       WHERE true ON CONFLICT DO NOTHING`,
      ).run();
      const log: string[] = [];
      const db = countedDatabase(recordedDatabase(log), { count: 0 });
      const reader = exportStream(db, { action: "bulk.row" }, format).getReader();
      let lines = 0;
      let chunks = 0;
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        chunks += 1;
        expect(log.length).toBe(chunks);
        expect(next.value.byteLength).toBeLessThan(600_000);
        lines += new TextDecoder().decode(next.value).trim().split("\n").length;
      }
      expect(chunks).toBeGreaterThanOrEqual(20);
      expect(lines).toBe(20_001);
    },
  );
});
