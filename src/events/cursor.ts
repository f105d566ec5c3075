import type { Position } from "./types.ts";

/** The position of a reader in both logs: that of its own user and that of the broadcasts. */
export interface Cursor {
  user: Position;
  broadcast: Position;
}

/** Characters of one epoch. There are 36^8 of them: two runs of one log never have the same, and nobody guesses one. */
const EPOCH_LENGTH = 8;
const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";
/** Bytes at or above this would make some letters more likely than others. */
const FAIR_BYTES = 252;

const CURSOR = new RegExp(`^([0-9a-z]{${EPOCH_LENGTH}})([0-9a-z]{${EPOCH_LENGTH}})-(\\d{1,15})\\.(\\d{1,15})$`);
const POSITION = new RegExp(`^([0-9a-z]{${EPOCH_LENGTH}})-(\\d{1,15})$`);

/** A fresh epoch. */
export function newEpoch(): string {
  let epoch = "";
  while (epoch.length < EPOCH_LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(EPOCH_LENGTH))) {
      if (byte < FAIR_BYTES && epoch.length < EPOCH_LENGTH) epoch += ALPHABET[byte % ALPHABET.length];
    }
  }
  return epoch;
}

/** The id of a frame: both positions. Opaque to clients. */
export function formatCursor({ user, broadcast }: Cursor): string {
  return `${user.epoch}${broadcast.epoch}-${user.seq}.${broadcast.seq}`;
}

/** Reads an id of {@link formatCursor}; null for any other text. Only the logs can say whether they know it. */
export function parseCursor(id: string): Cursor | null {
  const match = CURSOR.exec(id);
  if (match === null) return null;
  const [, userEpoch = "", broadcastEpoch = "", user, broadcast] = match;
  return {
    user: { epoch: userEpoch, seq: Number(user) },
    broadcast: { epoch: broadcastEpoch, seq: Number(broadcast) },
  };
}

/** Longest cursor that is read, characters. */
export const MAX_CURSOR = 100;

/** The cursor that a client sent: null without one, "unknown" for an invalid one. */
export function cursorOf(id: string | undefined): Cursor | null | "unknown" {
  if (id === undefined) return null;
  return (id.length <= MAX_CURSOR ? parseCursor(id) : null) ?? "unknown";
}

/** A position in one log as text: it is the id of an event in D1, and is in the heartbeats between objects. */
export function formatPosition({ epoch, seq }: Position): string {
  return `${epoch}-${seq}`;
}

export function parsePosition(text: string): Position | null {
  const match = POSITION.exec(text);
  return match === null ? null : { epoch: match[1] ?? "", seq: Number(match[2]) };
}
