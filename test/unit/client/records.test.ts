// Over 350 lines: the cases share a fake server and a spool.

import { mkdtempSync, rmSync } from "node:fs";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient } from "../../../src/client/create-client.ts";
import { cutBatch } from "../../../src/client/records/batching.ts";
import { fileSpool, SpoolInUseError } from "../../../src/client/records/node.ts";
import type { InvalidItem, RecordWriterOptions } from "../../../src/client/records/options.ts";
import { RestoreCutError, RestoreRefusedError, restoreSession } from "../../../src/client/records/restore.ts";
import { memorySpool, type RecordItem, type Spool } from "../../../src/client/records/spool.ts";
import { RecordWriter } from "../../../src/client/records/writer.ts";
import { ManualClock } from "../../support/client/manual-clock.ts";
import { RecordServer } from "../../support/client/record-server.ts";

const task = (number: number, rest: Partial<RecordItem> = {}): RecordItem => ({
  session_id: "ada:s",
  task_id: `ada:s:t${number}`,
  version: 1,
  source_text: `text ${number}`,
  ...rest,
});
const session: RecordItem = { session_id: "ada:s", version: 1 };
const refusal = (status: number, headers: Record<string, string> = {}, extra: object = {}) =>
  Response.json({ type: "t", title: "T", status, code: "c", request_id: "r", ...extra }, { status, headers });

async function bench(options: Partial<RecordWriterOptions> & { server?: RecordServer } = {}) {
  const server = options.server ?? new RecordServer();
  const clock = new ManualClock();
  const invalid: InvalidItem[] = [];
  const problems: string[] = [];
  const writer = await RecordWriter.open({
    client: createClient({ baseUrl: "http://latchkey.test", getToken: () => "t", fetch: server.fetch, clock }),
    spool: options.spool ?? memorySpool(),
    clock,
    onInvalid: (item) => {
      invalid.push(item);
    },
    onProblem: ({ code, status }) => {
      problems.push(`${code} ${status}`);
    },
    ...options,
  });
  /** Runs a promise to its end, the clock with it. */
  const run = async <T>(promise: Promise<T>): Promise<T> => {
    let isDone = false;
    const done = promise.finally(() => {
      isDone = true;
    });
    for (let turn = 0; !isDone && turn < 2_000; turn += 1) await clock.advance(100);
    if (!isDone) throw new Error("it never ended");
    return done;
  };
  const writeAll = (numbers: readonly number[]) =>
    Promise.all(numbers.map((number) => writer.write("tasks", task(number))));
  return { server, clock, invalid, problems, writer, run, writeAll };
}
const upTo = (count: number) => Array.from({ length: count }, (_, number) => number);

