import { expect, it } from "vitest";
import { archivePage } from "../../../src/events/archive-page.ts";
import type { LoggedEvent } from "../../../src/events/types.ts";
import { utf8Bytes } from "../../../src/platform/database/batches.ts";
import { PLATFORM } from "../../../src/platform/http/limits.ts";

function event(seq: number, type: LoggedEvent["type"], text: string): LoggedEvent {
  const data = JSON.stringify({ title: text });
  return {
    epoch: "e",
    seq,
    at: 1,
    type,
    level: "info",
    priority: "normal",
    roles: null,
    data,
    subject: null,
    topic: null,
  };
}

it("[fault 12] a message to the archive is limited by bytes: fifty events in Chinese are too much for a queue", () => {
  const events = Array.from({ length: 50 }, (_, seq) => event(seq + 1, "system.notification", "课".repeat(2_000)));
  let from = 0;
  const archived: number[] = [];
  for (let more = true; more; ) {
    const page = archivePage({ events: events.filter(({ seq }) => seq > from), more: false }, from);
    expect(utf8Bytes(JSON.stringify(page.events))).toBeLessThan(PLATFORM.message_bytes);
    expect(page.events.length).toBeGreaterThan(0);
    archived.push(...page.events.map(({ seq }) => seq));
    from = page.upTo;
    more = page.more;
  }
  expect(archived).toEqual(events.map(({ seq }) => seq));
});

it("skips events that are not archived, whatever their size", () => {
  const large = event(1, "unlock.changed", "x".repeat(1_000_000));
  const page = archivePage({ events: [large, event(2, "system.error", "small")], more: false }, 0);
  expect(page).toMatchObject({ upTo: 2, more: false, events: [{ seq: 2 }] });
  expect(archivePage({ events: [large], more: true }, 0)).toEqual({ events: [], upTo: 1, more: true });
});
