/**
 * Pending rows for D1 are in the row of the enrollment, which every commit writes anyway. `pending` is a list of [id,
 * kind, ref, payload, created_at], null if there is none; `pending_head` is the last assigned number. Rows that are too
 * large are in a separate table. If rows are pending, it is known when to ask again, so no due-time is written for
 * this.
 *
 * The release before knows two tables by their names, so both names stay and still work for reading and writing, as
 * views. When that release saves the enrollment, it writes the row again without the two columns. So the pending rows
 * go into the table first, and the numbers continue.
 */
export const PENDING_STEP = `
  ALTER TABLE outbox RENAME TO outbox_rows;
  ALTER TABLE due_times RENAME TO due_rows;
  ALTER TABLE enrollment ADD COLUMN pending TEXT;
  ALTER TABLE enrollment ADD COLUMN pending_head INTEGER NOT NULL DEFAULT 0;

  CREATE VIEW outbox AS
    SELECT id, kind, ref, payload, created_at FROM outbox_rows
    UNION ALL
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM enrollment, json_each(pending);
  CREATE TRIGGER outbox_add INSTEAD OF INSERT ON outbox BEGIN
    INSERT INTO outbox_rows (id, kind, ref, payload, created_at) VALUES (
      1 + max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox_rows'), 0),
              coalesce((SELECT max(id) FROM outbox_rows), 0), coalesce((SELECT pending_head FROM enrollment), 0)),
      NEW.kind, NEW.ref, NEW.payload, NEW.created_at);
  END;
  CREATE TRIGGER outbox_remove INSTEAD OF DELETE ON outbox BEGIN
    DELETE FROM outbox_rows WHERE id = OLD.id;
    UPDATE enrollment SET pending =
      (SELECT nullif(json_group_array(json(value)), '[]') FROM json_each(pending) WHERE value ->> 0 <> OLD.id)
    WHERE EXISTS (SELECT 1 FROM json_each(pending) WHERE value ->> 0 = OLD.id);
  END;
  CREATE TRIGGER outbox_keep BEFORE INSERT ON enrollment WHEN EXISTS (SELECT 1 FROM enrollment WHERE pending_head > 0)
  BEGIN
    INSERT INTO outbox_rows (id, kind, ref, payload, created_at)
      SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM enrollment, json_each(pending);
    INSERT INTO outbox_rows (id, kind, ref, created_at)
      SELECT pending_head, 'mirror', '', NEW.computed_at FROM enrollment
      WHERE pending_head NOT IN (SELECT id FROM outbox_rows);
  END;

  CREATE VIEW due_times AS
    SELECT name, at, failures FROM due_rows
    UNION ALL
    SELECT 'outbox', min(created_at) + 15000, 0 FROM outbox
      WHERE 'outbox' NOT IN (SELECT name FROM due_rows) HAVING count(*) > 0;
  CREATE TRIGGER due_times_set INSTEAD OF INSERT ON due_times BEGIN
    INSERT OR REPLACE INTO due_rows (name, at, failures) VALUES (NEW.name, NEW.at, NEW.failures);
  END;
  CREATE TRIGGER due_times_remove INSTEAD OF DELETE ON due_times BEGIN
    DELETE FROM due_rows WHERE name = OLD.name;
  END;
`;
