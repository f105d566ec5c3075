import { ICalCalendar, ICalCalendarMethod, ICalEventStatus, ICalEventTransparency } from "ical-generator";
import type { Language } from "../platform/text.ts";
import type { CalendarEntry } from "./calendar.ts";

/** After this many seconds a calendar should ask again; most ask a few times a day. */
const REFRESH_SECONDS = 3_600;

const WORDS: Record<Language, { due: (title: string) => string; name: (title: string) => string; gone: string }> = {
  en: { due: (title) => `Due: ${title}`, name: (title) => `${title}: due dates`, gone: "No longer due" },
  zh: { due: (title) => `截止：${title}`, name: (title) => `${title}：截止日期`, gone: "已取消" },
};

export interface CalendarText {
  course: string;
  /** Title of the course. */
  title: string;
  language: Language;
  /** The end of the names of events. It does not reveal the learner. */
  key: string;
  entries: readonly CalendarEntry[];
  /** Titles of the items that the learner sees now. */
  titles: ReadonlyMap<string, string>;
  /** Address of an item's page. */
  pageOf: (item: string) => string;
}

/**
 * The calendar (RFC 5545). A due date is an instant, so an event has no length. Some libraries write a length of zero
 * in a form that calendars refuse.
 */
export function calendarText({ title, language, key, entries, titles, pageOf }: CalendarText): string {
  const words = WORDS[language];
  const calendar = new ICalCalendar({
    name: words.name(title),
    prodId: { company: "Latchkey", product: "due dates", language: language === "zh" ? "ZH" : "EN" },
    method: ICalCalendarMethod.PUBLISH,
    ttl: REFRESH_SECONDS,
  });
  for (const { item, at, sequence, stamp, off } of entries) {
    const name = titles.get(item);
    calendar.createEvent({
      id: `${item}.${key}@latchkey`,
      sequence,
      stamp: new Date(stamp),
      start: new Date(at),
      // An item that the learner no longer sees has no name here either.
      summary: off || name === undefined ? words.gone : words.due(name),
      status: off ? ICalEventStatus.CANCELLED : ICalEventStatus.CONFIRMED,
      transparency: ICalEventTransparency.TRANSPARENT,
      ...(off ? {} : { url: pageOf(item) }),
    });
  }
  return calendar.toString();
}
