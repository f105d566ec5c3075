import type { StagePage } from "./stage.ts";

/** Tables of early warning between two steps, which are bytes: a run that was cut off begins again. */
const WORKING_TABLES = "insight/runs/";
/** Objects of a bucket in one page; each is read, and may have 8 MB. */
const BUCKET_PAGE = 2;
const FILE_PAGE = 500;

/** Names in one list. */
const LIST_PAGE = 1_000;

/**
 * Objects of a bucket with their content, which is text.
 * @param since only those written from this instant on (epoch ms).
 */
export async function readBucket(bucket: R2Bucket, from: string | null, since: number): Promise<StagePage> {
  const keys = { limit: since === 0 ? BUCKET_PAGE : LIST_PAGE, ...(from === null ? {} : { startAfter: from }) };
  const listed = await bucket.list(keys);
  const changed = listed.objects.filter(({ uploaded }) => uploaded.getTime() >= since);
  const lines: string[] = [];
  for (const { key } of changed.slice(0, BUCKET_PAGE)) {
    if (key.startsWith(WORKING_TABLES)) continue;
    const object = await bucket.get(key);
    // An object that has gone since the list was made was removed after the mark.
    if (object === null) continue;
    const { httpMetadata, customMetadata = {} } = object;
    const type = httpMetadata?.contentType ?? null;
    lines.push(JSON.stringify({ key, type, meta: customMetadata, text: await object.text() }));
  }
  const isCut = changed.length > BUCKET_PAGE;
  const next = isCut ? (changed[BUCKET_PAGE - 1]?.key ?? null) : nextKey(listed);
  return { lines, rows: lines.length, next, max_seq: 0 };
}

/** Names of the objects of a bucket: an object of an older backup that is not among them was removed since. */
export async function readNames(bucket: R2Bucket, from: string | null): Promise<StagePage> {
  const listed = await bucket.list({ limit: LIST_PAGE, ...(from === null ? {} : { startAfter: from }) });
  const names = listed.objects.map(({ key }) => key).filter((key) => !key.startsWith(WORKING_TABLES));
  return { lines: names.map((key) => JSON.stringify(key)), rows: names.length, next: nextKey(listed), max_seq: 0 };
}

/** Users' files: the list of stored bytes, without the bytes. @param since as for {@link readBucket}. */
export async function listFiles(env: Env, from: string | null, since: number): Promise<StagePage> {
  const listed = await env.FILES.list({ limit: FILE_PAGE, ...(from === null ? {} : { startAfter: from }) });
  const changed = listed.objects.filter(({ uploaded }) => uploaded.getTime() >= since);
  const lines = changed.map(({ key, size, etag, checksums }) => {
    const { sha256 } = checksums.toJSON();
    return JSON.stringify({ key, size, etag, sha256: sha256 ?? null });
  });
  return { lines, rows: lines.length, next: nextKey(listed), max_seq: 0 };
}

function nextKey(listed: R2Objects): string | null {
  return listed.truncated ? (listed.objects.at(-1)?.key ?? null) : null;
}
