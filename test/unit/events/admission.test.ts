import { describe, expect, it } from "vitest";
import { Admission } from "../../../src/events/admission.ts";
import { loadOf, PublisherAdmission } from "../../../src/events/publisher-admission.ts";
import { eventMessage, readMessage } from "../../../src/events/wire.ts";

const NOW = 1_000_000;
// SAFETY: admission reads two settings of it, and both are as they are when nobody set them.
const env = {} as Env;

const tally = () => ({ counts: { refused: 0 } });

function filled(streams: number): Admission {
  const admission = new Admission(tally());
  for (let n = 0; n < streams; n += 1) {
    const place = admission.enter(env, { user: `u${n}`, address: `a${n}` }, NOW);
    expect(place.ok).toBe(true);
  }
  return admission;
}

/** Of so many who come back after these waits, the largest share in one second. */
function busiestSecond(waits: readonly number[]): number {
  const seconds = new Map<number, number>();
  for (const wait of waits) {
    const second = Math.floor(wait / 1_000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  return Math.max(...seconds.values()) / waits.length;
}

describe("the admission of streams", () => {
  it("[fault 38] spreads 300 returning clients over twelve seconds, by the end of their stream or by `retry`", () => {
    const admission = filled(300);
    const clients = Array.from({ length: 300 });
    expect(busiestSecond(clients.map(() => admission.retryMs()))).toBeLessThan(0.2);
    // A client that waits up to so long, as ours does, and one that waits exactly so long.
    expect(busiestSecond(clients.map(() => Math.random() * admission.retryHint()))).toBeLessThan(0.25);
    expect(busiestSecond(clients.map(() => admission.retryHint()))).toBeLessThan(0.3);
    // A few are back within seconds, and the largest crowd within half a minute.
    expect(filled(5).retryHint()).toBeLessThanOrEqual(4_000);
    expect(filled(3_000).retryHint()).toBeLessThanOrEqual(30_000);
  });

  it("[fault 35] closes only the streams of the user who opened too many", () => {
    const admission = new Admission(tally());
    for (let n = 0; n < 50; n += 1) expect(admission.enter(env, { user: "ada", address: `a${n}` }, NOW).ok).toBe(true);
    expect(admission.enter(env, { user: "ada", address: "b" }, NOW)).toMatchObject({
      refusal: { code: "rate_limited", retry_after: expect.any(Number) },
    });
    expect(admission.enter(env, { user: "bob", address: "a0" }, NOW).ok).toBe(true);
    expect(admission.state(env, NOW)).toMatchObject({
      state: "open",
      open: 51,
      refused_last_minute: { isolate: 0, address: 0, user: 1 },
    });
    expect(admission.state(env, NOW + 60_000).refused_last_minute.user).toBe(0);
  });

  it("[fault 35] says that it is full while it is full", () => {
    const admission = new Admission(tally());
    // SAFETY: as above, with one setting.
    const small = { MAX_STREAMS: "1" } as unknown as Env;
    const place = admission.enter(small, { user: "ada", address: "a" }, NOW);
    expect(admission.enter(small, { user: "bob", address: "b" }, NOW)).toMatchObject({
      refusal: { code: "unavailable" },
    });
    expect(admission.state(small, NOW)).toMatchObject({ state: "full", refused_last_minute: { isolate: 1 } });
    if (place.ok) {
      place.value.leave();
      place.value.leave();
    }
    expect(admission.state(small, NOW)).toMatchObject({ state: "open", open: 0 });
  });
});

describe("the admission of publishing", () => {
  const largest = { deliveries: 5_000, bytes: 82_000_000 };

  it("[fault 35] accepts the largest call, and makes only this publisher wait after too many", () => {
    const admission = new PublisherAdmission();
    expect(admission.admit("grader", largest, NOW).ok).toBe(true);
    const refused = admission.admit("grader", largest, NOW);
    expect(refused).toMatchObject({ refusal: { code: "rate_limited", retry_after: 7 } });
    expect(admission.admit("importer", largest, NOW).ok).toBe(true);
    expect(admission.admit("grader", largest, NOW + 7_000).ok).toBe(true);
  });

  it("counts each receiver of an event", () => {
    const data = { title: "汉" };
    const events = [
      { type: "system.notification", to: { users: ["a", "b"] }, data },
      { type: "system.notification", to: { everyone: true }, data },
    ] as const;
    // Thirteen bytes of JSON around a letter of three.
    expect(loadOf(events as unknown as Parameters<typeof loadOf>[0])).toEqual({ deliveries: 3, bytes: 3 * 15 });
  });
});

describe("an event of newer code", () => {
  it("keeps its place in the log, so that a reader continues after it during a release", () => {
    const place = { epoch: "e", seq: 7, at: 1 };
    const rest = { level: "info", priority: "normal", roles: null, data: "{}", subject: null, topic: null } as const;
    const known = { ...place, seq: 8, type: "system.notification", ...rest } as const;
    const text = eventMessage(6, [known], false).replace(
      "[",
      `[${JSON.stringify({ ...place, type: "new.type", ...rest })},`,
    );
    expect(readMessage(text)).toMatchObject({
      t: "events",
      after: 6,
      events: [
        { seq: 7, type: null },
        { seq: 8, type: "system.notification" },
      ],
    });
  });
});