describe("a record writer", () => {
  it("sends batches of 100, and a smaller batch after a while", async () => {
    const { writeAll, clock, server } = await bench();
    await writeAll(upTo(250));
    await clock.advance(0);
    expect(server.received.map(({ ids }) => ids.length)).toEqual([100, 100]);
    await clock.advance(199);
    expect(server.received).toHaveLength(2);
    await clock.advance(1);
    expect(server.received.map(({ ids }) => ids.length)).toEqual([100, 100, 50]);
    expect(server.received.flatMap(({ ids }) => ids)).toEqual(upTo(250).map((number) => `ada:s:t${number}`));
  });

  it("sends a session before its tasks, and each owner in its own batch", async () => {
    const { writer, run, server } = await bench();
    await writer.write("sessions", session);
    await writer.write("tasks", task(1));
    await writer.write("tasks", { session_id: "bob:s", task_id: "bob:s:t1", version: 1 });
    await run(writer.flush());
    expect(server.received.map(({ kind, ids }) => [kind, ids])).toEqual([
      ["sessions", ["ada:s"]],
      ["tasks", ["ada:s:t1"]],
      ["tasks", ["bob:s:t1"]],
    ]);
  });

  it("[I5] sends a batch with the same key until it is answered, and sends nothing else before that", async () => {
    const { writeAll, writer, run, server, problems } = await bench({ batchSize: 3 });
    // Longer than the client repeats a call by itself.
    server.disturbances.push("unanswered", ...upTo(9).map(() => "lost" as const));
    await writeAll(upTo(5));
    await run(writer.flush());
    expect(problems.length).toBeGreaterThan(1);
    const keys = server.received.map(({ key }) => key);
    expect(keys[0]).toBe(keys[1]);
    expect(new Set(keys).size).toBe(2);
    expect(server.doubles).toBe(0);
    expect(server.items.size).toBe(5);
    expect(writer.status).toMatchObject({ held: 0, failures: 0 });
  });

  it("never sends again before Retry-After", async () => {
    const { writer, clock, server } = await bench({ lingerMs: 0 });
    server.disturbances.push(refusal(429, { "retry-after": "120" }));
    await writer.write("tasks", task(1));
    await clock.advance(119_999);
    expect(server.items.size).toBe(0);
    await clock.advance(60_000);
    expect(server.items.size).toBe(1);
  });

  it("waits with full jitter, at most a minute", async () => {
    const { writer, clock, server, problems } = await bench({ lingerMs: 0 });
    server.disturbances.push(...upTo(40).map(() => refusal(500)));
    clock.chance = 0.999;
    await writer.write("tasks", task(1));
    await clock.advance(500 + 1_000 + 2_000);
    expect(problems).toHaveLength(3 + 1);
    await clock.advance(3_600_000);
    expect(server.items.size).toBe(1);
    expect(problems).toHaveLength(40);
  });

  it("gives invalid items to the handler and continues, also when the handler throws", async () => {
    const { writer, run, server, invalid } = await bench();
    server.invalid.add("ada:s:t1");
    await Promise.all(upTo(3).map((number) => writer.write("tasks", task(number))));
    await run(writer.flush());
    expect(invalid).toEqual([{ kind: "tasks", item: task(1), error: { rule: "too_big", message: "too big" } }]);
    expect([...server.items.keys()]).toEqual(["ada:s:t0", "ada:s:t2"]);

    const angry = await bench({
      onInvalid: () => {
        throw new Error("no");
      },
    });
    angry.server.invalid.add("ada:s:t0");
    await angry.writeAll(upTo(2));
    await angry.run(angry.writer.flush());
    expect(angry.writer.status.held).toBe(0);
  });

  it("reports every item of a batch that is refused for good, and keeps a batch that was refused because of its token", async () => {
    const { writer, run, server, invalid, clock } = await bench({ lingerMs: 0 });
    const errors = [{ path: "tasks", rule: "one_owner", message: "of one owner" }];
    server.disturbances.push(refusal(400, {}, { errors }));
    await writer.write("tasks", task(1));
    await run(writer.flush());
    expect(invalid.map(({ error }) => error.rule)).toEqual(["one_owner"]);
    server.disturbances.push(refusal(401), refusal(401), refusal(403));
    await writer.write("tasks", task(2));
    await clock.advance(600_000);
    expect(server.items.size).toBe(1);
    expect(invalid).toHaveLength(1);
  });

  it("[I1] lets callers wait while the spool is full, and drops nothing", async () => {
    const { writer, clock, run, server } = await bench({ batchSize: 5, spoolSize: 10 });
    server.disturbances.push(...upTo(20).map(() => refusal(503, { "retry-after": "5" })));
    let kept = 0;
    const writing = Promise.all(
      upTo(30).map(async (number) => {
        await writer.write("tasks", task(number));
        kept += 1;
      }),
    );
    await clock.advance(1_000);
    expect(kept).toBe(10);
    expect(writer.status.held).toBe(10);
    await run(writing);
    await run(writer.flush());
    expect(server.items.size).toBe(30);
  });

  it("stops with a deadline, reports what is not sent, and takes no further items", async () => {
    const spool = memorySpool();
    const first = await bench({ spool });
    first.server.disturbances.push(...upTo(1_000).map(() => "lost" as const));
    await first.writeAll(upTo(150));
    const waiting = first.writer.flush();
    expect(await first.run(first.writer.stop({ deadlineMs: 3_000 }))).toEqual({ left: 150 });
    expect(first.clock.now()).toBeLessThanOrEqual(4_000);
    await expect(first.writer.write("tasks", task(999))).rejects.toThrow(/stopped/);
    first.server.disturbances.length = 0;
    void waiting;

    const second = await bench({ spool, server: first.server });
    await second.run(second.writer.flush());
    expect(first.server.items.size).toBe(150);
    expect(await second.run(second.writer.stop())).toEqual({ left: 0 });
  });

  it("reports a spool that cannot be written, to the caller and to onProblem, and loses nothing", async () => {
    const inner = memorySpool();
    let broken: keyof Spool | null = "append";
    const failing =
      <T extends unknown[]>(name: keyof Spool, method: (...parts: T) => Promise<void>) =>
      async (...parts: T) => {
        if (broken === name) {
          broken = null;
          throw new Error("disk full");
        }
        return method(...parts);
      };
    const spool: Spool = {
      ...inner,
      append: failing("append", inner.append),
      seal: failing("seal", inner.seal),
      remove: failing("remove", inner.remove),
    };
    const { writer, run, server, problems } = await bench({ spool });
    await expect(writer.write("tasks", task(0))).rejects.toThrow("disk full");
    expect(writer.status.held).toBe(0);
    for (const [number, method] of (["seal", "remove"] as const).entries()) {
      broken = method;
      await writer.write("tasks", task(number + 1));
      await run(writer.flush());
    }
    expect(problems).toEqual(["spool_failure 0", "spool_failure 0"]);
    expect([...server.items.keys()]).toEqual(["ada:s:t1", "ada:s:t2"]);
    expect(server.doubles).toBe(0);
  });
});

