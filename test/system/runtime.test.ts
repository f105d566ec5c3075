import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { dueCrons, EVERY_MINUTE, NIGHTLY, nextMinute } from "../../scripts/lib/crons.ts";
import { applyMigrations } from "../../scripts/lib/migrations.ts";
import { fromRoot } from "../../scripts/lib/paths.ts";
import { portIsTaken } from "../../scripts/lib/ports.ts";
import { groupIsAlive } from "../../scripts/lib/process-group.ts";
import { PortTakenError, type Runtime, StateInUseError, startRuntime } from "../../scripts/lib/runtime.ts";
import { api } from "../support/node/api.ts";
import { processesOn, until } from "../support/node/processes.ts";
import { freshState, removeState } from "../support/node/state.ts";

describe("the local runtime", () => {
  let stateDir: string;
  let runtime: Runtime | undefined;

  beforeEach(async () => {
    stateDir = await freshState();
    runtime = undefined;
  });
  afterEach(async () => {
    await runtime?.kill();
    removeState(stateDir);
  });

  it.each(["stop", "kill"] as const)("%s() leaves no process and frees port and state", async (end) => {
    const log: string[] = [];
    runtime = await startRuntime({ stateDir, onLog: (line) => log.push(line) });
    const port = Number(new URL(runtime.url).port);
    expect((await api(runtime.url).get("/health")).status).toBe(200);
    expect(processesOn(stateDir).length).toBeGreaterThanOrEqual(3); // leash, wrangler, workerd
    await expect(startRuntime({ stateDir, port })).rejects.toThrow(PortTakenError);
    await expect(startRuntime({ stateDir })).rejects.toThrow(StateInUseError);

    // Its last line may still be on the way; a kill would lose it.
    await until("the log has the request", 10_000, () => log.join("\n").includes("/health"));
    await runtime[end]();
    await runtime.ended;
    expect(groupIsAlive(runtime.pid)).toBe(false);
    expect(processesOn(stateDir)).toEqual([]);
    expect(await portIsTaken(port)).toBe(false);
    expect(log.join("\n")).toContain("/health");

    runtime = await startRuntime({ stateDir, port });
    expect((await api(runtime.url).get("/health")).status).toBe(200);
  });

  it("does not migrate twice, and refuses a state whose migrations were edited afterwards", async () => {
    expect(await applyMigrations(stateDir)).toBe(false);
    writeFileSync(`${stateDir}/migrations.json`, JSON.stringify({ "0001_courses.sql": "another text" }));
    await expect(applyMigrations(stateDir)).rejects.toThrow("0001_courses.sql");
  });
});

describe("the crons of a local start", () => {
  it("are those of wrangler.toml", () => {
    const listed =
      /^\[env\.back\.triggers\]\ncrons = (\[.*\])$/m.exec(readFileSync(fromRoot("wrangler.toml"), "utf8"))?.[1] ?? "[]";
    expect(JSON.parse(listed)).toEqual([EVERY_MINUTE, NIGHTLY]);
  });

  it("fire on every full minute, the nightly one at 02:00 UTC only", () => {
    expect(nextMinute(Date.UTC(2026, 0, 1, 1, 59, 0, 1))).toBe(Date.UTC(2026, 0, 1, 2));
    expect(nextMinute(Date.UTC(2026, 0, 1, 2))).toBe(Date.UTC(2026, 0, 1, 2, 1));
    expect(dueCrons(Date.UTC(2026, 0, 1, 2))).toEqual([EVERY_MINUTE, NIGHTLY]);
    expect(dueCrons(Date.UTC(2026, 0, 1, 2, 1))).toEqual([EVERY_MINUTE]);
    expect(dueCrons(Date.UTC(2026, 0, 1, 14))).toEqual([EVERY_MINUTE]);
  });
});
