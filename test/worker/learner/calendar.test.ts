import { env } from "cloudflare:workers";
import ICAL from "ical.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { type DocumentInput, enroll, freshSlug, publish } from "../../support/worker/courses.ts";
import { call, problem, read, tokenOf } from "../../support/worker/http.ts";
import { admin, advanceClock, override, setClock } from "../../support/worker/learners.ts";

const DAY_MS = 86_400_000;
const NOW = Date.parse("2027-03-01T08:00:00Z");
const day = (days: number) => new Date(NOW + days * DAY_MS).toISOString();

function course(slug: string, due = day(3)): DocumentInput {
  const id = (name: string) => `${slug}.${name}`;
  return {
    slug,
    title: { en: 'Writing, part 1; a "start"', zh: "写作" },
    chapters: [
      {
        id: id("read"),
        title: { en: "Reading", zh: "阅读" },
        due: { days: 10 },
        problems: [
          { id: id("quiz"), title: `Quiz, "one"; ${"long ".repeat(30)}`, due, closes: day(4) },
          { id: id("talk"), title: "Talk", closes: day(5) },
          { id: id("free"), title: "Free" },
          { id: id("secret"), title: "Secret", due: day(6), visibility: "hidden" },
        ],
      },
    ],
  };
}

let slug = "";
let ada = "";
beforeEach(async () => {
  setClock(NOW);
  slug = freshSlug("dates");
  ada = `ada-${crypto.randomUUID().slice(0, 8)}`;
  await publish(course(slug));
  await enroll(slug, ada);
});
afterEach(() => {
  vi.useRealTimers();
});

const madeSchema = z.object({ address: z.string(), created_at: z.string() });
const make = async () =>
  (await read(await call("PUT", `/courses/${slug}/calendar`, { token: await tokenOf(ada) }), 200, madeSchema)).address;
const pathOf = (address: string) => address.slice(address.indexOf("/calendars/"));
/** What is stored of ada's addresses. */
const feeds = async () =>
  (await env.DB.prepare("SELECT * FROM calendar_feeds WHERE user_id = ?").bind(ada).all()).results;
/** The calendar as a program reads it: without a token. */
const fetchFeed = (address: string, query = "", headers = {}) => call("GET", pathOf(address) + query, { headers });

interface Seen {
  uid: string;
  name: string;
  at: string;
  sequence: number;
  status: string;
}

/** The events of a calendar, as an independent parser reads them. */
async function eventsOf(address: string, query = ""): Promise<Seen[]> {
  const answer = await fetchFeed(address, query);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/calendar; charset=utf-8");
  const text = await answer.text();
  // Lines end with CRLF and have at most 75 bytes (RFC 5545 section 3.1).
  for (const line of text.split("\r\n")) expect(new TextEncoder().encode(line).byteLength).toBeLessThanOrEqual(75);
  expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  const calendar = new ICAL.Component(ICAL.parse(text));
  expect(calendar.getFirstPropertyValue("version")).toBe("2.0");
  return calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component);
    expect(component.getFirstPropertyValue("dtstamp")).toBeInstanceOf(ICAL.Time);
    // No length, and none that a parser cannot read.
    expect(event.endDate.toJSDate()).toEqual(event.startDate.toJSDate());
    return {
      uid: event.uid,
      name: event.summary,
      at: event.startDate.toJSDate().toISOString(),
      sequence: event.sequence,
      status: String(component.getFirstPropertyValue("status")),
    };
  });
}

