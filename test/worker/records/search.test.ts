import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { z } from "zod";
import { callWith } from "../../support/worker/faults.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { service } from "../../support/worker/learners.ts";
import { flush, freshOwner, journal, put, sessionOf, taskOf } from "./support.ts";

// SAFETY: the type is what wrangler.toml says; an installation may say otherwise.
const on = { RECORD_SEARCH: "on" } as unknown as Partial<Env>;
const found = z.object({
  results: z.array(z.looseObject({ session_id: z.string(), task_id: z.string().optional() })),
  next_cursor: z.string().nullable(),
});

/** An owner in whose journal words are indexed. */
async function searchedOwner(name: string): Promise<string> {
  const owner = freshOwner(name);
  await put(owner, "sessions", [sessionOf(owner, { title: "青梅竹马的故事" })]);
  await runInDurableObject(journal(owner), (instance) => {
    Object.assign(instance, { env: { ...env, ...on } });
  });
  return owner;
}

async function search(token: string, query: Record<string, string>): Promise<Response> {
  return callWith(on, "GET", `/translation/search?${new URLSearchParams(query)}`, { token });
}

async function idsOf(token: string, query: Record<string, string>): Promise<string[]> {
  const { results } = await read(await search(token, query), 200, found);
  return results.map(({ task_id, session_id }) => (task_id ?? session_id).split(":").slice(1).join(":"));
}

it("tasks are found by source and translation, sessions by title, also by two Chinese characters", async () => {
  const owner = await searchedOwner("found");
  await put(owner, "tasks", [
    taskOf(owner, 1, { source_text: "The river at night", status: "completed", translated_text: "夜晚的河流" }),
    taskOf(owner, 2, { source_text: "A bridge over the river", translated_text: null }),
    taskOf(owner, 3, { source_text: "Nothing of the kind" }),
  ]);
  await flush(owner);
  const token = await tokenOf(owner);
  expect((await idsOf(token, { q: "river" })).toSorted()).toEqual(["book:t1", "book:t2"]);
  expect(await idsOf(token, { q: "river bridge" })).toEqual(["book:t2"]);
  expect(await idsOf(token, { q: "河流" })).toEqual(["book:t1"]);
  expect(await idsOf(token, { q: "竹马", kind: "session" })).toEqual(["book"]);
  expect(await idsOf(token, { q: "竹马" })).toEqual([]);
  // A newer version is found by its own words alone.
  await put(owner, "tasks", [taskOf(owner, 2, { version: 2, source_text: "A tunnel below the lake" })]);
  await flush(owner);
  expect(await idsOf(token, { q: "river" })).toEqual(["book:t1"]);
  expect(await idsOf(token, { q: "tunnel" })).toEqual(["book:t2"]);
  await call("DELETE", `/translation/sessions/${owner}:book`, { token });
  expect(await idsOf(token, { q: "tunnel" })).toEqual([]);
});

it("results come page by page, the last changed first, each once", async () => {
  const owner = await searchedOwner("paged");
  const tasks = Array.from({ length: 7 }, (_, at) => taskOf(owner, at, { source_text: `chapter ${at}` }));
  for (const task of tasks) await put(owner, "tasks", [task]);
  await flush(owner);
  await env.DB.prepare("UPDATE translation_tasks SET updated_at = position / 2 WHERE owner = ?").bind(owner).run();
  const token = await tokenOf(owner);
  const seen: (string | undefined)[] = [];
  let cursor: string | null = null;
  do {
    const query = { q: "chapter", limit: "2", ...(cursor === null ? {} : { cursor }) };
    const page: z.output<typeof found> = await read(await search(token, query), 200, found);
    seen.push(...page.results.map(({ task_id }) => task_id?.split(":t")[1]));
    cursor = page.next_cursor;
  } while (cursor !== null);
  expect(seen).toEqual(["6", "5", "4", "3", "2", "1", "0"]);
  const first = await read(await search(token, { q: "chapter", limit: "2" }), 200, found);
  const other = await search(token, { q: "other", limit: "2", cursor: first.next_cursor ?? "" });
  expect((await problem(other, 400)).code).toBe("invalid_cursor");
});

it("[I8] people search their own records, and services search everybody's", async () => {
  const [ada, eve] = [await searchedOwner("own"), await searchedOwner("own")];
  for (const owner of [ada, eve]) await put(owner, "tasks", [taskOf(owner, 1, { source_text: "zanzibar" })]);
  await Promise.all([flush(ada), flush(eve)]);
  const owners = async (token: string, query: Record<string, string>) => {
    const { results } = await read(await search(token, query), 200, found);
    return results.map(({ session_id }) => session_id.split(":")[0]).toSorted();
  };
  expect(await owners(await tokenOf(eve), { q: "zanzibar" })).toEqual([eve]);
  expect((await problem(await search(await tokenOf(eve), { q: "zanzibar", owner: ada }), 403)).code).toBe("forbidden");
  expect(await owners(await service(), { q: "zanzibar" })).toEqual([ada, eve].toSorted());
  expect(await owners(await service(), { q: "zanzibar", owner: ada })).toEqual([ada]);
});

it.each([
  ["nothing", ""],
  ["punctuation alone", "?! *"],
  ["more words than a search has", Array.from({ length: 70 }, (_, at) => at).join(" ")],
])("[I9] %s is refused", async (_what, q) => {
  expect((await problem(await search(await tokenOf("ada"), { q }), 400)).code).toBe("invalid_input");
});

it("[I9] operators of the index are read as words", async () => {
  const owner = await searchedOwner("hostile");
  await put(owner, "tasks", [taskOf(owner, 1, { source_text: "plain text" })]);
  await flush(owner);
  const token = await tokenOf(owner);
  for (const q of ['text" OR "1', "text NEAR(plain)", "words:text", "text) --", "\ue000 text"]) {
    expect((await search(token, { q })).status, q).toBe(200);
  }
  expect(await idsOf(token, { q: 'nothing" OR "text' })).toEqual([]);
});

it("a deployment whose words are not indexed says so", async () => {
  const answer = await call("GET", "/translation/search?q=river", { token: await tokenOf("ada") });
  expect((await problem(answer, 501)).code).toBe("not_enabled");
});
