import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { registryOf } from "../../../src/records/backends/index.ts";
import { readRoutes } from "../../../src/records/backends/routes.ts";
import { SESSION, TASK } from "../../../src/records/translation/types.ts";
import { call, tokenOf } from "../../support/worker/http.ts";
import { fireAlarm, flush, journal, ownerWithSession, put, taskOf } from "./support.ts";

const TYPES = [SESSION.name, TASK.name];
const withRoutes = (RECORD_BACKENDS: string) => ({ ...env, RECORD_BACKENDS }) as unknown as Env; // SAFETY: an installation may say so

it("a line of configuration sends records to other backends too, and a deletion reaches all of them", async () => {
  const owner = await ownerWithSession("routed");
  const routed = withRoutes("translation.session=d1+kv translation.task=d1+r2");
  await runInDurableObject(journal(owner), (instance) => {
    Object.assign(instance, { env: routed });
  });
  await put(owner, "tasks", [taskOf(owner, 0), taskOf(owner, 1)]);
  await flush(owner);
  const registry = registryOf(routed);
  const stored = async () => ({
    sessions: await Promise.all(
      ["d1", "kv"].map(async (name) => (await registry.backend(name).read(SESSION, [`${owner}:book`])).length),
    ),
    tasks: await Promise.all(
      ["d1", "r2"].map(async (name) =>
        (
          await registry.backend(name).read(
            TASK,
            [0, 1].map((at) => `${owner}:book:t${at}`),
          )
        )
          .map(({ body }) => body)
          .sort(),
      ),
    ),
  });
  const after = await stored();
  expect(after.sessions).toEqual([1, 1]);
  expect(after.tasks[0]).toHaveLength(2);
  expect(after.tasks[1]).toEqual(after.tasks[0]);

  await (await call("DELETE", `/translation/sessions/${owner}:book`, { token: await tokenOf(owner) })).body?.cancel();
  for (let alarm = 0; alarm < 5; alarm += 1) await fireAlarm(owner);
  expect(await stored()).toEqual({ sessions: [0, 0], tasks: [[], []] });
});

it("a line that names an unknown backend, or one without search, is refused by name", () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ["translation.session=d1", /does not name translation\.task/],
    ["translation.session=d1 translation.task=d1 other=d1", /no record type "other"/],
    ["translation.session=d1 translation.task=d1+d1", /names a backend of translation\.task twice/],
    ["translation.session=d1 translation.task=d1 translation.task=r2", /names translation\.task twice/],
    ["translation.session=d1, translation.task=d1", /RECORD_BACKENDS/],
    ["translation.session=d1 translation.task=moon", /no backend "moon"/],
    ["translation.session=d1 translation.task=r2", /cannot be read from "r2"/],
  ];
  for (const [line, reason] of refused) expect(() => registryOf(withRoutes(line)), line).toThrow(reason);
  expect([...readRoutes("translation.session=d1 translation.task=d1+r2", TYPES)]).toEqual([
    [SESSION.name, ["d1"]],
    [TASK.name, ["d1", "r2"]],
  ]);
});
