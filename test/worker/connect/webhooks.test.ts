import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { enroll, project, publish } from "../../support/worker/courses.ts";
import { call, problem, tokenOf } from "../../support/worker/http.ts";
import { completed, ladder } from "../../support/worker/learners.ts";
import {
  author,
  comes,
  course,
  deliveriesOf,
  goes,
  hookOf,
  outside,
  Receiver,
  run,
  subscribe,
} from "./webhooks-support.ts";

beforeEach(outside);
afterEach(() => vi.restoreAllMocks());

describe("what is delivered", () => {
  it("says what happened with ids only, signed, in the order in which it happened", async () => {
    const slug = await course();
    const receiver = new Receiver("plain");
    const { id } = await subscribe(slug, receiver);
    await comes(slug, "ada");
    await goes(slug, "ada", ["one", "two"]);
    await run(id);
    expect(receiver.types()).toEqual([
      "enrollment.created",
      "item.unlocked",
      "item.completed",
      "item.unlocked",
      "item.completed",
      "item.unlocked",
    ]);
    const ids = { course_id: slug, enrollment_id: `${slug}:ada`, user_id: "ada" };
    expect(receiver.got[2]?.data).toEqual({ ...ids, item_ids: [`${slug}.one`] });
    expect(receiver.got[3]?.data).toMatchObject({ ...ids, cause: "progress" });
    expect(new Set(receiver.got.map((one) => one.id)).size).toBe(6);
    const { results } = await deliveriesOf(id);
    expect(results.map(({ type, state, status, tries }) => [type, state, status, tries]).slice(0, 2)).toEqual([
      ["item.unlocked", "delivered", 204, 1],
      ["item.completed", "delivered", 204, 1],
    ]);
    expect(await hookOf(id)).toMatchObject({ last: { status: 204, error: null }, failing_since: null });
    await run(id);
    expect(receiver.got).toHaveLength(6);
  });

  it("is what was asked for, of the course that was asked for", async () => {
    const [slug, other] = [await course(), await course()];
    const [some, all] = [new Receiver("some"), new Receiver("all")];
    const { id } = await subscribe(slug, some, ["item.completed", "submission.graded"]);
    const everything = await subscribe(null, all, ["enrollment.created", "item.relocked"]);
    for (const where of [slug, other]) await comes(where, "ben");
    await goes(slug, "ben", ["one"]);
    const token = await tokenOf("ben");
    await call("POST", `/problems/${slug}.p1/submissions`, { token, body: { answer: "4" } });
    await project(slug, "ben");
    const path = `/enrollments/${slug}:ben/overrides/${slug}.two`;
    await call("PUT", path, { token: await author(), body: { kind: "lock", reason: "for the test" } });
    await project(slug, "ben");
    await run(id);
    await run(everything.id);
    // The answer completes its problem; it was judged at once, and nobody is told of it live.
    expect(some.types()).toEqual(["item.completed", "submission.graded", "item.completed"]);
    expect(some.got[1]?.data).toMatchObject({ item_id: `${slug}.p1`, status: "passed", score: 100 });
    const mine = all.got.filter(({ data }) => data.course_id === slug || data.course_id === other);
    expect(mine.map(({ type, data }) => [type, data.course_id])).toEqual([
      ["enrollment.created", slug],
      ["enrollment.created", other],
      ["item.relocked", slug],
    ]);
    await call("DELETE", `/webhooks/${everything.id}`, { token: await tokenOf("root", "admin") });
  });

  it("is written down once, also where the same is projected by several at the same time", async () => {
    const slug = await course();
    const receiver = new Receiver("once");
    const { id } = await subscribe(slug, receiver);
    await enroll(slug, "cai");
    await Promise.all([project(slug, "cai"), project(slug, "cai"), project(slug, "cai")]);
    await completed(slug, "cai", "one");
    await Promise.all([project(slug, "cai"), project(slug, "cai")]);
    await run(id);
    expect(receiver.types()).toEqual(["enrollment.created", "item.unlocked", "item.completed", "item.unlocked"]);
  });

  it("names the version of a course that was published", async () => {
    const slug = await course();
    const receiver = new Receiver("published");
    const { id } = await subscribe(slug, receiver);
    await publish({ ...ladder(slug), title: "Another" });
    await run(id);
    expect(receiver.got.map(({ type, data }) => [type, data])).toEqual([
      ["course.published", { course_id: slug, course_version: 2, activation: 2 }],
    ]);
  });
});

