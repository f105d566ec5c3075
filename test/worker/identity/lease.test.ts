import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { Leases } from "../../../src/identity/leases.ts";
import type { UserGate } from "../../../src/identity/revocations.ts";
import { type DocumentInput, enroll, freshSlug, objectOf, publish } from "../../support/worker/courses.ts";
import { admin } from "../../support/worker/learners.ts";
import { call, read, signedInSchema, signIn, signUp } from "./support.ts";

// A learner who writes again and again is not asked about with each write: the enrollment holds a lease on what the user's
// revocations say, and is told before that changes.

const gateOf = (user: string) => {
  // SAFETY: wrangler.toml binds GATES to this class.
  const namespace = env.GATES as DurableObjectNamespace<UserGate>;
  return namespace.get(namespace.idFromName(user));
};
const leasesOf = (user: string) =>
  runInDurableObject(gateOf(user), (_gate, { storage }) => Object.keys(storage.kv.get<object>("leases") ?? {}));

/** A course of chapters that are all open, so that each can be completed whatever came before. */
function open(slug: string): DocumentInput {
  const chapters = Array.from({ length: 12 }, (_, n) => ({ id: `${slug}.c${n}`, title: `Chapter ${n}` }));
  return { slug, title: slug, chapters };
}

/** Somebody with an account who has written often enough to be leased. */
async function leased(name: string) {
  const slug = freshSlug(name);
  await publish(open(slug));
  const { user, access_token, session_token } = await signUp();
  await enroll(slug, user.id);
  let next = 0;
  const write = async (token = access_token) => {
    const path = `/courses/${slug}/chapters/${slug}.c${next}/mark_as_completed`;
    next += 1;
    const answer = await call("POST", path, { token });
    await answer.arrayBuffer();
    return answer.status;
  };
  expect(await write()).toBe(200);
  // Once is not often: nothing is written down for it.
  expect(await leasesOf(user.id)).toEqual([]);
  expect(await write()).toBe(200);
  expect(await leasesOf(user.id)).toEqual([`${slug}:${user.id}`]);
  expect(await write()).toBe(200);
  return { slug, user, session_token, write };
}

describe("a learner who writes often", () => {
  it("[I8] is refused with the first write after a ban, and accepted again after it is lifted", async () => {
    const { user, write } = await leased("ban");
    const token = await admin();
    const ban = (value: object | null) =>
      call("PATCH", `/users/${user.id}`, { token, body: { ban: value } }).then(({ status }) => status);
    expect(await ban({ reason: "left" })).toBe(200);
    expect(await write()).toBe(401);
    expect(await write()).toBe(401);
    expect(await ban(null)).toBe(200);
    const again = await read(await signIn(user.email), 200, signedInSchema);
    expect(await write(again.access_token)).toBe(200);
  });

  it("[I8] is refused with the first write after the session has ended, also if both objects slept meanwhile", async () => {
    const { slug, user, session_token, write } = await leased("out");
    await evictDurableObject(gateOf(user.id));
    await evictDurableObject(objectOf(slug, user.id));
    const answer = await call("POST", "/auth/sign-out", { body: { session_token } });
    expect(answer.status).toBeLessThan(300);
    expect(await write()).toBe(401);
    expect(await leasesOf(user.id)).toEqual([]);
  });

  it("[I8] is not checked again after a sleep, and is refused as soon as the session has ended", async () => {
    const { slug, user, session_token, write } = await leased("slept");
    await evictDurableObject(objectOf(slug, user.id));
    expect(await write()).toBe(200);
    expect((await call("POST", "/auth/sign-out", { body: { session_token } })).status).toBeLessThan(300);
    await evictDurableObject(objectOf(slug, user.id));
    expect(await write()).toBe(401);
  });

  it("[I8] is not refused because another session has ended", async () => {
    const { user, session_token, write } = await leased("two");
    const other = await read(await signIn(user.email), 200, signedInSchema);
    expect(await write(other.access_token)).toBe(200);
    expect((await call("POST", "/auth/sign-out", { body: { session_token } })).status).toBeLessThan(300);
    expect(await write()).toBe(401);
    expect(await write(other.access_token)).toBe(200);
  });

  it("continues with another role, which is read as it is now", async () => {
    const { user, write } = await leased("role");
    const changed = await call("PATCH", `/users/${user.id}`, { token: await admin(), body: { role: "author" } });
    expect(changed.status).toBe(200);
    expect(await write()).toBe(200);
    expect(await leasesOf(user.id)).toEqual([]);
  });

  it("[I8] is refused for ever once erased", async () => {
    const { user, write } = await leased("gone");
    expect(await gateOf(user.id).erase()).toMatchObject({ ok: true });
    expect(await write()).toBe(401);
  });
});

it("[I8] a change of rights is confirmed only after every enrollment with a lease was notified", async () => {
  const { user } = await leased("deaf");
  const told = await runInDurableObject(gateOf(user.id), async (_gate, { storage }) => {
    const deaf = {
      idFromName: (name: string) => name,
      get: () => ({ endLease: () => Promise.reject(new Error("deaf")) }),
    };
    // SAFETY: of the bindings only this one is asked.
    const leases = new Leases(storage.kv, () => ({ ENROLLMENTS: deaf }) as unknown as Env);
    return leases.end(Date.now());
  });
  expect(told).toBe(false);
  expect(await leasesOf(user.id)).toHaveLength(1);
});
