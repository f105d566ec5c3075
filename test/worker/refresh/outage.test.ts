import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import worker from "../../../src/back.ts";
import { resendMost } from "../../../src/enrollment/resend.ts";
import {
  LETTER_RETENTION_MS,
  MAX_HANDLED_LETTERS,
  MAX_LETTER_BYTES,
  MAX_OPEN_LETTERS,
} from "../../../src/platform/queue/dead-letters.ts";
import { LAST_ATTEMPT } from "../../../src/platform/queue/last-attempt.ts";
import { enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { brokenDatabase, readOnlyDatabase } from "../../support/worker/faults.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { growth, scraped } from "../../support/worker/metrics.ts";
import { everywhere } from "../../support/worker/shards.ts";
import { all, bindingsWith, collectingQueue, consume, outboxOf, pair, rebind, rowOf, run } from "./support.ts";

/** What is promised: an hour in which D1 does not answer leaves no more of them. */
const LETTERS_OF_AN_HOUR = 1_000;

interface Waiting {
  id: string;
  body: unknown;
  attempts: number;
}

/** A queue and its dead-letter queue, delivered by hand: what is retried comes again, what has no retry left is dead. */
class Deliveries {
  readonly #queue: string;
  waiting: Waiting[] = [];
  dead: Waiting[] = [];

  constructor(queue: string) {
    this.#queue = queue;
  }

  send(bodies: readonly unknown[]): void {
    for (const body of bodies) this.waiting.push({ id: crypto.randomUUID(), body, attempts: 0 });
  }

  /** Delivers everything once, dead letters too. */
  async deliver(bindings: Env): Promise<void> {
    const again = await this.#consume(this.#queue, this.waiting, bindings);
    this.waiting = again.filter(({ attempts }) => attempts < LAST_ATTEMPT);
    this.dead.push(...again.filter(({ attempts }) => attempts >= LAST_ATTEMPT).map((one) => ({ ...one, attempts: 0 })));
    this.dead = await this.#consume(`${this.#queue}-dead`, this.dead, bindings);
  }

  /** @returns what was not acknowledged. */
  async #consume(queue: string, messages: readonly Waiting[], bindings: Env): Promise<Waiting[]> {
    const left: Waiting[] = [];
    for (let from = 0; from < messages.length; from += 100) {
      const page = messages.slice(from, from + 100).map((one) => ({ ...one, attempts: one.attempts + 1 }));
      const batch = createMessageBatch(
        queue,
        page.map((one) => ({ ...one, timestamp: new Date() })),
      );
      const context = createExecutionContext();
      const failed = await worker.queue(batch, bindings).then(
        () => false,
        () => true,
      );
      const { ackAll, explicitAcks } = await getQueueResult(batch, context);
      if (!failed && ackAll) continue;
      left.push(...page.filter(({ id }) => !explicitAcks.includes(id)));
    }
    return left;
  }
}

const letters = async (queue?: string) =>
  (await all<{ n: number }>(`SELECT count(*) AS n FROM dead_letters WHERE ?1 = '' OR queue = ?1`, queue ?? "").then(
    ([row]) => row?.n,
  )) ?? 0;

const archived = (id: string, data = "{}") => ({
  user_id: null,
  events: [{ id, at: Date.now(), type: "system.error", level: "error", priority: "high", roles: null, data }],
});

/** How much each metric grows by a piece of work. */
async function grown(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await scraped();
  await work();
  return growth(before, await scraped());
}

