import { z } from "@hono/zod-openapi";
import { broken } from "./http/field-errors.ts";

/** The limit of characters in a zone's name; the longest existing one has 32. */
const MAX_ZONE = 64;
/** The rules of at most this many zones are remembered per isolate. */
const MAX_REMEMBERED = 64;

/** An IANA time zone, e.g. `Asia/Shanghai`. The runtime's own tables check it. */
export const zoneSchema = z
  .string()
  .refine(isZone, broken("time_zone", "an IANA time zone, e.g. Asia/Shanghai or Europe/Berlin"))
  .openapi({
    example: "Asia/Shanghai",
    description: "Time zone for the dates in sentences; UTC if it is left out.",
  });

function isZone(name: string): boolean {
  // Only some runtimes accept offsets like +08:00, and offsets do not include summer time.
  if (name.length > MAX_ZONE || !/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return false;
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    timeZoneName: "shortOffset",
  });
  if (formats.size >= MAX_REMEMBERED) formats.clear();
  formats.set(zone, format);
  return format;
}

/** One name for each way of writing a zone, so that it is cached once; null for UTC, the default. */
export function knownZone(name: string | undefined): string | null {
  if (name === undefined) return null;
  const { timeZone } = formatOf(name).resolvedOptions();
  return timeZone === "UTC" || timeZone === "Etc/UTC" ? null : timeZone;
}

/** An instant to the minute, with its zone: `2026-09-05 08:00 UTC`, `2026-09-05 16:00 GMT+8`. @param zone null for UTC. */
export function inZone(ms: number, zone: string | null): string {
  if (zone === null) {
    const instant = new Date(ms).toISOString();
    return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
  }
  const parts = new Map(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? "";
  return `${part("year")}-${part("month")}-${part("day")} ${part("hour")}:${part("minute")} ${part("timeZoneName")}`;
}