describe("due dates as a calendar", () => {
  it("are those of the learner: relative dates, extensions, the end if there is no due date, and no hidden item", async () => {
    const address = await make();
    const [quiz, talk, reading, ...others] = await eventsOf(address);
    expect(others).toEqual([]);
    expect(quiz).toMatchObject({ at: day(3), sequence: 0, status: "CONFIRMED" });
    expect(quiz?.name).toContain('Due: Quiz, "one"; long long');
    expect(talk).toMatchObject({ name: "Due: Talk", at: day(5) });
    expect(reading).toMatchObject({ name: "Due: Reading", at: day(10) });
    expect((await eventsOf(address, "?lang=zh")).at(-1)?.name).toBe("截止：阅读");
    advanceClock(60_000);
    await override(slug, ada, "quiz", { kind: "extend", extend_to: day(8) });
    const moved = (await eventsOf(address)).find(({ uid }) => uid === quiz?.uid);
    expect(moved).toMatchObject({ at: day(8), sequence: 1, status: "CONFIRMED" });
  });

  it("are answered 304 while nothing has changed", async () => {
    const address = await make();
    const first = await fetchFeed(address);
    await first.body?.cancel();
    const etag = first.headers.get("etag") ?? "";
    advanceClock(3_600_000);
    const again = await fetchFeed(address, "", { "if-none-match": etag });
    expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
    await override(slug, ada, "quiz", { kind: "extend", extend_to: day(8) });
    const changed = await fetchFeed(address, "", { "if-none-match": etag });
    await changed.body?.cancel();
    expect(changed.status).toBe(200);
  });

  it("are cancelled under the same name when they are removed, and when the learner withdraws", async () => {
    const address = await make();
    const before = await eventsOf(address);
    const later = course(slug);
    later.chapters?.[0]?.problems?.splice(1, 1);
    await publish(later);
    // Others notice a publish within five seconds.
    advanceClock(6_000);
    const without = await eventsOf(address);
    expect(without.find(({ uid }) => uid === before[1]?.uid)).toMatchObject({
      status: "CANCELLED",
      sequence: 1,
      name: "No longer due",
    });
    const token = await tokenOf(ada);
    expect((await call("DELETE", `/courses/${slug}/enrollments`, { token, body: {} })).status).toBeLessThan(300);
    const gone = await eventsOf(address);
    expect(gone.map(({ uid }) => uid).sort()).toEqual(before.map(({ uid }) => uid).sort());
    expect(gone.every(({ status }) => status === "CANCELLED")).toBe(true);
    // Nobody is told of them for ever.
    advanceClock(31 * DAY_MS);
    expect(await eventsOf(address)).toEqual([]);
  });

  it("[I8] have a secret address that is stored as a hash, and that ends when a new one is made or its owner ends it", async () => {
    const first = await make();
    const events = await eventsOf(first);
    const stored = JSON.stringify(await feeds());
    expect(stored).not.toContain(pathOf(first).slice("/calendars/".length, -".ics".length));
    const second = await make();
    await problem(await fetchFeed(first), 404);
    // Who subscribes anew sees the same dates, not the same again.
    expect((await eventsOf(second)).map(({ uid }) => uid)).toEqual(events.map(({ uid }) => uid));
    const token = await tokenOf("eve");
    await problem(await call("PUT", `/courses/${slug}/calendar`, { token }), 404);
    const others = z.object({ changed: z.boolean() });
    expect(await read(await call("DELETE", `/courses/${slug}/calendar`, { token }), 200, others)).toEqual({
      changed: false,
    });
    expect(await eventsOf(second)).toHaveLength(3);
    const own = { token: await tokenOf(ada) };
    expect(await read(await call("DELETE", `/courses/${slug}/calendar`, own), 200, others)).toEqual({ changed: true });
    await problem(await fetchFeed(second), 404);
    await problem(await fetchFeed(`/calendars/${"A".repeat(43)}.ics`), 404);
    await problem(await fetchFeed("/calendars/short.ics"), 400);
  });

  it("end with the account", async () => {
    const address = await make();
    const erased = await call("DELETE", `/users/${ada}`, { token: await admin(), body: {} });
    expect(erased.status, await erased.text()).toBeLessThan(300);
    await problem(await fetchFeed(address), 404);
    await vi.waitFor(async () => {
      expect(await feeds()).toEqual([]);
    });
  });
});
