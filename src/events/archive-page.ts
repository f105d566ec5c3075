import { firstBytes } from "../platform/database/batches.ts";
import { isArchived, type LoggedEvent } from "./types.ts";

/** Events sent to the archive's queue in one message. */
export const ARCHIVE_PAGE = 50;
/** Limit of their bytes in the message: a message may have 128 KB, and the largest event has 50 KB. */
const ARCHIVE_BYTES = 100_000;

/**
 * The events of a page of a log that go to the archive in one message. Skipped events take no room, whatever their
 * size.
 * @param from the place after which the page begins.
 * @returns `upTo`: the place after which the next message begins.
 */
export function archivePage(
  page: { events: readonly LoggedEvent[]; more: boolean },
  from: number,
): { events: LoggedEvent[]; upTo: number; more: boolean } {
  const archived = page.events.filter(({ type }) => isArchived(type));
  const events = firstBytes(archived, ARCHIVE_BYTES);
  const isCut = events.length < archived.length;
  const last = isCut ? events.at(-1) : page.events.at(-1);
  return { events, upTo: last?.seq ?? from, more: page.more || isCut };
}