describe("a spool", () => {
  it("does one operation at a time, also when several are called together", async () => {
    const inner = memorySpool();
    let inside = 0;
    let most = 0;
    const alone =
      <T extends unknown[]>(method: (...parts: T) => Promise<void>) =>
      async (...parts: T) => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise((resolve) => setImmediate(resolve));
        await method(...parts);
        inside -= 1;
      };
    const { append, seal, remove } = inner;
    const spool: Spool = { ...inner, append: alone(append), seal: alone(seal), remove: alone(remove) };
    const { writer, run, server } = await bench({ spool, batchSize: 3 });
    const writing = (async () => {
      for (const number of upTo(40)) {
        void writer.write("tasks", task(number));
        if (number % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await run(writing);
    await run(writer.flush());
    expect(most).toBe(1);
    expect(server.items.size).toBe(40);
  });
});

describe("cutting a batch", () => {
  const spooled = (items: RecordItem[]) => items.map((item, at) => ({ seq: at + 1, kind: "tasks" as const, item }));

  it("stays within the limit of characters, and sends a task that is too large in a batch of its own", () => {
    const items = spooled([task(1), task(2, { source_text: "x".repeat(500) }), task(3)]);
    expect(cutBatch(items, { items: 100, characters: 300 })).toEqual({ count: 1, isClosed: true });
    expect(cutBatch(items.slice(1), { items: 100, characters: 300 })).toEqual({ count: 1, isClosed: true });
    expect(cutBatch(items.slice(2), { items: 100, characters: 300 })).toEqual({ count: 1, isClosed: false });
    expect(cutBatch([], { items: 100, characters: 300 })).toEqual({ count: 0, isClosed: false });
  });
});

describe("a file spool", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "latchkey-spool-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const spooled = (number: number) => ({ seq: number, kind: "tasks" as const, item: task(number) });
  const batch = (key: string, from: number, to: number) => ({ key, kind: "tasks" as const, from, to });

  it("returns what was kept, with the keys, and forgets what was answered", async () => {
    const path = join(folder, "kept");
    const spool = fileSpool(path);
    expect(await spool.open()).toEqual({ items: [], batches: [] });
    await spool.append([spooled(1), spooled(2)]);
    await spool.append([spooled(3), spooled(4)]);
    await spool.seal(batch("a", 1, 2));
    await spool.seal(batch("b", 3, 3));
    await spool.remove(batch("a", 1, 2));
    await spool.close();
    const again = fileSpool(path);
    expect(await again.open()).toEqual({ items: [spooled(3), spooled(4)], batches: [batch("b", 3, 3)] });
    await again.close();
  });

  it("loses only the line that was being written when the process died", async () => {
    const path = join(folder, "torn");
    const spool = fileSpool(path);
    await spool.open();
    await spool.append([spooled(1)]);
    await spool.close();
    await appendFile(path, '{"item":{"seq":2,"ki');
    const again = fileSpool(path);
    expect((await again.open()).items).toEqual([spooled(1)]);
    await again.append([spooled(2)]);
    await again.close();
    expect((await readFile(path, "utf8")).trimEnd().split("\n")).toHaveLength(2);
  });

  it("belongs to one living process, and to the next process when that one is dead", async () => {
    const path = join(folder, "locked");
    await writeFile(`${path}.lock`, String(process.ppid));
    await expect(fileSpool(path).open()).rejects.toThrow(SpoolInUseError);
    await writeFile(`${path}.lock`, "2147483646");
    const spool = fileSpool(path);
    await spool.open();
    await spool.close();
  });

  it("does not grow without end", async () => {
    const path = join(folder, "small");
    const spool = fileSpool(path);
    await spool.open();
    const item = task(1, { source_text: "x".repeat(1_000_000) });
    for (let seq = 1; seq <= 40; seq += 1) {
      await spool.append([{ seq, kind: "tasks", item }]);
      await spool.seal(batch(`k${seq}`, seq, seq));
      await spool.remove(batch(`k${seq}`, seq, seq));
    }
    await spool.close();
    expect((await readFile(path)).length).toBeLessThan(17_000_000);
  });
});

describe("restoring a session", () => {
  const lines = (...texts: object[]) => texts.map((text) => `${JSON.stringify(text)}\n`).join("");
  async function restore(response: Response): Promise<string[]> {
    const client = createClient({ baseUrl: "http://latchkey.test", getToken: () => "t" });
    const ids: string[] = [];
    for await (const { task_id } of restoreSession(client, "ada:s", { fetch: async () => response })) ids.push(task_id);
    return ids;
  }

  it("yields the open tasks one by one, at whatever byte the stream is cut into parts", async () => {
    const bytes = new TextEncoder().encode(
      lines({ session: {} }, { task: { task_id: "一" } }, { task: { task_id: "b" } }, { end: true, tasks: 2 }),
    );
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    expect(await restore(new Response(body))).toEqual(["一", "b"]);
  });

  it("tells a cut stream from a whole one, and a refusal from both", async () => {
    await expect(restore(new Response(lines({ session: {} }, { task: { task_id: "a" } })))).rejects.toThrow(
      RestoreCutError,
    );
    await expect(restore(new Response(lines({ session: {} }, { end: true, tasks: 1 })))).rejects.toThrow(
      RestoreCutError,
    );
    await expect(restore(refusal(404))).rejects.toThrow(RestoreRefusedError);
  });
});
