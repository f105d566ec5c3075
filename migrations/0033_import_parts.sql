-- Archives that are uploaded in parts. The bucket holds the parts under an upload of its own until they are put together;
-- which of them have arrived stands here, so that an upload that broke off is carried on with.
ALTER TABLE course_imports ADD COLUMN upload_id TEXT; -- the bucket's name of the upload; NULL: the archive comes at once

CREATE TABLE course_import_parts (
  import_id TEXT NOT NULL,
  part INTEGER NOT NULL, -- from 1
  etag TEXT NOT NULL, -- what the bucket calls this part
  sha256 TEXT NOT NULL, -- hex, of its bytes: sent again, the same part is taken and another refused
  PRIMARY KEY (import_id, part)
) STRICT, WITHOUT ROWID;
