import { expect, it } from "vitest";
import type { DocumentInput } from "../../support/worker/courses.ts";
import { call, read } from "../../support/worker/http.ts";
import { author, statesOf } from "../../support/worker/learners.ts";
import { ACTIVITY, account, said, store, storeSchema } from "./xapi-support.ts";

/** An exam, and a problem that 57 percent of it open. */
const exam = (slug: string): DocumentInput => ({
  slug,
  title: "Exam",
  problems: [
    { id: `${slug}.one`, title: "Exam" },
    { id: `${slug}.next`, title: "Next", rule: { score: { item: `${slug}.one`, min: 57 } } },
  ],
});

const sit = async (settings: object = {}) => {
  const made = await store(settings, exam);
  const next = async () => (await statesOf(made.slug, "ada"))[`${made.slug}.next`];
  return { ...made, next };
};

it("gives no score to who only completed, so a failed exam opens nothing", async () => {
  const { slug, post, next } = await sit();
  await post([said("completed"), said("failed", account("ada"), { result: { score: { scaled: 0.3 } } })]);
  expect((await statesOf(slug, "ada"))[`${slug}.one`]).not.toBe("locked");
  expect(await next()).toBe("locked");
});

it("makes no fact of a statement that was withdrawn before it came, or with it", async () => {
  const { slug, post, seen } = await store();
  const [early, late] = [crypto.randomUUID(), crypto.randomUUID()];
  const voiding = (id: string) => said("voided", account("cy"), { object: { objectType: "StatementRef", id } });
  await post(voiding(early));
  await post(said("completed", account("ada"), { id: early }));
  await post([said("completed", account("ada"), { id: late }), voiding(late)]);
  expect((await statesOf(slug, "ada"))[`${slug}.one`]).not.toBe("completed");
  expect((await seen()).newest.map(({ fact }) => fact)).toEqual([null, "no_fact", "no_fact", null]);
});

it("makes no fact of what a group did, even under a learner's name", async () => {
  const { slug, post, seen } = await store();
  await post(said("completed", { objectType: "Group", ...account("ada"), member: [account("ada")] }));
  expect((await seen()).newest.map(({ fact }) => fact)).toEqual([null]);
  expect((await statesOf(slug, "ada"))[`${slug}.one`]).not.toBe("completed");
});

it("believes no verb that its result takes back, alone or as half of moveOn", async () => {
  const { slug, post, path } = await store();
  const state = async () => (await statesOf(slug, "ada"))[`${slug}.one`];
  await post(said("passed", account("ada"), { result: { success: false } }));
  expect(await state()).not.toBe("completed");
  const items = { [ACTIVITY]: { item: `${slug}.one`, move_on: "CompletedAndPassed" } };
  await read(await call("PUT", path, { token: await author(), body: { on: true, items } }), 200, storeSchema);
  await post(said("completed", account("ada"), { result: { completion: false } }));
  await post(said("passed"));
  expect(await state()).not.toBe("completed");
  await post(said("completed"));
  expect(await state()).toBe("completed");
});

it("finds the other half of moveOn behind whatever else was said of the activity", async () => {
  const { slug, post, path } = await store();
  const items = { [ACTIVITY]: { item: `${slug}.one`, move_on: "CompletedAndPassed" } };
  await read(await call("PUT", path, { token: await author(), body: { on: true, items } }), 200, storeSchema);
  await post(said("passed"));
  await post(Array.from({ length: 60 }, () => said("https://content.example.org/verbs/answered")));
  await post(said("completed"));
  expect((await statesOf(slug, "ada"))[`${slug}.one`]).toBe("completed");
});

it("dates a fact by the statement's instant in each form that ISO 8601 has", async () => {
  const { slug, post } = await store({}, (own) => ({
    slug: own,
    title: "Dates",
    chapters: [
      { id: `${own}.one`, title: "One" },
      { id: `${own}.two`, title: "Two", rule: { after: { item: `${own}.one`, days: 7 } } },
    ],
  }));
  await post(said("completed", account("ada"), { timestamp: "2026-01-01T10:00:00,5+01" }));
  expect((await statesOf(slug, "ada"))[`${slug}.two`]).not.toBe("locked");
});
