import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { knownPeople } from "../../../src/people/rosters/known.ts";
import { consumeRoster } from "../../../src/people/rosters/nightly.ts";
import { rosterDatabase } from "../../../src/people/rosters/store.ts";
import { countStatements } from "../../../src/platform/database/counted.ts";
import { freshSlug, publish } from "../../support/worker/courses.ts";
import { read } from "../../support/worker/http.ts";
import { ladder } from "../../support/worker/learners.ts";
import { confirm, oneRoster, run, seen, sent, setSource, source } from "./roster-support.ts";

const PEOPLE = 20_000;

it(`[I11] a roster of ${PEOPLE} people is read, carried out and read again within the bounds of a Worker`, async () => {
  const slug = freshSlug("large");
  await publish(ladder(slug));
  const settings = { match: "sourced_id" };
  await read(await setSource(slug, "school", { kind: "upload", format: "oneroster", settings }), 200, source);
  const counter = { count: 0 };
  const counted = {
    ...env,
    DB: countStatements(env.DB, counter),
    DB_SHARD_2: countStatements(env.DB_SHARD_2, counter),
  };
  const measures: Record<string, string> = {};
  const measure = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const [started, before] = [Date.now(), counter.count];
    const done = await work();
    measures[name] = `${((Date.now() - started) / 1_000).toFixed(1)} s, ${counter.count - before} statements`;
    return done;
  };
  const file = oneRoster(
    Array.from({ length: PEOPLE }, (_, index) => ({
      id: `e${index}`,
      person: `p${index}`,
      class: index % 2 === 0 ? "k-1" : "k-2",
    })),
  );
  const { id } = await read(await sent(slug, "school", file), 202, run);
  await measure("read", () => consumeRoster(counted, id));
  const planned = await seen(slug, id);
  expect(planned).toMatchObject({ state: "planned", total: PEOPLE, preview: { comes: PEOPLE } });
  expect(planned.preview?.coming).toHaveLength(200);
  await read(await confirm(slug, id), 202, run);
  let messages = 0;
  await measure("carried out", async () => {
    // As many messages as it takes: none does more than 5,000 acts.
    for (; messages < 10 && (await seen(slug, id)).state === "applying"; messages += 1)
      await consumeRoster(counted, id);
  });
  expect(await seen(slug, id)).toMatchObject({
    state: "done",
    applied: PEOPLE,
    errors: [],
    counts: { enrolled: PEOPLE },
  });
  expect(messages).toBe(4);
  expect((await knownPeople(rosterDatabase(env), slug, "school")).size).toBe(PEOPLE);
  const again = await read(await sent(slug, "school", file), 202, run);
  await measure("read again", () => consumeRoster(counted, again.id));
  expect(await seen(slug, again.id)).toMatchObject({
    state: "planned",
    total: 0,
    preview: { unchanged: PEOPLE, comes: 0, goes: 0 },
  });
  console.log(JSON.stringify({ people: PEOPLE, file_bytes: file.length, ...measures }));
}, 900_000);
