-- Answers to writes that the Worker itself carries out, by Idempotency-Key. Writes of one enrollment keep theirs in
-- the enrollment object, in the transaction of the write.
CREATE TABLE idempotency_keys (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  status INTEGER,
  body TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Messages that failed their last retry. Nothing is thrown away: each can be listed and replayed.
CREATE TABLE dead_letters (
  id TEXT PRIMARY KEY,
  queue TEXT NOT NULL,
  body TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  failed_at INTEGER NOT NULL,
  replayed_at INTEGER,
  replayed_by TEXT
) WITHOUT ROWID;
CREATE INDEX dead_letters_open ON dead_letters (failed_at, id) WHERE replayed_at IS NULL;
CREATE INDEX dead_letters_replayed ON dead_letters (replayed_at) WHERE replayed_at IS NOT NULL;

-- What the shadow check found: a snapshot that differs from an evaluation of the same inputs. Must stay empty.
CREATE TABLE divergences (
  id TEXT PRIMARY KEY,
  enrollment_id TEXT NOT NULL,
  snapshot TEXT NOT NULL,
  differences TEXT NOT NULL,
  detected_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX divergences_by_age ON divergences (detected_at);
