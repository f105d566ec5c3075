-- The audit log as it is searched: a projection of the chain objects, which hold the truth. `tokens` are the words of an
-- entry as the full-text index takes them (Chinese in pairs); the index holds no text of its own and can be rebuilt:
-- INSERT INTO audit_log_words (audit_log_words) VALUES ('rebuild').
CREATE TABLE audit_log (
  id INTEGER PRIMARY KEY,
  chain TEXT NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  key TEXT NOT NULL,
  action TEXT NOT NULL,
  occurred_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  actor_id TEXT NOT NULL,
  actor_role TEXT NOT NULL,
  target_type TEXT NOT NULL,
  target_id TEXT NOT NULL,
  course TEXT,
  enrollment TEXT,
  request_id TEXT,
  outcome TEXT NOT NULL,
  details TEXT NOT NULL,
  reported_by TEXT,
  tokens TEXT NOT NULL
);

CREATE UNIQUE INDEX audit_log_by_place ON audit_log (chain, seq);
CREATE INDEX audit_log_by_time ON audit_log (chain, received_at, seq);
CREATE INDEX audit_log_by_actor ON audit_log (chain, actor_id, seq);
CREATE INDEX audit_log_by_action ON audit_log (chain, action, seq);
CREATE INDEX audit_log_by_enrollment ON audit_log (chain, enrollment, seq) WHERE enrollment IS NOT NULL;
CREATE INDEX audit_log_by_target ON audit_log (chain, target_id, target_type, seq);

CREATE VIRTUAL TABLE audit_log_words USING fts5 (tokens, content = 'audit_log', content_rowid = 'id');

CREATE TRIGGER audit_log_indexed AFTER INSERT ON audit_log BEGIN
  INSERT INTO audit_log_words (rowid, tokens) VALUES (new.id, new.tokens);
END;

CREATE TRIGGER audit_log_unindexed AFTER DELETE ON audit_log BEGIN
  INSERT INTO audit_log_words (audit_log_words, rowid, tokens) VALUES ('delete', old.id, old.tokens);
END;

-- Who the pseudonyms in audit_log are; a row goes when its user is erased. The chain object holds the truth.
CREATE TABLE audit_people (pseudonym TEXT NOT NULL PRIMARY KEY, user_id TEXT NOT NULL UNIQUE);

-- What changes of this database still owe to the audit chain: written in the batch of the change, removed when the chain
-- has it. `error` is set where the chain will never take it; such a row waits for a person.
CREATE TABLE audit_outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  entry TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  error TEXT
);
