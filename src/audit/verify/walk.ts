import type { EntryRow, SignedHead, SignedPurge } from "../chain/contract.ts";
import { hashOf } from "../chain/hash.ts";

/**
 * edited: an entry's hash is not that of its values. moved: it is that of another place. link: an entry does not follow
 * on the one before. gap, start_missing, tail_missing: entries are not there. head_mismatch: the chain was rewritten
 * since a head was signed. head_missing, head_forged, purge_forged: a statement in the bucket is gone or not ours.
 * purge_unrecorded: the chain does not say that it was purged. projection_differs: the search database has another entry.
 */
export const BREAK_KINDS = [
  "edited",
  "moved",
  "link",
  "gap",
  "start_missing",
  "tail_missing",
  "head_mismatch",
  "head_missing",
  "head_forged",
  "purge_forged",
  "purge_unrecorded",
  "projection_differs",
] as const;
type BreakKind = (typeof BREAK_KINDS)[number];

/** The kind of a break, and its place: the first and the last entry. */
export interface Break {
  kind: BreakKind;
  from_seq: number;
  to_seq: number;
  detail: string;
}

/** The progress of a check, as its cursor holds it. */
export interface WalkState {
  /** The last checked entry, and its stored hash. */
  seq: number;
  hash: string;
  /** The last compared head, and the last entry that a head covers. */
  head: number;
  vouched: number;
}

/** A page of the chain with everything it is compared with. */
export interface Page {
  rows: readonly EntryRow[];
  /** Whether this is the last page. */
  isLast: boolean;
  /** Heads with a valid signature after {@link WalkState.head}, in order. */
  heads: readonly SignedHead[];
  /** Purge records with a valid signature, in order. */
  purges: readonly SignedPurge[];
  /** Hashes in the search database, by place; empty if it was not asked. */
  projected: ReadonlyMap<number, string>;
  /** The highest place in any of the sources. */
  highest: number;
}

/** Checks one page. @returns every break in it, and the state after the page. */
export function walk(state: WalkState, page: Page): { breaks: Break[]; state: WalkState } {
  const breaks: Break[] = [];
  const { rows, purges } = page;
  let { seq, hash } = state;
  const [first] = rows;
  // A purge is no gap: the check continues after the last removed entry in its record.
  const purged = purges.findLast(({ to_seq }) => to_seq > seq && to_seq < (first?.seq ?? Number.POSITIVE_INFINITY));
  const base =
    purges.findLast(({ to_seq }) => first !== undefined && to_seq === first.seq - 1 && to_seq > seq) ?? purged;
  if (base !== undefined) ({ to_seq: seq, hash } = base);
  const start = seq;
  const placeOf = new Map(rows.map((row) => [row.hash, row.seq]));
  for (const row of rows) {
    const isNext = row.seq === seq + 1;
    if (!isNext) {
      const kind = seq === 0 || (seq === start && base !== undefined) ? "start_missing" : "gap";
      add(breaks, { kind, from_seq: seq + 1, to_seq: row.seq - 1, detail: "these entries are missing" });
    }
    const fault = faultOf(row, placeOf);
    if (fault !== null) add(breaks, fault);
    else if (isNext && row.prev !== hash) {
      add(breaks, {
        kind: "link",
        from_seq: row.seq,
        to_seq: row.seq,
        detail: "it does not contain the hash of the entry before it",
      });
    }
    const seen = page.projected.get(row.seq);
    if (seen !== undefined && seen !== row.hash) {
      const detail = "D1 has another entry here";
      add(breaks, { kind: "projection_differs", from_seq: row.seq, to_seq: row.seq, detail });
    }
    ({ seq, hash } = row);
  }
  const heads = compareHeads(state, page, { start, seq, boundary: base });
  breaks.push(...heads.breaks);
  for (const { entry_seq, number, to_seq } of purges) {
    const row = rows.find((candidate) => candidate.seq === entry_seq);
    const isRecorded = row === undefined || (row.action === "audit.purged" && row.key === `:audit.purged:${number}`);
    if (isRecorded) continue;
    const detail = `this is not the entry about the removal up to ${to_seq}`;
    add(breaks, { kind: "purge_unrecorded", from_seq: entry_seq, to_seq: entry_seq, detail });
  }
  const highest = Math.max(page.highest, heads.highest);
  if (page.isLast && highest > seq) {
    add(breaks, { kind: "tail_missing", from_seq: seq + 1, to_seq: highest, detail: "these entries are missing" });
  }
  return { breaks, state: { seq, hash, head: heads.head, vouched: heads.vouched } };
}

/** The faults of one entry. A hash that fits another place shows that the entry was moved. */
function faultOf(row: EntryRow, placeOf: ReadonlyMap<string, number>): Break | null {
  if (fits(row, row.seq)) return null;
  const at = { from_seq: row.seq, to_seq: row.seq };
  const before = placeOf.get(row.prev);
  const places = [...(before === undefined ? [] : [before + 1]), row.seq - 1, row.seq + 1];
  const place = places.find((candidate) => candidate !== row.seq && fits(row, candidate));
  if (place === undefined) return { kind: "edited", ...at, detail: "its hash does not match its values" };
  return { kind: "moved", ...at, detail: `moved by ${row.seq - place}` };
}

function fits(row: EntryRow, seq: number): boolean {
  try {
    return hashOf({ ...row, seq }) === row.hash;
  } catch {
    return false; // a value that has no JSON was not written by the chain
  }
}

function compareHeads(
  state: WalkState,
  { rows, heads, isLast }: Page,
  walked: { start: number; seq: number; boundary: SignedPurge | undefined },
): { breaks: Break[]; head: number; vouched: number; highest: number } {
  const breaks: Break[] = [];
  const hashes = new Map(rows.map((row) => [row.seq, row.hash]));
  if (walked.boundary !== undefined) hashes.set(walked.boundary.to_seq, walked.boundary.hash);
  let { head: number, vouched } = state;
  let highest = 0;
  for (const head of heads) {
    highest = Math.max(highest, head.seq);
    if (head.seq > walked.seq && !isLast) break; // the next page's
    if (head.number !== number + 1) {
      const detail = `heads ${number + 1} to ${head.number - 1} are missing`;
      add(breaks, { kind: "head_missing", from_seq: Math.min(vouched + 1, head.seq), to_seq: head.seq, detail });
    }
    number = head.number;
    const hash = hashes.get(head.seq);
    if (hash === head.hash) vouched = Math.max(vouched, head.seq);
    else if (hash !== undefined) {
      const detail = `head ${head.number} was signed for another entry ${head.seq}`;
      add(breaks, { kind: "head_mismatch", from_seq: Math.min(vouched + 1, head.seq), to_seq: head.seq, detail });
    }
  }
  return { breaks, head: number, vouched: Math.max(vouched, walked.boundary?.to_seq ?? 0), highest };
}

/** Adds a break; if it continues the last break of its kind, that one becomes longer. */
function add(breaks: Break[], next: Break): void {
  const last = breaks.findLast(({ kind }) => kind === next.kind);
  const isSame = last !== undefined && last.to_seq === next.from_seq - 1 && last.detail === next.detail;
  if (isSame) last.to_seq = next.to_seq;
  else breaks.push({ ...next });
}
