import { expect, it } from "vitest";
import { AUTHOR, type DocumentInput, enroll, freshSlug, objectOf, publish } from "../../support/worker/courses.ts";
import { brokenObjects, callWith } from "../../support/worker/faults.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";

const author = () => tokenOf(AUTHOR, "author");

function course(slug: string): DocumentInput {
  return {
    slug,
    title: "Cohorts",
    chapters: [
      { id: `${slug}.one`, title: "One" },
      { id: `${slug}.staff`, title: "Staff only", rule: { cohort: "mentors" } },
    ],
  };
}

async function inspect(slug: string, user: string) {
  const answer = await call("GET", `/enrollments/${slug}:${user}`, { token: await author() });
  return answer.json<{ cohorts: string[]; version: number; policy_seq: number }>();
}

it("[I8] a learner who leaves and returns keeps the cohorts given by staff, and can neither remove nor add one", async () => {
  const slug = freshSlug("return");
  await publish(course(slug));
  const path = `/courses/${slug}/enrollments`;
  await call("POST", path, { token: await author(), body: { user_id: "ada", cohorts: ["mentors"] } });
  const token = await tokenOf("ada");
  expect((await call("DELETE", path, { token })).status).toBe(200);
  expect((await problem(await call("POST", path, { token, body: { cohorts: [] } }), 403)).code).toBe("forbidden");
  expect((await call("POST", path, { token, body: {} })).status).toBe(200);
  expect((await inspect(slug, "ada")).cohorts).toEqual(["mentors"]);
});

it("a policy that changes nothing changes no sequence", async () => {
  const slug = freshSlug("same");
  await publish(course(slug));
  await enroll(slug, "ada");
  const before = await inspect(slug, "ada");
  const body = { cohorts: [], practice_mode: false };
  expect((await call("PATCH", `/enrollments/${slug}:ada`, { token: await author(), body })).status).toBe(200);
  const { version, policy_seq } = await inspect(slug, "ada");
  expect({ version, policy_seq }).toEqual({ version: before.version, policy_seq: before.policy_seq });
});

it("relocking with the active document applies its rules to everyone again", async () => {
  const slug = freshSlug("relock");
  await publish(course(slug));
  await enroll(slug, "ada");
  const patch = (cohorts: string[]) => async () =>
    call("PATCH", `/enrollments/${slug}:ada`, { token: await author(), body: { cohorts } });
  await (await patch(["mentors"])()).text();
  await (await patch([])()).text();
  const states = async () => {
    const answer = await call("GET", `/courses/${slug}/unlocks`, { token: await tokenOf("ada") });
    return (await answer.json<{ states: Record<string, string> }>()).states;
  };
  // Sticky: what the cohort opened stays open.
  expect((await states())[`${slug}.staff`]).toBe("unlocked");
  expect((await publish(course(slug))).created).toBe(false);
  expect(await publish(course(slug), { policy: "relock" })).toMatchObject({ version: 1, activation: 2, created: true });
  expect((await states())[`${slug}.staff`]).toBe("locked");
});

it("[I5][I9] an import whose key was used with another body changes nothing for anybody", async () => {
  const slug = freshSlug("import");
  await publish(course(slug));
  await enroll(slug, "ada");
  await enroll(slug, "eve");
  const token = await tokenOf("importer", "service");
  const headers = { "idempotency-key": `import-${slug}` };
  const fact = (user_id: string) => ({ user_id, item: `${slug}.one`, completed: true, at: "2026-01-01T00:00:00Z" });
  const send = (users: string[]) =>
    call("POST", "/progress/import", { token, headers, body: { facts: users.map(fact) } });
  expect((await send(["ada"])).status).toBe(200);
  expect((await problem(await send(["eve", "ada"]), 422)).code).toBe("idempotency_key_reused");
  const eve = await objectOf(slug, "eve").inspect();
  expect(eve.ok && eve.value.mirror.progress_seq).toBe(0);
  const again = await send(["ada"]);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
});

it("[I1] an import answered with Retry-After can be sent again with its key, because that answer is not stored", async () => {
  const slug = freshSlug("import");
  await publish(course(slug));
  await enroll(slug, "ada");
  const token = await tokenOf("importer", "service");
  const headers = { "idempotency-key": `import-${slug}` };
  const body = { facts: [{ user_id: "ada", item: `${slug}.one`, completed: true, at: "2026-01-01T00:00:00Z" }] };
  const { namespace } = brokenObjects();
  const early = await callWith({ ENROLLMENTS: namespace }, "POST", "/progress/import", { token, headers, body });
  expect(early.headers.get("retry-after")).toBe("1");
  expect(await early.json()).toMatchObject({ results: [{ outcome: "unavailable" }] });
  const again = await call("POST", "/progress/import", { token, headers, body });
  expect(await again.json()).toMatchObject({ results: [{ outcome: "recorded" }] });
});

it("an explanation has no ETag, because it depends on the present instant", async () => {
  const slug = freshSlug("etag");
  await publish(course(slug));
  await enroll(slug, "ada");
  const answer = await call("GET", `/courses/${slug}/items/${slug}.staff/why`, { token: await tokenOf("ada") });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("etag")).toBeNull();
  expect(answer.headers.get("cache-control")).toBe("no-store");
});
