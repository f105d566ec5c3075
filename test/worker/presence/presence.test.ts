import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { freshSlug, publish } from "../../support/worker/courses.ts";
import { callWith } from "../../support/worker/faults.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import { advanceClock, ladder } from "../../support/worker/learners.ts";

afterEach(() => {
  vi.useRealTimers();
});

async function course() {
  const slug = freshSlug("presence");
  await publish(ladder(slug));
  const join = async (user: string) =>
    (await call("POST", `/courses/${slug}/presence`, { token: await tokenOf(user) })).json();
  const count = async () => (await call("GET", `/courses/${slug}/presence`, { token: await tokenOf("eve") })).json();
  return { slug, join, count };
}

describe("presence", () => {
  it("counts each learner once, for a minute after the last sign of life", async () => {
    const { slug, join, count } = await course();
    expect(await count()).toEqual({ course: slug, present: 0 });
    expect(await join("ada")).toEqual({ course: slug, present: 1 });
    expect(await join("bob")).toEqual({ course: slug, present: 2 });
    expect(await join("ada")).toEqual({ course: slug, present: 2 });
    advanceClock(40_000);
    expect(await join("bob")).toEqual({ course: slug, present: 2 });
    advanceClock(20_001);
    expect(await count()).toEqual({ course: slug, present: 1 });
    advanceClock(60_001);
    expect(await count()).toEqual({ course: slug, present: 0 });
  });

  it("is lost by an eviction, and then works again", async () => {
    const { slug, join, count } = await course();
    await join("ada");
    await evictDurableObject(env.PRESENCE.get(env.PRESENCE.idFromName(`course:${slug}`)));
    expect(await count()).toEqual({ course: slug, present: 0 });
    expect(await join("ada")).toEqual({ course: slug, present: 1 });
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("unreachable");
      },
    ],
    ["answers nonsense", async () => new Response("nonsense", { status: 200 })],
    ["never answers", () => new Promise<Response>(() => {})],
  ])("an object that %s does not break the page: present is null", async (_name, fetch) => {
    const { slug } = await course();
    const token = await tokenOf("ada");
    // SAFETY: itty-durable's proxy only turns names into stubs and fetches them.
    const PRESENCE = { idFromName: (name: string) => name, get: () => ({ fetch }) } as unknown as typeof env.PRESENCE;
    for (const method of ["GET", "POST"]) {
      const answer = await callWith({ PRESENCE }, method, `/courses/${slug}/presence`, { token });
      expect([answer.status, await answer.json()]).toEqual([200, { course: slug, present: null }]);
    }
  });

  it("[I8][I9] needs a token and an existing course", async () => {
    const { slug } = await course();
    expect((await call("GET", `/courses/${slug}/presence`)).status).toBe(401);
    const ghost = await call("POST", "/courses/no-such-course/presence", { token: await tokenOf("ada") });
    expect((await problem(ghost, 404)).code).toBe("course_not_found");
  });
});
