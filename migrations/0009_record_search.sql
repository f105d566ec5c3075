-- Words of translation sessions and tasks (src/records/backends/search.ts): derived from their rows and rebuilt from them.
-- The terms are made by the application, so the tokenizer only splits at spaces; the texts themselves are not kept here.
CREATE TABLE translation_sessions_search (docid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL) STRICT;

CREATE VIRTUAL TABLE translation_sessions_words USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii');

CREATE TABLE translation_tasks_search (docid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL) STRICT;

CREATE VIRTUAL TABLE translation_tasks_words USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii');
