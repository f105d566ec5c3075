-- Events for other systems, written in the transaction that brings what they are about. The directory's own migration 0045 says
-- more.
CREATE TABLE webhook_pages (
  subscription TEXT NOT NULL,
  seq INTEGER NOT NULL,
  events TEXT NOT NULL,
  due_at INTEGER,
  revision INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (subscription, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_pages_waiting ON webhook_pages (subscription, seq, due_at) WHERE due_at IS NOT NULL;

ALTER TABLE enrollments ADD COLUMN told_to INTEGER NOT NULL DEFAULT 0;