beforeEach(async () => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  await run("DELETE FROM dead_letters");
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A course whose learners' objects announce to a queue that a test delivers. */
async function learnersBehind(users: readonly string[]): Promise<string> {
  const slug = freshSlug("outage");
  await publish(pair(slug));
  const { queue } = collectingQueue();
  for (const user of users) {
    await rebind(slug, user, { PROJECTION_QUEUE: queue });
    await enroll(slug, user);
    await call("POST", `/courses/${slug}/chapters/${slug}.one/mark_as_completed/`, { token: await tokenOf(user) });
  }
  return slug;
}

describe("[fault 15] an hour of a D1 that", () => {
  // Sixty minutes, in each a few hundredths of what a hundred writes a second send: announcements, marks, sweeps, and an
  // important event. Each is delivered four times. Not one becomes a letter, so a thousand times as many leave as few.
  it.each([
    ["answers nothing", () => brokenDatabase()],
    ["refuses writes", (real: D1Database) => readOnlyDatabase(real).db],
  ])("%s leaves no dead letter, and everything arrives later", async (_what, broken) => {
    const users = ["a", "b", "c"];
    const slug = await learnersBehind(users);
    const projection = new Deliveries("latchkey-projection");
    const refresh = new Deliveries("latchkey-refresh");
    const events = new Deliveries("latchkey-events");
    const bindings = bindingsWith(everywhere(broken));
    const tag = crypto.randomUUID();
    for (let minute = 0; minute < 60; minute += 1) {
      const of = (at: number) => `${slug}:${users[at % users.length]}`;
      projection.send(Array.from({ length: 12 }, (_, at) => ({ type: "project", enrollment_id: of(at) })));
      refresh.send([
        ...Array.from({ length: 4 }, (_, at) => ({ type: "refresh", enrollment_id: of(at), stale_mark: at })),
        { type: "mark", course: slug },
        { type: "sweep", scope: "course" },
        { type: "cleanup" },
        { type: "warm", course: slug, activation: 1, cursor: null },
      ]);
      events.send([archived(`${tag}-${minute}`)]);
      await Promise.all([projection.deliver(bindings), refresh.deliver(bindings), events.deliver(bindings)]);
    }
    for (let round = 0; round < LAST_ATTEMPT; round += 1) {
      await Promise.all([projection.deliver(env), refresh.deliver(env), events.deliver(env)]);
    }
    for (const queue of [projection, refresh, events]) expect([...queue.waiting, ...queue.dead]).toEqual([]);
    expect(await letters()).toBe(0);
    for (const user of users) {
      expect(await rowOf(slug, user)).toMatchObject({ progress_seq: 1 });
      expect(await outboxOf(slug, user)).toBe(0);
    }
    const [row] = await all<{ n: number }>("SELECT count(*) AS n FROM event_log WHERE id LIKE ?", `${tag}-%`);
    expect(row?.n).toBe(60);
  });
});

describe("[fault 15] a message that only asks for a delivery", () => {
  it("is retried three times and then dropped, and is counted", async () => {
    const slug = await learnersBehind(["ada"]);
    const bindings = bindingsWith({ ...everywhere(brokenDatabase) });
    const project = { type: "project", enrollment_id: `${slug}:ada` };
    const refresh = { type: "refresh", enrollment_id: `${slug}:ada`, stale_mark: 1 };
    const counts = await grown(async () => {
      for (const [queue, body] of [
        ["latchkey-projection", project],
        ["latchkey-refresh", refresh],
        ["latchkey-backup", { type: "backup", backup: "no-such-backup" }],
        ["latchkey-insight", { type: "step", run: "no-such-run", seq: 0 }],
        ["latchkey-imports", { type: "import", id: "no-such-import" }],
      ] as const) {
        const broken = { ...bindings, BACKUPS: undefined } as unknown as Env;
        const early = await consume(queue, [body], broken, LAST_ATTEMPT - 1);
        expect(early, queue).toMatchObject({ acked: [], retried: ["m0"] });
        const last = await consume(queue, [body], broken, LAST_ATTEMPT);
        expect(last, queue).toMatchObject({ acked: ["m0"], retried: [] });
      }
    });
    for (const queue of ["projection", "refresh", "backup", "insight", "imports"]) {
      expect(counts[`queue_messages_let_go_total{queue="latchkey-${queue}"}`], queue).toBe(1);
    }
    expect(await letters()).toBe(0);
  });

  it("does not become a dead letter even if its consumer died each time", async () => {
    await consume("latchkey-projection-dead", [{ type: "project", enrollment_id: "c:u" }]);
    await consume("latchkey-refresh-dead", [{ type: "cleanup" }, { type: "mark", course: "c" }]);
    await consume("latchkey-backup-dead", [{ type: "backup", backup: "x" }]);
    await consume("latchkey-insight-dead", [{ type: "step", run: "x", seq: 1 }]);
    await consume("latchkey-imports-dead", [{ type: "import", id: "x" }]);
    expect(await letters()).toBe(0);
  });

  it("is sent again by the object that has pending rows, after a minute at most, and during an outage a tenth as often", () => {
    const minute = 60_000;
    expect(resendMost(0)).toBe(minute);
    expect(resendMost(10 * minute)).toBe(minute);
    expect(resendMost(60 * minute)).toBe(6 * minute);
    expect(resendMost(10_000 * minute)).toBe(10 * minute);
    // 100 writes a second for an hour are 360,000 objects: once in six minutes each asks a queue for 1,000 a second.
    expect(360_000 / (resendMost(60 * minute) / 1_000)).toBeLessThanOrEqual(1_000);
  });
});

describe("[fault 15] an event that failed its last retry", () => {
  it("is archived late and is not a dead letter; an invalid event is, and does not delay others", async () => {
    const tag = crypto.randomUUID();
    await run(
      `CREATE TRIGGER bad_event BEFORE INSERT ON event_log WHEN NEW.id = '${tag}-bad'
       BEGIN SELECT RAISE(ABORT, 'bad'); END`,
    );
    const bodies = [archived(`${tag}-1`), archived(`${tag}-bad`), archived(`${tag}-2`)];
    expect(await consume("latchkey-events", bodies)).toMatchObject({ acked: ["m0", "m2"], retried: ["m1"] });
    expect(await consume("latchkey-events-dead", [...bodies, "garbage"])).toMatchObject({
      acked: ["m0", "m1", "m2", "m3"],
    });
    await run("DROP TRIGGER bad_event");
    expect(await letters("latchkey-events")).toBe(2);
    const [row] = await all<{ n: number }>("SELECT count(*) AS n FROM event_log WHERE id LIKE ?", `${tag}-%`);
    expect(row?.n).toBe(2);
  });

  it("waits in its queue while D1 refuses writes", async () => {
    const bindings = bindingsWith({ ...everywhere((real) => readOnlyDatabase(real).db) });
    const bodies = [archived(crypto.randomUUID()), archived(crypto.randomUUID())];
    expect(await consume("latchkey-events-dead", bodies, bindings)).toMatchObject({ acked: [], retried: ["m0", "m1"] });
    expect(await letters()).toBe(0);
  });
});

describe("[fault 15] dead letters have a limit", () => {
  const QUEUE = "latchkey-projection";
  const bury = async (count: number, body: (at: number) => unknown) => {
    const deliveries = new Deliveries(QUEUE);
    deliveries.dead = Array.from({ length: count }, (_, at) => ({
      id: crypto.randomUUID(),
      body: body(at),
      attempts: 0,
    }));
    await deliveries.deliver(env);
    expect(deliveries.dead).toEqual([]);
  };

  it(`of ${MAX_OPEN_LETTERS} open ones in a queue: the first ones are kept, others only counted`, async () => {
    const counts = await grown(() => bury(MAX_OPEN_LETTERS + 60, (at) => `garbage ${at}`));
    expect(await letters(QUEUE)).toBe(MAX_OPEN_LETTERS);
    const [first] = await all<{ n: number }>("SELECT count(*) AS n FROM dead_letters WHERE body = '\"garbage 0\"'");
    expect(first?.n).toBe(1);
    expect(counts['dead_letters_dropped_total{queue="latchkey-projection",why="full"}']).toBe(60);
    // Another queue has its own room.
    await consume("latchkey-refresh-dead", ["garbage"]);
    expect(await letters("latchkey-refresh")).toBe(1);
    // 5 queues with at most 150 open and 50 handled each: never more than 1,000, whatever happens.
    expect(5 * (MAX_OPEN_LETTERS + MAX_HANDLED_LETTERS)).toBeLessThanOrEqual(LETTERS_OF_AN_HOUR);
  });

  it("of bytes too, counted in UTF-8, each limit in its own statement", async () => {
    await bury(60, () => "锁".repeat(40_000));
    const [row] = await all<{ n: number; bytes: number }>(
      "SELECT count(*) AS n, sum(length(CAST(body AS BLOB))) AS bytes FROM dead_letters WHERE queue = ?",
      QUEUE,
    );
    expect(row?.bytes).toBeLessThanOrEqual(MAX_LETTER_BYTES);
    expect(row?.n).toBe(Math.floor(MAX_LETTER_BYTES / 120_002));
  });

  it("for replayed ones too, of which the newest are kept; the nightly job removes old open ones", async () => {
    const row =
      "INSERT INTO dead_letters (id, queue, body, attempts, failed_at, replayed_at) VALUES (?, ?, '1', 4, ?, ?)";
    for (let at = 1; at <= MAX_HANDLED_LETTERS + 5; at += 1) await run(row, `handled-${at}`, QUEUE, at, at);
    await run(row, "open", QUEUE, Date.now(), null);
    await run(row, "forgotten", QUEUE, Date.now() - LETTER_RETENTION_MS - 1, null);
    const token = await tokenOf("root", "admin");
    const { queue } = collectingQueue();
    const answer = await worker.fetch(
      new Request("http://latchkey.test/api/v1/system/dead-letters/open/replay", {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
      }),
      bindingsWith({ PROJECTION_QUEUE: queue }),
      createExecutionContext(),
    );
    expect(answer.status).toBe(202);
    const left = await all<{ id: string }>("SELECT id FROM dead_letters WHERE replayed_at IS NOT NULL");
    expect(left).toHaveLength(MAX_HANDLED_LETTERS);
    const ids = left.map(({ id }) => id);
    expect(ids).toContain("open");
    expect(ids).not.toContain("handled-1");
    const counts = await grown(() => consume("latchkey-refresh", [{ type: "cleanup" }]).then(() => {}));
    expect(await all("SELECT id FROM dead_letters WHERE id = 'forgotten'")).toEqual([]);
    expect(counts['dead_letters_dropped_total{queue="latchkey-projection",why="old"}']).toBe(1);
  });
});
