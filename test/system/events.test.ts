import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../../scripts/lib/ports.ts";
import { type Runtime, startRuntime } from "../../scripts/lib/runtime.ts";
import { type ApiClient, clientOf } from "../support/node/api.ts";
import { Listener } from "../support/node/listener.ts";
import { until } from "../support/node/processes.ts";
import { freshState, removeState } from "../support/node/state.ts";

const LISTENERS = 60;
/** Rounds of one message to each listener and one to everybody. */
const ROUNDS = 60;
const KILLS_AFTER = [15, 35];
/** A publisher waits this long before it sends the same again, ms. */
const RETRY_MS = 50;
const PATIENCE_MS = 60_000;

describe("clients of a runtime that is killed", () => {
  let stateDir: string;
  let port: number;
  let runtime: Runtime;
  let publisher: ApiClient;
  const listeners: Listener[] = [];
  const users = Array.from({ length: LISTENERS }, (_, n) => `listener-${n}`);

  beforeAll(async () => {
    stateDir = await freshState();
    port = await freePort();
    await start();
    publisher = await clientOf(runtime.url, "grader", "service");
  });
  afterAll(async () => {
    await Promise.all(listeners.map((listener) => listener.stop()));
    await runtime?.kill();
    removeState(stateDir);
  });

  async function start(): Promise<void> {
    runtime = await startRuntime({ stateDir, port, logFile: join(stateDir, "runtime.log") });
  }

  /** Publishes until every event is acknowledged, always with the same keys. */
  async function insist(round: number): Promise<void> {
    const title = `r${round}`;
    const events = [
      ...users.map((user) => ({ key: title, to: { user }, type: "system.notification", data: { title } })),
      { key: title, to: { everyone: true }, type: "system.notification", data: { title: `all-${title}` } },
    ];
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(RETRY_MS)) {
      const answer = await publisher.post("/api/v1/events/publish", { events }).catch(() => null);
      if (answer?.status === 200 && !JSON.stringify(answer.body).includes('"unavailable"')) return;
    }
    throw new Error(`round ${round} was not taken`);
  }

  it("[I1] [I5] each get all events in order and only once, and no resume has a gap", async () => {
    for (const user of users) listeners.push(new Listener(runtime.url, await clientOf(runtime.url, user)));
    await until("every listener is connected", PATIENCE_MS, () =>
      listeners.every(({ connections, cursor }) => connections === 1 && cursor !== null),
    );
    for (let round = 0; round < ROUNDS; round += 1) {
      const published = insist(round);
      if (KILLS_AFTER.includes(round)) {
        await sleep(Math.random() * 30);
        await runtime.kill();
        await start();
      }
      await published;
    }
    const own = Array.from({ length: ROUNDS }, (_, round) => `r${round}`);
    const all = own.map((title) => `all-${title}`);
    await until("everything arrives", PATIENCE_MS, () =>
      listeners.every(({ titles }) => titles.length >= 2 * ROUNDS),
    ).catch(() => undefined);
    for (const { titles, resumes, connections } of listeners) {
      expect(titles.filter((title) => !title.startsWith("all-"))).toEqual(own);
      expect(titles.filter((title) => title.startsWith("all-"))).toEqual(all);
      expect(connections).toBeGreaterThan(KILLS_AFTER.length);
      expect(resumes.every(({ recovered }) => recovered)).toBe(true);
    }
    console.log(
      `${LISTENERS} listeners, ${KILLS_AFTER.length} kills, ${listeners.reduce((sum, { resumes }) => sum + resumes.length, 0)} resumes`,
    );
  });
});
