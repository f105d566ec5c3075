import { statement } from "../platform/database/statement.ts";

/** Stores a mail, to be sent from then on; once for an id. */
// plan: looks nothing up
export const insertMail = statement<
  [
    id: string,
    user: string | null,
    address: string,
    kind: string,
    language: string,
    details: string,
    now: number,
    expires: number,
  ]
>(
  `INSERT INTO mails (id, user_id, address, kind, language, details, due_at, created_at, expires_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8) ON CONFLICT DO NOTHING`,
);

/** The same, only where a single-use value of the same id was written a moment before, in the same batch. */
// plan: SEARCH verifications EXISTS USING PRIMARY KEY (id=?)
export const insertMailOfLink = statement<
  [
    id: string,
    user: string | null,
    address: string,
    kind: string,
    language: string,
    details: string,
    now: number,
    expires: number,
  ]
>(
  `INSERT INTO mails (id, user_id, address, kind, language, details, due_at, created_at, expires_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8 WHERE EXISTS (SELECT 1 FROM verifications WHERE id = ?1)
    ON CONFLICT DO NOTHING`,
);

/** Takes a mail to send it: no other process takes it until `again`. */
// plan: SEARCH mails USING PRIMARY KEY (id=?)
export const takeMail = statement<[id: string, again: number, now: number]>(
  "UPDATE mails SET due_at = ?2, attempts = attempts + 1 WHERE id = ?1 AND due_at <= ?3 RETURNING *",
);

// plan: SEARCH mails USING PRIMARY KEY (id=?)
export const settleMail = statement<[id: string, state: string, now: number]>(
  "UPDATE mails SET state = ?2, due_at = NULL, settled_at = ?3 WHERE id = ?1 AND due_at IS NOT NULL",
);

// plan: SEARCH mails USING PRIMARY KEY (id=?)
export const delayMail = statement<[id: string, due: number]>(
  "UPDATE mails SET due_at = ?2 WHERE id = ?1 AND due_at IS NOT NULL",
);

/** Mails that wait for their next try, those that wait for the longest time first. */
// plan: SEARCH mails USING COVERING INDEX mails_due (due_at<?)
export const mailsDue = statement<[now: number, take: number]>(
  "SELECT id FROM mails WHERE due_at <= ? ORDER BY due_at LIMIT ?",
);

/** The newest mails, for the page of a local installation. */
// plan: SEARCH mails USING INDEX mails_by_time ((created_at,id)<(?,?))
export const newestMails = statement<[before: number, id: string, take: number]>(
  "SELECT * FROM mails WHERE (created_at, id) < (?1, ?2) ORDER BY created_at DESC, id DESC LIMIT ?3",
);

/** Removes mails from before an instant that were sent or failed. */
// plan: SEARCH mails USING PRIMARY KEY (id=?)
// plan: LIST SUBQUERY 1
// plan: SEARCH mails USING INDEX mails_by_time (created_at<?)
export const pruneOldMails = statement<[before: number, take: number]>(
  `DELETE FROM mails WHERE id IN
    (SELECT id FROM mails WHERE created_at < ?1 AND due_at IS NULL ORDER BY created_at, id LIMIT ?2)`,
);

/** The number of waiting mails, counted up to a limit, and since when the oldest waits. */
// plan: CO-ROUTINE (subquery-1)
// plan: SEARCH mails USING INDEX mails_due (due_at>?)
// plan: SCAN (subquery-1)
export const waitingMails = statement<[]>(
  `SELECT count(*) AS waiting, min(created_at) AS since FROM
    (SELECT created_at FROM mails WHERE due_at IS NOT NULL LIMIT 10000)`,
);
