import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { EVERY_MINUTE } from "../../scripts/lib/crons.ts";
import { NODE, ROOT } from "../../scripts/lib/paths.ts";
import { freePort } from "../../scripts/lib/ports.ts";
import { type Runtime, runCron, startRuntime } from "../../scripts/lib/runtime.ts";
import { deltaSchema, expectAnswer } from "../support/node/answers.ts";
import { type ApiClient, clientOf } from "../support/node/api.ts";
import { blocksOf } from "../support/node/documents.ts";
import { until } from "../support/node/processes.ts";
import { freshState, removeState } from "../support/node/state.ts";

const COURSE = "told";
const CHAPTERS = 12;
const LEARNERS = 6;
/** A receiver answers after so long, so that a kill meets deliveries that are under way. */
const ANSWER_MS = 60;

const shown = z.looseObject({ id: z.string(), secret: z.string() });
const told = z.object({ type: z.string(), data: z.object({ user_id: z.string(), item_ids: z.array(z.string()) }) });
const item = (at: number) => `${COURSE}.c${at}`;

interface Got {
  id: string;
  user: string;
  items: string[];
}

describe("webhooks of a real process", () => {
  let stateDir: string;
  let port: number;
  let runtime: Runtime;
  let admin: ApiClient;
  let receiver: Server;
  let receiverUrl: string;
  let example: ChildProcess | undefined;
  let secret = "";
  const got: Got[] = [];

  beforeAll(async () => {
    stateDir = await freshState();
    port = await freePort();
    runtime = await startRuntime({ stateDir, port });
    admin = await clientOf(runtime.url, "root", "admin");
    const document = {
      slug: COURSE,
      title: "Told",
      chapters: Array.from({ length: CHAPTERS }, (_, at) => ({ id: item(at), title: `C${at}` })),
    };
    expectAnswer(await admin.post("/api/v1/courses", { slug: COURSE, title: "Told" }), 201, z.unknown());
    expectAnswer(await admin.post(`/api/v1/courses/${COURSE}/versions`, { document }), 201, z.unknown());
    receiver = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const event = told.parse(new Webhook(secret).verify(Buffer.concat(parts).toString("utf8"), headers));
      got.push({ id: headers["webhook-id"] ?? "", user: event.data.user_id, items: event.data.item_ids });
      await sleep(ANSWER_MS);
      response.writeHead(204).end();
    });
    receiver.listen(0, "127.0.0.1");
    await once(receiver, "listening");
    const address = receiver.address();
    receiverUrl = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/hook`;
  });
  afterAll(async () => {
    example?.kill();
    receiver?.close();
    await runtime?.kill();
    removeState(stateDir);
  });

  async function subscribe(url: string, types: string[]) {
    return expectAnswer(await admin.post(`/api/v1/courses/${COURSE}/webhooks`, { url, types }), 201, shown);
  }

  it("bring each completion at least once, in each learner's order, although the process is killed meanwhile", async () => {
    const made = await subscribe(receiverUrl, ["item.completed"]);
    secret = made.secret;
    const users = Array.from({ length: LEARNERS }, (_, at) => `learner-${at}`);
    const clients = await Promise.all(users.map((user) => clientOf(runtime.url, user)));
    for (const client of clients) {
      expectAnswer(await client.post(`/api/v1/courses/${COURSE}/enrollments`, {}), 201, z.unknown());
    }
    await Promise.all(
      clients.map(async (client) => {
        for (let at = 0; at < CHAPTERS; at += 1) {
          const path = `/api/v1/courses/${COURSE}/chapters/${item(at)}/mark_as_completed/`;
          expectAnswer(await client.post(path, {}), 200, deltaSchema);
        }
      }),
    );
    const all = LEARNERS * CHAPTERS;
    await until("some deliveries", 30_000, () => got.length >= all / 6);
    await runtime.kill();
    expect(new Set(got.map(({ id }) => id)).size).toBeLessThan(all);
    runtime = await startRuntime({ stateDir, port });
    await until("every event", 200_000, async () => {
      // The queue of the local runtime is lost with it; the minute's cron asks again when the lease is over.
      await runCron(runtime.url, EVERY_MINUTE);
      await sleep(1_000);
      return new Set(got.map(({ id }) => id)).size >= all;
    });
    const order = Array.from({ length: CHAPTERS }, (_, at) => item(at));
    for (const user of users) {
      const theirs = got.filter((one) => one.user === user);
      const first = [...new Map(theirs.map((one) => [one.id, one.items])).values()].flat();
      expect(first).toEqual(order);
      // One kill: an event comes twice at most, under the same id.
      for (const { id } of theirs) expect(theirs.filter((one) => one.id === id).length).toBeLessThanOrEqual(2);
    }
  });

  it("are accepted by the receiver in the documentation, which refuses what another key has signed", async () => {
    const code = blocksOf("docs/developers/webhooks.md").find(({ text }) => text.includes("createServer"))?.text ?? "";
    // Where the packages are found that it imports.
    const file = join(ROOT, "test-results", "receiver-of-the-documentation.mts");
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
    const own = await freePort();
    const url = `http://127.0.0.1:${own}/hook`;
    const { id, secret: theirs } = await subscribe(url, ["item.completed"]);
    const start = async (key: string) => {
      example?.kill();
      const env = { ...process.env, WEBHOOK_SECRET: key, PORT: String(own) };
      example = spawn(NODE, [file], { cwd: ROOT, env, stdio: "ignore" });
      await until("the receiver", 10_000, () =>
        fetch(url, { method: "POST" }).then(
          () => true,
          () => false,
        ),
      );
    };
    const ping = async () => (await admin.post(`/api/v1/webhooks/${id}/ping`, {})).body;
    await start(theirs);
    expect(await ping()).toMatchObject({ delivered: true, status: 204 });
    await start(`whsec_${Buffer.from("another secret of 24 byte").toString("base64")}`);
    expect(await ping()).toMatchObject({ delivered: false, status: 400 });
  });
});
