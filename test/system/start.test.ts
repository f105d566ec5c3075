import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { freePort, LOCAL_ADDRESS, untilPortIsFree } from "../../scripts/lib/ports.ts";
import { api, clientOf } from "../support/node/api.ts";
import { processesOn, runScript, type Script, until } from "../support/node/processes.ts";
import { emptyState, removeState } from "../support/node/state.ts";

/** What a start may take on a busy machine, milliseconds. */
const START_MS = 120_000;
const END_MS = 20_000;
const READY = "Latchkey is ready.";

const chaptersSchema = z.object({
  results: z
    .array(z.looseObject({ id: z.string(), title: z.string(), status: z.string(), is_locked: z.boolean() }))
    .min(1),
  next_cursor: z.string().nullable(),
  snapshot: z.looseObject({ version: z.int(), progress_seq: z.int(), course_version: z.int(), source: z.string() }),
});

/** `npm start` as a new user meets it, from an empty directory to the second start after a crash. */
describe("npm start", () => {
  let stateDir: string;
  let port: number;
  let url: string;
  const scripts: Script[] = [];

  beforeAll(async () => {
    stateDir = emptyState();
    port = await freePort();
    url = `http://${LOCAL_ADDRESS}:${port}`;
  });
  afterAll(async () => {
    for (const script of scripts) script.child.kill("SIGKILL");
    await until("the end of every process", END_MS, () => processesOn(stateDir).length === 0);
    removeState(stateDir);
  });

  async function start(): Promise<Script> {
    const script = runScript("scripts/start.ts", ["--port", String(port), "--state", stateDir]);
    scripts.push(script);
    let ended = false;
    void script.ended.then(() => {
      ended = true;
    });
    await until("the ready banner", START_MS, () => {
      if (ended) throw new Error(`the start ended early:\n${script.output()}`);
      return script.output().includes(`${READY}`) && script.output().includes("Ctrl-C ends Latchkey");
    });
    return script;
  }

  async function expectNothingLeft(): Promise<void> {
    await until("the end of every process", END_MS, () => processesOn(stateDir).length === 0);
    await untilPortIsFree(port);
  }

  async function chapters() {
    const answer = await (await clientOf(url, "demo")).get("/api/v1/courses/algorithms/chapters/");
    expect(answer.status).toBe(200);
    return chaptersSchema.parse(answer.body);
  }

  it("prints its help with --help", async () => {
    const script = runScript("scripts/start.ts", ["--help"]);
    expect(await script.ended).toBe(0);
    expect(script.output()).toContain("--state DIR");
  });

  it.each([
    { args: ["--port", "0"] },
    { args: ["--port", "eight"] },
    { args: ["--nonsense"] },
    { args: ["--allow-origin", "localhost:5173"] },
  ])("refuses $args", async ({ args }) => {
    const script = runScript("scripts/start.ts", args);
    expect(await script.ended).toBe(1);
    expect(script.output()).toContain("--port N");
  });

  it("says so if the port is used by another program", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, LOCAL_ADDRESS, resolve));
    const script = runScript("scripts/start.ts", ["--port", String(port), "--state", stateDir]);
    expect(await script.ended).toBe(1);
    expect(script.output()).toContain(`port ${port}`);
    expect(script.output()).not.toMatch(/\n\s+at /); // a message, not a stack trace
    await new Promise((resolve) => server.close(resolve));
  });

  it("builds everything at the first start, shows real answers, and ends with Ctrl-C", async () => {
    const script = await start();
    const output = script.output();
    expect(output).toContain("algorithms published as version 1");
    for (const path of ["/docs", "/openapi.json", "/health"]) {
      expect(output).toContain(`http://localhost:${port}${path}`);
      expect((await api(url).get(path)).status, path).toBe(200);
    }

    const { results } = await chapters();
    expect(results.map((row) => row.id)).toContain("algorithms.welcome");
    expect(results.some((row) => row.is_locked)).toBe(true);
    expect(output.match(/^ {2}curl -s .*npm run -s token -- demo/gm)).toHaveLength(3);
    expect(output).toContain(`"id": "${results[0]?.id}"`);
    expect(output).toMatch(/new learner, visitor-[0-9a-f]+/);

    // The write that the third command makes, by the learner it is printed for.
    const demo = await clientOf(url, "demo");
    const path = "/api/v1/courses/algorithms/chapters/algorithms.welcome/mark_as_completed/";
    const completed = await demo.post(path, {});
    expect(completed.status).toBe(200);
    expect((await chapters()).results.find((row) => row.id === "algorithms.welcome")?.status).toBe("completed");

    script.child.kill("SIGINT");
    expect(await script.ended).toBe(0);
    await expectNothingLeft();
  });

  it("[I1] keeps stored data at the second start, and leaves nothing behind even when it is killed", async () => {
    const script = await start();
    expect(script.output()).toContain("algorithms kept at version 1");
    expect((await chapters()).results.find((row) => row.id === "algorithms.welcome")?.status).toBe("completed");
    script.child.kill("SIGKILL");
    expect(await script.ended).toBe("SIGKILL");
    await expectNothingLeft();
  });

  it("[I1] keeps stored data after a crash too, and ends with SIGTERM", async () => {
    const script = await start();
    expect((await chapters()).results.find((row) => row.id === "algorithms.welcome")?.status).toBe("completed");
    script.child.kill("SIGTERM");
    expect(await script.ended).toBe(0);
    await expectNothingLeft();
  });
});
