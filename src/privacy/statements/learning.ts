import { statement } from "../../platform/database/statement.ts";

// plan: SEARCH certificates USING INDEX certificates_by_user (user_id=?)
export const certificatesHeld = statement<[user: string]>(
  "SELECT id, course_slug, holder, title, issued_at, revoked_at FROM certificates WHERE user_id = ?",
);

// plan: SEARCH reading_places USING PRIMARY KEY (user_id=?)
export const placesKept = statement<[user: string]>(
  "SELECT course_slug, item_id, place, read_at FROM reading_places WHERE user_id = ?",
);

// plan: SEARCH learner_messages USING INDEX learner_messages_by_user (user_id=?)
export const messagesReceived = statement<[user: string]>(
  "SELECT course_slug, text, sent_at FROM learner_messages WHERE user_id = ?",
);

// plan: SEARCH calendar_feeds USING INDEX calendar_feeds_by_user (user_id=?)
export const dropCalendars = statement<[user: string]>("DELETE FROM calendar_feeds WHERE user_id = ?");

/** A certificate loses its learner, counts as revoked, and keeps its number. */
// plan: SEARCH certificates USING INDEX certificates_by_user (user_id=?)
export const blankCertificates = statement<[user: string, now: number]>(
  `UPDATE certificates SET user_id = NULL, holder = '', reason = NULL, revoked_at = coalesce(revoked_at, ?2)
    WHERE user_id = ?1`,
);

// plan: SEARCH reading_places USING PRIMARY KEY (user_id=?)
export const dropPlaces = statement<[user: string]>("DELETE FROM reading_places WHERE user_id = ?");

// plan: SEARCH notice_marks USING PRIMARY KEY (user_id=?)
export const dropMarks = statement<[user: string]>("DELETE FROM notice_marks WHERE user_id = ?");

// plan: SEARCH learner_messages USING INDEX learner_messages_by_user (user_id=?)
export const dropMessages = statement<[user: string]>("DELETE FROM learner_messages WHERE user_id = ?");

/** Messages that the user wrote stay with their receivers, without the writer. */
// plan: SEARCH learner_messages USING INDEX learner_messages_by_sender (sender_id=?)
export const forgetSender = statement<[user: string]>("UPDATE learner_messages SET sender_id = '' WHERE sender_id = ?");
