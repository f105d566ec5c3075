/** A row of what an enrollment object still has to deliver, see outbox.ts. */
export interface OutboxRow {
  id: number;
  kind: string;
  ref: string;
  payload: string | null;
}

/** It as the enrollment's own row holds it, which every commit writes anyway. */
export type Held = [id: number, kind: string, ref: string, payload: string | null, createdAt: number];
