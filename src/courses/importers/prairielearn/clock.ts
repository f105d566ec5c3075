/** PrairieLearn's own default. */
export const DEFAULT_ZONE = "America/Chicago";

/**
 * The instant of a date and time on a clock of a time zone. If a clock shows a time twice, when summer time ends, the
 * earlier instant is meant. A time that is skipped moves forward by the skipped hour.
 * @param text `2025-01-19T00:00:01`.
 * @returns RFC 3339; null if it is not such a date.
 */
export function instantIn(zone: string, text: string): string | null {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?$/.exec(text.trim()) ?? [];
  if (year === undefined) return null;
  const shown = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second ?? 0),
  );
  // The offset before and after the estimate, for days on which it changes.
  const [before, after] = [offsetAt(zone, shown - 86_400_000), offsetAt(zone, shown + 86_400_000)];
  const fits = [shown - before, shown - after].filter((ms) => ms + offsetAt(zone, ms) === shown);
  return new Date(fits.length === 0 ? shown - before : Math.min(...fits)).toISOString();
}

/** Whether the runtime knows the zone. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** How far the clocks of a zone are ahead of UTC at an instant, in milliseconds. */
function offsetAt(zone: string, ms: number): number {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
  const shown = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
  return shown - Math.floor(ms / 1_000) * 1_000;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const FIELD = "2-digit";

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: FIELD,
    day: FIELD,
    hour: FIELD,
    minute: FIELD,
    second: FIELD,
  });
  formats.set(zone, format);
  return format;
}