describe("who may", () => {
  it("manage the course: its people for it, admins for all; others learn nothing", async () => {
    const slug = await course();
    const receiver = new Receiver("rights");
    const { id } = await subscribe(slug, receiver);
    const body = { url: receiver.url, types: ["item.unlocked"] };
    const stranger = await tokenOf("another", "author");
    const paths = [`/courses/${slug}/webhooks`, "/webhooks"];
    for (const path of paths) {
      expect((await problem(await call("POST", path, { token: stranger, body }), 403)).code).toBe("forbidden");
      expect((await problem(await call("GET", path, { token: stranger }), 403)).code).toBe("forbidden");
    }
    for (const path of [`/webhooks/${id}`, `/webhooks/${id}/deliveries`]) {
      expect((await problem(await call("GET", path, { token: stranger }), 404)).code).toBe("not_found");
    }
    expect((await problem(await call("DELETE", `/webhooks/${id}`, { token: stranger }), 404)).code).toBe("not_found");
    const listed = await call("GET", `/courses/${slug}/webhooks`, { token: await author() });
    expect(await listed.text()).not.toContain("whsec_");
  });

  it("nobody, for an address that is not public, when it is set and when it is sent to", async () => {
    const slug = await course();
    const token = await author();
    const urls = [
      ["http://example.org/x", "not_https"],
      ["https://10.0.0.1/x", "private_address"],
      ["https://[fd00::1]/x", "private_address"],
      ["https://169.254.169.254/x", "private_address"],
      ["https://example.org:8443/x", "port"],
      ["https://db.internal/x", "private_address"],
    ];
    for (const [url, rule] of urls) {
      const answer = await call("POST", `/courses/${slug}/webhooks`, {
        token,
        body: { url, types: ["item.unlocked"] },
      });
      expect((await problem(answer, 400)).errors).toMatchObject([{ path: "url", rule }]);
    }
    const receiver = new Receiver("moved");
    const { id } = await subscribe(slug, receiver, ["enrollment.created"]);
    receiver.address = "192.168.1.7";
    await comes(slug, "ada");
    await run(id);
    expect(receiver.got).toEqual([]);
    expect((await hookOf(id)).last?.error).toBe("The name leads to an address that is not of the public network.");
    const ping = await call("POST", `/webhooks/${id}/ping`, { token });
    expect(await ping.json()).toMatchObject({ delivered: false, status: null });
  });
});

describe("a secret", () => {
  it("is shown once, stored encrypted, and replaced without a gap", async () => {
    const slug = await course();
    const receiver = new Receiver("secret");
    const { id, secret } = await subscribe(slug, receiver, ["enrollment.created"]);
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const stored = await env.DB.prepare("SELECT secret FROM webhook_subscriptions WHERE id = ?")
      .bind(id)
      .first("secret");
    expect(stored).toMatch(/^v1\.[0-9a-f]{8}\./);
    const token = await author();
    const pinged = await call("POST", `/webhooks/${id}/ping`, { token });
    expect(await pinged.json()).toMatchObject({ delivered: true, status: 204 });
    expect(receiver.got[0]).toMatchObject({ type: "ping", signatures: 1 });
    const replaced = await call("POST", `/webhooks/${id}/secret`, { token });
    const { secret: next } = (await replaced.json()) as { secret: string };
    await comes(slug, "ada");
    await run(id); // the receiver still has the secret before
    receiver.secret = next;
    await comes(slug, "ben");
    await run(id);
    expect(receiver.got.slice(1).map(({ signatures }) => signatures)).toEqual([2, 2]);
    await env.DB.prepare("UPDATE webhook_subscriptions SET previous_until = 1 WHERE id = ?").bind(id).run();
    await comes(slug, "cai");
    await run(id);
    expect(receiver.got.at(-1)).toMatchObject({ signatures: 1 });
  });
});
