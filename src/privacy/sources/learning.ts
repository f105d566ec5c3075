import { directory } from "../../platform/database/shards.ts";
import { anyRow, idsIn, type UserColumn } from "../rows.ts";
import type { PersonalDataSource } from "../source.ts";
import {
  blankCertificates,
  certificatesHeld,
  dropCalendars,
  dropMarks,
  dropMessages,
  dropPlaces,
  forgetSender,
  messagesReceived,
  placesKept,
} from "../statements/learning.ts";

/** The columns of D1 that have user ids of this source. */
const PLACES: readonly UserColumn[] = [
  ["calendar_feeds", "user_id"],
  ["certificates", "user_id"],
  ["reading_places", "user_id"],
  ["notice_marks", "user_id"],
  ["learner_messages", "user_id"],
  ["learner_messages", "sender_id"],
];

/**
 * What a learner uses besides the course: calendars, certificates, places where they stopped reading, messages to them.
 * The row of a certificate stays without its learner, so that its address can say that the certificate is no longer
 * available.
 */
export const learningSource: PersonalDataSource = {
  name: "learning",
  holds: (env, user) => anyRow(directory(env), PLACES, user),
  people: (env, from) => idsIn(directory(env), PLACES, from),
  async *export(env, user) {
    for (const [kind, rows] of [
      ["certificate", certificatesHeld],
      ["reading_place", placesKept],
      ["message", messagesReceived],
    ] as const) {
      const found = await rows(directory(env), user).all<Record<string, unknown>>();
      for (const row of found.results) yield { kind, row };
    }
  },
  async erase(env, user) {
    const db = directory(env);
    await db.batch([
      dropCalendars(db, user),
      blankCertificates(db, user, Date.now()),
      dropPlaces(db, user),
      dropMarks(db, user),
      dropMessages(db, user),
      forgetSender(db, user),
    ]);
    return "done";
  },
};
